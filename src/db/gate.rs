//! The settlement gate: refunds pass it, runs that prepare, settle, approve or issue close it; so neither misses the other.
//!
//! It has a door for each part of a run. A refund holds all doors, many refunds at a time; a run closes all; a run that works in
//! parts closes one door a part, so that its parts go on at once, each whole by itself.

use sqlx::PgConnection;

/// A part of a run: a fourth of the shops, or of the associations, by their ids (`part_of` in the schema).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part(i32);

impl Part {
    /// Every part; together they are the whole.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..4).map(Self)
    }

    /// What `part_of` answers for what belongs to it.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }
}

/// Closes the whole gate until the end of the database transaction.
pub async fn close_settlement_gate(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select from settlement_gate order by gate for update").execute(tx).await?;
    Ok(())
}

/// Closes the door of a part until the end of the database transaction.
pub async fn close_settlement_door(tx: &mut PgConnection, part: Part) -> Result<(), sqlx::Error> {
    sqlx::query_scalar::<_, String>("select gate from settlement_gate where gate = ($1::int)::text for update")
        .bind(part.number())
        .fetch_one(tx)
        .await?;
    Ok(())
}

/// Holds the gate open for a refund: many at a time, and no run meanwhile.
pub async fn share_settlement_gate(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select from settlement_gate order by gate for share").execute(tx).await?;
    Ok(())
}
