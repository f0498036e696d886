//! What is inside an entry that a statement tells in one sum: a notification says it, before the
//! statement or after it.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::known::{Known, side_of};
use super::matches::{Done, Teller, carry_out};
use super::meaning::Piece;
use super::plan::Planner;
use crate::ledger::{MoneyAt, PostError};
use crate::values::{BankLine, BankSide, PayoutId, derived_id};

const THE_NOTIFICATION: Teller<'static> = Teller {
    by: "obole",
    why: "the bank's notification says what is inside",
};

/// Keeps what a notification says of one entry, if a statement's can be recognised by the bank's
/// own reference.
pub(super) async fn keep_explanation(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    entry: &[BankLine],
) -> Result<(), sqlx::Error> {
    let Some(first) = entry.first() else {
        return Ok(());
    };
    let clear = entry.iter().all(|l| !l.details.is_unclear);
    let names_any = entry.iter().any(|l| !l.references.is_empty());
    let reference = first.details.bank_reference.as_deref();
    let Some(reference) = reference.filter(|_| clear && names_any) else {
        return Ok(());
    };
    let sum: i64 = entry.iter().map(|l| l.side.signed(l.amount.cents())).sum();
    if sum == 0 {
        return Ok(());
    }
    let side = if sum > 0 {
        BankSide::Credit
    } else {
        BankSide::Debit
    };
    let words: Vec<String> = entry
        .iter()
        .map(|l| format!("{}|{}", l.identity, l.details.nth))
        .collect();
    let id = derived_id(&format!("explanation:{}", words.join(";")));
    for (nth, part) in (0_i16..).zip(entry) {
        sqlx::query(
            "insert into bank_explanation (entry_id, nth, iban, bank_reference, side,
               amount_cents, part_side, part_cents, names, recorded_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
        )
        .bind(id)
        .bind(nth)
        .bind(&part.account)
        .bind(reference)
        .bind(side.word())
        .bind(sum.abs())
        .bind(part.side.word())
        .bind(part.amount.cents())
        .bind(&part.references)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

#[derive(FromRow)]
struct Explained {
    line_id: Uuid,
    entry_id: Uuid,
    booked_on: chrono::NaiveDate,
    part_side: String,
    part_cents: i64,
    names: Vec<String>,
}

/// The parts of lines that stand in suspense whole and that one notified entry explains.
const EXPLAINED: &str = "select l.line_id, e.entry_id, l.booked_on, e.part_side, e.part_cents,
       e.names
     from bank_explanation e
     join bank_line l on l.bank_reference = e.bank_reference and l.iban = e.iban
       and l.side = e.side and l.amount_cents = e.amount_cents
     join bank_line_position p on p.line_id = l.line_id and p.free_cents = l.amount_cents
     where not exists (select 1 from bank_match m where m.line_id = l.line_id)
     order by l.line_id, e.entry_id, e.nth";

/// Matches lines of statements with what notifications say is inside, part by part. A line of
/// which any part fits nothing is left to a person. Returns the payouts that came back.
pub async fn explain_entries(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<PayoutId>, PostError> {
    let parts: Vec<Explained> = sqlx::query_as(EXPLAINED).fetch_all(&mut *tx).await?;
    let mut returned = Vec::new();
    for parts in parts.chunk_by(|a, b| (a.line_id, a.entry_id) == (b.line_id, b.entry_id)) {
        let references: Vec<&str> = parts
            .iter()
            .flat_map(|p| &p.names)
            .map(String::as_str)
            .collect();
        let mut planner = Planner::new(Known::by_reference(tx, &references).await?);
        let fits = parts.iter().all(|part| {
            let piece = Piece {
                line_id: part.line_id,
                side: side_of(&part.part_side),
                cents: part.part_cents,
                on: part.booked_on,
                at: MoneyAt::Suspense,
            };
            let names = match piece.side {
                BankSide::Credit => planner.pay(&piece, &part.names),
                BankSide::Debit => planner.recall(&piece, &part.names),
            };
            (names || planner.pay_out(&piece, &part.names, "")) && planner.plan.holds.is_empty()
        });
        if fits {
            let done: Done = carry_out(tx, now, &planner.plan, THE_NOTIFICATION).await?;
            returned.extend(done.returned_payouts);
        }
    }
    Ok(returned)
}
