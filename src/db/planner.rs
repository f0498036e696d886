//! Planner switches for one database transaction, where the planner's choice is known to be wrong.

use sqlx::PgConnection;

/// Memory enough to join and sort a month's donations without temporary files.
async fn allow_memory(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("set local work_mem = '128MB'")
        .execute(tx)
        .await?;
    Ok(())
}

/// For one of several transactions that read a month's donations at once, one a core: more memory,
/// and no parallel workers, which would compete for the other transactions' cores.
pub async fn disable_parallel_workers(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    allow_memory(tx).await?;
    sqlx::query("set local max_parallel_workers_per_gather = 0")
        .execute(tx)
        .await?;
    Ok(())
}

/// For statements that join all of a month's donations: more memory, and no look-up row by row.
///
/// The planner chooses that look-up when the last statistics saw an empty table, and it then takes
/// hours on a full one.
pub async fn disable_nested_loops(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    allow_memory(tx).await?;
    sqlx::query("set local enable_nestloop = off")
        .execute(tx)
        .await?;
    Ok(())
}

/// Ends `disable_nested_loops` for statements that look up few rows by their keys.
pub async fn enable_nested_loops(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("set local enable_nestloop = on")
        .execute(tx)
        .await?;
    Ok(())
}
