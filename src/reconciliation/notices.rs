//! What the bank tells beside its statements, in status reports (pain.002) and notifications
//! (camt.054): it changes states and holds payouts, and moves no cash.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::inside::keep_explanation;
use super::plan::returns;
use crate::cases::{self, CaseKind, NewCase};
use crate::db;
use crate::ledger::PostError;
use crate::payouts::{self, PayoutChange, PayoutEvent, PayoutState, SentPayout};
use crate::texts::bank_reason;
use crate::values::{BankLine, BankSide, Locale, OrderStatus, derived_id, paris_day};

/// The status of an order that the bank does not execute (ISO 20022, external code set).
const REFUSED: &str = "RJCT";

/// What is told of a payout.
struct Notice<'a> {
    kind: &'static str,
    status: &'a str,
    reason: Option<&'a str>,
    told_by: &'static str,
}

/// What a report told of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToldOrder {
    pub reference: String,
    /// The payout with this reference; none where none has it.
    pub payout_id: Option<String>,
    /// The bank's word, and its reason.
    pub status: String,
    pub reason: Option<String>,
    /// What the word means.
    pub meaning: &'static str,
}

/// What a status means (ISO 20022, external code set; EPC, verification of payee).
fn meaning(status: &str) -> &'static str {
    match status {
        REFUSED => "refused",
        "ACTC" | "ACCP" | "ACSP" | "ACWC" | "ACFC" | "ACWP" => "accepted",
        "ACSC" | "ACCC" => "executed",
        "PART" => "accepted in part",
        "PDNG" | "RCVD" => "waits at the bank",
        "RCVC" => "the name matches its account",
        "RVMC" => "the name nearly matches its account",
        "RVNM" => "the name does not match its account",
        "RVNA" => "the name could not be verified",
        _ => "told",
    }
}

/// Takes what the bank says of an order. One that it refuses frees its donations. Returns what was
/// told, of which payout.
pub async fn take_status(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    status: &OrderStatus,
) -> Result<ToldOrder, PostError> {
    db::settlement_lock::lock_exclusive(tx).await?;
    let sent = payouts::sent_by_reference(tx, &[&status.reference]).await?;
    let told = ToldOrder {
        reference: status.reference.clone(),
        payout_id: sent.first().map(|p| p.payout_id.to_string()),
        status: status.status.clone(),
        reason: status.reason.clone(),
        meaning: meaning(&status.status),
    };
    for payout in sent {
        let refused = status.status == REFUSED;
        let notice = Notice {
            kind: if refused { "refusal" } else { "status" },
            status: &status.status,
            reason: status.reason.as_deref(),
            told_by: "pain.002",
        };
        if !note(tx, now, &payout, &notice).await? || !refused {
            continue;
        }
        refuse(tx, now, payout, &notice).await?;
    }
    Ok(told)
}

/// Takes the lines of one entry of a notification: they say what is inside an entry of a statement,
/// and that payouts come back, before the statement has the money.
pub async fn take_notification(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    lines: &[BankLine],
) -> Result<(), PostError> {
    db::settlement_lock::lock_exclusive(tx).await?;
    keep_explanation(tx, now, lines).await?;
    let credits = || {
        lines
            .iter()
            .filter(|l| l.side == BankSide::Credit && !l.details.is_unclear)
    };
    let references: Vec<&str> = credits()
        .flat_map(|l| &l.references)
        .map(String::as_str)
        .collect();
    if references.is_empty() {
        return Ok(());
    }
    let sent = payouts::sent_by_reference(tx, &references).await?;
    let by_reference: HashMap<&str, &SentPayout> =
        sent.iter().map(|p| (p.reference.as_str(), p)).collect();
    for line in credits() {
        let named = line
            .references
            .iter()
            .find_map(|r| by_reference.get(r.as_str()));
        let Some(payout) = named.filter(|p| returns(p.amount_cents, line.amount.cents())) else {
            continue;
        };
        let notice = Notice {
            kind: "return",
            status: "camt.054",
            reason: line.details.return_reason.as_deref(),
            told_by: "camt.054",
        };
        if note(tx, now, payout, &notice).await? {
            refuse(tx, now, (*payout).clone(), &notice).await?;
        }
    }
    Ok(())
}

/// Writes a notice down; returns whether it was new.
async fn note(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    payout: &SentPayout,
    notice: &Notice<'_>,
) -> Result<bool, sqlx::Error> {
    let (id, kind) = (payout.payout_id, notice.kind);
    let words = match kind {
        "status" => format!("notice:{id}:{kind}:{}", notice.status),
        _ => format!("notice:{id}:{kind}"),
    };
    let written = sqlx::query(
        "insert into bank_notice (notice_id, kind, payout_id, status, reason, told_by, recorded_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
    )
    .bind(derived_id(&words))
    .bind(kind)
    .bind(id)
    .bind(notice.status)
    .bind(notice.reason)
    .bind(notice.told_by)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(written.rows_affected() > 0)
}

/// A payout that was not debited yet is refused. Of one that was, a person is told: its money comes
/// with a statement.
async fn refuse(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    payout: SentPayout,
    notice: &Notice<'_>,
) -> Result<(), PostError> {
    let reason = notice.reason.unwrap_or(notice.status).to_owned();
    match payout.state {
        PayoutState::Submitted => {
            let change = PayoutChange {
                payout,
                event: PayoutEvent::Refused(reason),
                on: paris_day(now),
            };
            payouts::settle(tx, now, &[change]).await
        }
        PayoutState::Settled => {
            let what = format!(
                "{} is told to come back: {}",
                payout.payee.in_words(),
                bank_reason(Locale::En, &reason)
            );
            let case = NewCase {
                association: payout.payee.association().map(|(id, _)| id),
                ..NewCase::new(CaseKind::PayoutFailed, payout.payout_id.0, what)
            };
            Ok(cases::open(tx, now, &[case]).await?)
        }
        _ => Ok(()),
    }
}
