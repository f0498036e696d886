//! Writing what lines are and what they are held for, and posting it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::meaning::{Meaning, NewHold, NewMatch};
use super::plan::Plan;
use crate::cases::{self, CaseKind, Decision, NewCase};
use crate::ledger::{self, Account, Fact, MoneyAt, PostError, Transfer};
use crate::rails::CashAccount;
use crate::values::{Amount, CollectionId, PayoutId, euros, paris_midnight};
use crate::{collections, payouts};

/// Who says what a line is, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Teller<'a> {
    pub by: &'a str,
    pub why: &'a str,
}

/// What the line itself says.
pub(super) const THE_LINE: Teller<'static> = Teller {
    by: "obole",
    why: "its references and amount",
};

/// What a plan did to payouts.
pub(super) struct Done {
    pub returned_payouts: Vec<PayoutId>,
}

/// Writes and posts a plan. Its lines are stored already.
///
/// The caller holds the settlement lock whole.
pub(super) async fn carry_out(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    plan: &Plan,
    teller: Teller<'_>,
) -> Result<Done, PostError> {
    collections::settle(tx, now, &plan.payments).await?;
    collections::return_settled(tx, now, &plan.returns).await?;
    collections::show_returns(tx, now, &plan.shown).await?;
    let returned = plan.returns.iter().map(|r| r.collection.collection_id);
    let returned: Vec<CollectionId> = returned.collect();
    payouts::take_back_of_collections(tx, now, &returned).await?;
    payouts::settle(tx, now, &plan.changes).await?;
    write_matches(tx, now, &plan.matches, teller).await?;
    write_holds(tx, now, &plan.holds, teller.by).await?;
    take_fees(tx, now, &plan.matches).await?;
    close_explained(tx, now, &plan.matches, teller).await?;
    let came_back = plan.matches.iter();
    let came_back = came_back.filter(|m| m.meaning == Meaning::PayoutReturned);
    Ok(Done {
        returned_payouts: came_back
            .filter_map(|m| m.payout_id)
            .map(PayoutId)
            .collect(),
    })
}

/// Writes matches, each with the next number of its line.
pub(super) async fn write_matches(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[NewMatch],
    teller: Teller<'_>,
) -> Result<(), sqlx::Error> {
    if new.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into bank_match (match_id, line_id, n, meaning, side, amount_cents, collection_id,
           payout_id, merchant_id, other_line_id, fact_id, fact, from_suspense, matched_by, why,
           matched_at)
         select x.match_id, x.line_id,
           (select coalesce(max(m.n), 0) from bank_match m where m.line_id = x.line_id)
             + row_number() over (partition by x.line_id order by x.nth),
           x.meaning, x.side, x.amount_cents, x.collection_id, x.payout_id, x.merchant_id,
           x.other_line_id, x.fact_id, x.fact, x.from_suspense, $13, $14, $15
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::uuid[],
             $7::uuid[], $8::uuid[], $9::uuid[], $10::uuid[], $11::text[], $12::boolean[])
           with ordinality x(match_id, line_id, meaning, side, amount_cents, collection_id,
             payout_id, merchant_id, other_line_id, fact_id, fact, from_suspense, nth)",
    )
    .bind(column(new, |m| m.match_id))
    .bind(column(new, |m| m.line_id))
    .bind(column(new, |m| m.meaning.word()))
    .bind(column(new, |m| m.side.word()))
    .bind(column(new, |m| m.cents))
    .bind(column(new, |m| m.collection_id))
    .bind(column(new, |m| m.payout_id))
    .bind(column(new, |m| m.merchant_id))
    .bind(column(new, |m| m.other_line_id))
    .bind(column(new, |m| m.fact_id))
    .bind(column(new, NewMatch::fact))
    .bind(column(new, |m| m.at == MoneyAt::Suspense))
    .bind(teller.by)
    .bind(teller.why)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// Writes what lines are held for from now on.
pub(super) async fn write_holds(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    new: &[NewHold],
    by: &str,
) -> Result<(), sqlx::Error> {
    if new.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into bank_hold (line_id, n, meaning, collection_id, payout_id, held_by, held_at)
         select x.line_id,
           (select coalesce(max(h.n), 0) from bank_hold h where h.line_id = x.line_id)
             + row_number() over (partition by x.line_id order by x.nth),
           x.meaning, x.collection_id, x.payout_id, $5, $6
         from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[])
           with ordinality x(line_id, meaning, collection_id, payout_id, nth)",
    )
    .bind(column(new, |h| h.line_id))
    .bind(column(new, |h| h.meaning.word()))
    .bind(column(new, |h| h.collection_id))
    .bind(column(new, |h| h.payout_id))
    .bind(by)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// Posts the fees of a plan, and tells a person where they are more than the operator's float.
pub(super) async fn take_fees(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    matches: &[NewMatch],
) -> Result<(), PostError> {
    let fees: Vec<Transfer> = matches
        .iter()
        .filter(|m| m.meaning == Meaning::Fee)
        .map(|m| {
            let amount = Amount::from_cents(m.cents).map_err(|_| PostError::Overflow)?;
            let fact = Fact {
                id: m.fact_id,
                occurred_at: paris_midnight(m.on),
            };
            Ok(ledger::bank_fee(fact, CashAccount::Bank, m.at, amount))
        })
        .collect::<Result<_, PostError>>()?;
    if fees.is_empty() {
        return Ok(());
    }
    ledger::open_and_post(tx, now, &fees).await?;
    let float = float_cents(tx).await?;
    if float < 0 {
        // A fee is a fact: it is posted, and nothing leaves until the operator tops up.
        let what = format!("the bank took {} euros more than the float", euros(-float));
        let case = NewCase::new(CaseKind::ShortOfCover, Uuid::nil(), what);
        cases::open(tx, now, &[case]).await?;
    }
    Ok(())
}

/// The operator's own money on the account, in cents: what it put there less fees and losses.
pub(super) async fn float_cents(tx: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let at = CashAccount::Bank;
    let accounts = [
        Account::OperatorCurrent(at),
        Account::ProviderFees(at),
        Account::OperatorLosses(at),
    ];
    let held = ledger::lock_balances(tx, &accounts).await?;
    Ok(held.first().copied().unwrap_or(0) - held.iter().skip(1).sum::<i64>())
}

/// Closes the cases of lines of which nothing is left to explain.
pub(super) async fn close_explained(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    matches: &[NewMatch],
    teller: Teller<'_>,
) -> Result<(), sqlx::Error> {
    let lines: Vec<Uuid> = matches.iter().map(|m| m.line_id).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let explained: Vec<Uuid> = sqlx::query_scalar(
        "select p.line_id from bank_line_position p
           join open_case c on c.kind = $2 and c.subject = p.line_id
         where p.line_id = any($1) and p.open_cents = 0",
    )
    .bind(&lines)
    .bind(CaseKind::BankLineUnmatched.word())
    .fetch_all(&mut *tx)
    .await?;
    let decision = Decision {
        decision: "matched",
        by: teller.by,
        why: teller.why,
    };
    cases::close(tx, now, CaseKind::BankLineUnmatched, &explained, decision).await?;
    Ok(())
}
