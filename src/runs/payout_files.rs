//! The pain.001 file of each payout that was approved twice.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::app::App;
use crate::cases::{self, CaseFilter, CaseKind, Decision, NewCase};
use crate::db::AdvisoryLock;
use crate::gateways::bank::{CreditTransfer, CreditTransferError, OrderWriting, order_file};
use crate::gateways::files::FileError;
use crate::parties::account::{self, HeldAssociation};
use crate::payouts::{self, ClaimedFile, Payout, PayoutOrder, PayoutState};
use crate::progress::Step;
use crate::values::{Amount, AssociationId, PayoutId, Reader, SetAside};

/// Writes the files that are not recorded as written, each claimed before. One that was cut short
/// is finished with the same bytes.
///
/// An order that the bank's format cannot carry, or whose file would replace another, is set aside
/// with a case, and stops no other.
pub(super) async fn write_payout_files(app: &App, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    if payouts::unwritten_orders(&mut db).await?.is_empty() {
        return Ok(());
    }
    app.settings
        .account
        .ensure_given("the orders that wait are paid from it")?;
    // Who writes a file reads before what is there: one at a time.
    let lock = AdvisoryLock::acquire(&app.db, "writing payout files").await?;
    let orders = payouts::unwritten_orders(&mut db).await?;
    let written = app.progress.count(Step::WritePayoutFiles, orders.len());
    let mut failed: Option<FileError> = None;
    for order in orders {
        let payout = order.payout_id;
        match write(app, now, order).await? {
            Ok(()) => close_case(app, now, payout).await?,
            Err(CreditTransferError::Unwritable(reason)) => {
                open_case(app, now, payout, &reason).await?;
            }
            // A folder that cannot be written concerns all: it is told once.
            Err(CreditTransferError::File(error)) => failed = Some(error),
            Err(error @ CreditTransferError::OwnAccount(_)) => return Err(error.into()),
        }
        written.add_one();
    }
    lock.release().await?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// Writes the file of a payout that is on its way once more, with the same bytes, if it is gone.
pub async fn write_payout_file_again(
    app: &App,
    now: DateTime<Utc>,
    id: PayoutId,
) -> anyhow::Result<Vec<Payout>> {
    app.settings
        .account
        .ensure_given("the order is paid from it")?;
    let lock = AdvisoryLock::acquire(&app.db, "writing payout files").await?;
    let mut db = app.db.acquire().await?;
    let order = payouts::order(&mut db, id).await?.context(
        "only a payout that has left and is not settled has a file; see `obole payouts run`",
    )?;
    write(app, now, order).await??;
    lock.release().await?;
    close_case(app, now, id).await?;
    Ok(payouts::list(&mut db, Reader::System, Some(id)).await?)
}

/// Claims an order's file, writes it unless it is there, and notes that it is.
async fn write(
    app: &App,
    now: DateTime<Utc>,
    order: PayoutOrder,
) -> anyhow::Result<Result<(), CreditTransferError>> {
    let payout = order.payout_id;
    let (folder, account) = (&app.settings.bank_dir, &app.settings.account);
    let mut file = match transfer(order).and_then(|t| order_file(folder, account, &t)) {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    let mut db = app.db.acquire().await?;
    let own = ClaimedFile {
        file: file.path.display().to_string(),
        digest: file.digest(),
    };
    let claim = payouts::claim_file(&mut db, now, payout, &own).await?;
    if claim.digest != own.digest {
        let reason = "its file was begun with other bytes: OBOLE_IBAN, OBOLE_BIC or \
                      OBOLE_ACCOUNT_HOLDER was another then";
        return Ok(Err(CreditTransferError::Unwritable(reason.into())));
    }
    // The folder may be another now: where it was begun, it is finished.
    file.path = PathBuf::from(&claim.file);
    match file.write() {
        Ok(OrderWriting::Written | OrderWriting::Known) => {
            payouts::mark_written(&mut db, now, payout, &claim.file).await?;
            Ok(Ok(()))
        }
        Ok(OrderWriting::Differs) => {
            let reason = format!("{} is there and differs: move it away", claim.file);
            Ok(Err(CreditTransferError::Unwritable(reason)))
        }
        Err(error) => Ok(Err(error.into())),
    }
}

/// Refuses an order that the bank's format cannot carry, before it leaves the books.
pub(super) fn ensure_writable(app: &App, order: PayoutOrder) -> anyhow::Result<()> {
    let (folder, account) = (&app.settings.bank_dir, &app.settings.account);
    match transfer(order).and_then(|t| order_file(folder, account, &t)) {
        Err(error @ CreditTransferError::Unwritable(_)) => Err(error.into()),
        // Our own account is asked for when something leaves.
        _ => Ok(()),
    }
}

/// The order as a credit transfer.
fn transfer(order: PayoutOrder) -> Result<CreditTransfer, CreditTransferError> {
    let amount = Amount::from_cents(order.amount_cents)
        .map_err(|e| CreditTransferError::Unwritable(e.to_string()))?;
    Ok(CreditTransfer {
        name: order.name,
        iban: order.iban,
        bic: order.bic,
        amount,
        text: match order.count {
            0 => format!("Obole remboursement {}", order.reference),
            count => format!(
                "Obole {} {count} dons {}",
                order.submitted_on.format("%Y-%m"),
                order.reference
            ),
        },
        reference: order.reference,
        on: order.submitted_on,
    })
}

async fn open_case(
    app: &App,
    now: DateTime<Utc>,
    payout: PayoutId,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let what = format!("the order of {payout} is not written: {reason}");
    let case = NewCase::new(CaseKind::PayoutFailed, payout.0, what);
    let mut tx = app.db.begin().await?;
    cases::open(&mut tx, now, &[case]).await?;
    tx.commit().await
}

/// An order that could not be written, and then could, waits for nobody any more.
async fn close_case(app: &App, now: DateTime<Utc>, payout: PayoutId) -> Result<(), sqlx::Error> {
    let written = Decision {
        decision: "written",
        by: "obole",
        why: "the order was written at a later attempt",
    };
    let mut tx = app.db.begin().await?;
    cases::close(&mut tx, now, CaseKind::PayoutFailed, &[payout.0], written).await?;
    tx.commit().await
}

/// Those of these payouts that wait for a person, with why: they failed, or their association's
/// account changes.
pub async fn set_aside_payouts(
    db: &mut PgConnection,
    on: NaiveDate,
    of: &[Payout],
) -> Result<Vec<SetAside>, sqlx::Error> {
    let filter = CaseFilter {
        kind: Some(CaseKind::PayoutFailed),
        ..CaseFilter::default()
    };
    // The last case of each counts.
    let cases: HashMap<Uuid, cases::Case> = cases::list(db, Reader::System, filter)
        .await?
        .into_iter()
        .map(|case| (case.subject, case))
        .collect();
    let association = |p: &Payout| p.payee.association().map(|(id, _)| id);
    let waiting = of.iter().filter(|p| p.state == PayoutState::Prepared);
    let waiting: Vec<AssociationId> = waiting.filter_map(association).collect();
    let held = account::held(db, on, &waiting).await?;
    let reason = |p: &Payout| {
        let unwritten = p.state == PayoutState::Submitted && p.file.is_none();
        let failed = [PayoutState::Refused, PayoutState::Returned].contains(&p.state);
        if !unwritten && !failed {
            let of_it = |h: &&HeldAssociation| Some(h.association_id) == association(p);
            let held = held.iter().find(of_it);
            return held
                .filter(|_| p.state == PayoutState::Prepared)
                .map(HeldAssociation::reason);
        }
        match cases.get(&p.payout_id.0) {
            Some(case) => match (&case.decision, &case.why) {
                (None, _) => Some(case.what.clone()),
                (Some(_), why) if failed => {
                    let why = why.as_deref().unwrap_or_default();
                    Some(format!("it is held ({why}); it {}", p.state.way()))
                }
                (Some(_), _) => None,
            },
            None => failed.then(|| format!("it {}", p.state.way())),
        }
    };
    let set_aside = |p: &Payout| Some(SetAside::new(p.payout_id.to_string(), reason(p)?));
    Ok(of.iter().filter_map(set_aside).collect())
}
