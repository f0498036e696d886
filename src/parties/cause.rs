//! Causes: what donors choose to support. Each names one association, because a receipt can only
//! name one.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use super::AddError;
use crate::values::{CauseId, line_fits, slug_is_valid};

/// The four themes, as slugs.
pub const THEMES: [&str; 4] = ["exclusion", "environment", "childhood", "medical-research"];

/// Adds a cause of a live association.
pub async fn add(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    slug: &str,
    theme: &str,
    association: &str,
    title: &str,
) -> Result<CauseId, AddError> {
    if !slug_is_valid(slug) {
        return Err(AddError::field(
            "slug",
            "lower-case letters, digits and hyphens, such as foret-vivante",
        ));
    }
    if !THEMES.contains(&theme) {
        return Err(AddError::field(
            "theme",
            format!("one of {}", THEMES.join(", ")),
        ));
    }
    if !line_fits(title, 200) {
        return Err(AddError::field(
            "title",
            "between 1 and 200 characters are needed, on one line",
        ));
    }
    let id = CauseId::new();
    let added = sqlx::query(
        "insert into cause (cause_id, slug, theme, association_id, title, created_at)
         select $1, $2, $3, association_id, $4, $5 from association where slug = $6
           and state = 'live'",
    )
    .bind(id)
    .bind(slug)
    .bind(theme)
    .bind(title.trim())
    .bind(now)
    .bind(association)
    .execute(db)
    .await
    .map_err(AddError::taken(slug))?;
    if added.rows_affected() == 0 {
        return Err(AddError::field(
            "association",
            format!("no live association is called {association:?}; see `obole association list`"),
        ));
    }
    Ok(id)
}

/// A cause and the association it names.
#[derive(Clone, Debug, Serialize, FromRow)]
pub struct Cause {
    #[serde(skip)]
    pub cause_id: CauseId,
    pub slug: String,
    pub theme: String,
    pub title: String,
    pub association: String,
    #[serde(skip)]
    pub association_id: crate::values::AssociationId,
    #[serde(skip)]
    pub association_slug: String,
    pub rate: String,
    pub object: String,
    /// Whether the cause and its association are live.
    pub live: bool,
}

/// Every cause, by theme and slug, suspended ones included: a donation already charged for one is
/// still recorded.
pub async fn list(db: &mut PgConnection) -> Result<Vec<Cause>, sqlx::Error> {
    sqlx::query_as(
        "select cause_id, c.slug, theme, title, a.name as association, association_id,
          a.slug as association_slug,
           rate_percent::text as rate, a.object, c.state = 'live' and a.state = 'live' as live
         from cause c join association a using (association_id) order by theme, c.slug",
    )
    .fetch_all(db)
    .await
}

/// The causes that may be offered.
pub async fn live(db: &mut PgConnection) -> Result<Vec<Cause>, sqlx::Error> {
    let mut causes = list(db).await?;
    causes.retain(|c| c.live);
    Ok(causes)
}
