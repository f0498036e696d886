//! Suspending: a merchant takes part no more; what it charged is still recorded and asked for.

use sqlx::PgConnection;

/// Suspends the merchant of a slug.
pub async fn suspend_merchant(tx: &mut PgConnection, slug: &str) -> Result<(), sqlx::Error> {
    sqlx::query("update merchant set state = 'suspended' where slug = $1")
        .bind(slug)
        .execute(tx)
        .await?;
    Ok(())
}
