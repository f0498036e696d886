//! What the bank says that the account holds, kept beside the lines so that the two are compared.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::values::{BankSide, BankStatement, derived_id};

/// Keeps the balances of statements that say both, each once.
pub async fn record_balances(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    statements: &[BankStatement],
) -> Result<(), sqlx::Error> {
    let stated: Vec<(&BankStatement, (i64, i64))> = statements
        .iter()
        .filter_map(|s| Some((s, s.balances?)))
        .collect();
    let id = |s: &BankStatement, (opening, closing): (i64, i64)| {
        let (account, name) = (&s.account, &s.name);
        let moved = moved(s);
        derived_id(&format!(
            "statement:{account}:{name}:{opening}:{closing}:{moved}"
        ))
    };
    sqlx::query(
        "insert into bank_statement (statement_id, iban, statement, opening_cents, closing_cents,
           moved_cents, recorded_at)
         select n.statement_id, n.iban, n.statement, n.opening, n.closing, n.moved, $7
         from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
           n(statement_id, iban, statement, opening, closing, moved)
         on conflict do nothing",
    )
    .bind(stated.iter().map(|(s, b)| id(s, *b)).collect::<Vec<Uuid>>())
    .bind(
        stated
            .iter()
            .map(|(s, _)| s.account.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        stated
            .iter()
            .map(|(s, _)| s.name.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(stated.iter().map(|(_, b)| b.0).collect::<Vec<_>>())
    .bind(stated.iter().map(|(_, b)| b.1).collect::<Vec<_>>())
    .bind(stated.iter().map(|(s, _)| moved(s)).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// What a statement's lines come to, in cents.
fn moved(statement: &BankStatement) -> i64 {
    let lines = statement.lines.iter();
    lines
        .map(|l| match l.side {
            BankSide::Credit => l.amount.cents(),
            BankSide::Debit => -l.amount.cents(),
        })
        .sum()
}
