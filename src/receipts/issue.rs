//! Issuing: eligible donations become receipts with the next numbers, in one database transaction.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::candidates::{self, Candidate, Issuer};
use super::compose::compose;
use super::content;
use super::eligibility::{WithheldReason, assess};
use super::number::Numbers;
use crate::db::{self, Rows, settlement_lock};
use crate::outbox::{self, Announcement, Kind};
use crate::values::{AssociationId, DonationId, DonorId, Period, ReceiptId, euros, paris_day};

/// Why receipts could not be issued; none then is.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error("an amount cannot be put in words")]
    Words,
    #[error(transparent)]
    Content(#[from] content::ContentError),
    #[error("a receipt would have too many donations")]
    TooMany,
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// What a run did: receipts, and donations that wait, by reason. What is printed stays sealed: a
/// run may issue a million.
#[derive(Clone, Debug, Default)]
pub struct IssueSummary {
    pub receipts: Vec<IssuedReceipt>,
    pub withheld: BTreeMap<WithheldReason, i64>,
    /// The donors whose donations wait for their identity.
    pub incomplete: BTreeSet<DonorId>,
}

/// A receipt of a run.
#[derive(Clone, Debug)]
pub struct IssuedReceipt {
    pub receipt_id: ReceiptId,
    pub number: String,
    pub association: String,
    pub donor_id: DonorId,
    pub amount_cents: i64,
}

/// Receipts written at a time.
const BATCH: usize = 2000;

/// Issues receipts for every donation up to the end of a month whose payout has settled and that
/// has none: one receipt per donor, association and tax year.
pub async fn issue(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
    key: &[u8; 32],
) -> Result<IssueSummary, IssueError> {
    // One run at a time: numbers are given in order, and a donation is looked at by one run only.
    settlement_lock::lock_exclusive(tx).await?;
    db::disable_nested_loops(tx).await?;
    let issuers = candidates::issuers(tx).await?;
    let mut run = IssueRun {
        now,
        on,
        key,
        issuers: issuers.into_iter().map(|a| (a.association_id, a)).collect(),
        numbers: Numbers::of_year(on),
        drafts: Vec::new(),
        summary: IssueSummary::default(),
    };
    candidates::open(tx, on, period).await?;
    db::enable_nested_loops(tx).await?;
    let mut group: Option<Group> = None;
    loop {
        let fetched = candidates::fetch(tx).await?;
        if fetched.is_empty() {
            break;
        }
        for candidate in fetched {
            let Some(addressee) = run.addressee(&candidate) else {
                continue;
            };
            // Candidates come by association and donor: another addressee ends the group before.
            if let Some(ended) = group.take_if(|g| g.addressee != addressee) {
                run.draft(tx, ended).await?;
            }
            group
                .get_or_insert_with(|| Group {
                    addressee,
                    donations: Vec::new(),
                })
                .donations
                .push(candidate);
        }
    }
    if let Some(last) = group {
        run.draft(tx, last).await?;
    }
    run.write(tx).await?;
    run.numbers.store(tx).await?;
    candidates::close(tx).await?;
    Ok(run.summary)
}

/// Whose receipt it is.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Addressee {
    association: AssociationId,
    donor: DonorId,
    tax_year: i32,
}

/// The donations of one receipt, in order of time.
struct Group {
    addressee: Addressee,
    donations: Vec<Candidate>,
}

/// A receipt about to be written.
struct ReceiptDraft {
    addressee: Addressee,
    sequence: i32,
    receipt: IssuedReceipt,
    donations: Vec<DonationId>,
    sealed: Vec<u8>,
}

/// A run under way.
struct IssueRun<'a> {
    now: DateTime<Utc>,
    on: NaiveDate,
    key: &'a [u8; 32],
    issuers: BTreeMap<AssociationId, Issuer>,
    numbers: Numbers,
    drafts: Vec<ReceiptDraft>,
    summary: IssueSummary,
}

impl IssueRun<'_> {
    /// Whose receipt a donation goes on; none, and counted, when it earns none yet.
    fn addressee(&mut self, c: &Candidate) -> Option<Addressee> {
        let reason = assess(&c.facts(), self.on);
        let (None, Some(donor)) = (reason, c.donor_id) else {
            let reason = reason.unwrap_or(WithheldReason::Anonymous);
            *self.summary.withheld.entry(reason).or_default() += 1;
            if reason == WithheldReason::IdentityIncomplete {
                self.summary.incomplete.extend(c.donor_id);
            }
            return None;
        };
        let tax_year = paris_day(c.occurred_at).year();
        Some(Addressee {
            association: c.association_id,
            donor,
            tax_year,
        })
    }

    /// Makes the receipt of a group of donations, with the association's next number.
    async fn draft(&mut self, tx: &mut PgConnection, group: Group) -> Result<(), IssueError> {
        let Group {
            addressee,
            donations,
        } = group;
        let Some(issuer) = self.issuers.get(&addressee.association) else {
            return Ok(());
        };
        let sequence = self.numbers.take(tx, addressee.association).await?;
        let number = format!("{}-{}-{sequence:06}", issuer.slug, self.on.year());
        let amount_cents: i64 = donations.iter().map(|d| d.amount_cents).sum();
        let printed =
            compose(issuer, &number, self.on, &donations, amount_cents).ok_or(IssueError::Words)?;
        let receipt_id = ReceiptId::new();
        let sealed = content::seal(self.key, receipt_id, &printed)?;
        let receipt = IssuedReceipt {
            receipt_id,
            number,
            association: issuer.slug.clone(),
            donor_id: addressee.donor,
            amount_cents,
        };
        let donations = donations.iter().map(|d| d.donation_id).collect();
        self.drafts.push(ReceiptDraft {
            addressee,
            sequence,
            receipt,
            donations,
            sealed,
        });
        if self.drafts.len() >= BATCH {
            self.write(tx).await
        } else {
            Ok(())
        }
    }

    /// Writes the drafts, and announces them.
    async fn write(&mut self, tx: &mut PgConnection) -> Result<(), IssueError> {
        let drafts = std::mem::take(&mut self.drafts);
        let mut receipts = Rows::of(11, drafts.len());
        let (mut contents, mut links) = (Rows::of(2, drafts.len()), Rows::of(2, drafts.len()));
        for d in &drafts {
            let count = i32::try_from(d.donations.len()).map_err(|_| IssueError::TooMany)?;
            receipts
                .begin()
                .put(d.receipt.receipt_id.0)?
                .put(d.addressee.association.0)?
                .put(self.on.year())?
                .put(d.sequence)?
                .put(d.receipt.number.as_str())?
                .put(d.addressee.donor.0)?
                .put(d.addressee.tax_year)?
                .put(count)?
                .put(d.receipt.amount_cents)?
                .put(self.on)?
                .put(self.now)?;
            contents
                .begin()
                .put(d.receipt.receipt_id.0)?
                .put(d.sealed.as_slice())?;
            for donation in &d.donations {
                links.begin().put(donation.0)?.put(d.receipt.receipt_id.0)?;
            }
        }
        let columns = "copy receipt (receipt_id, association_id, year, sequence, number, donor_id,
            tax_year, count, amount_cents, issued_on, issued_at) from stdin (format binary)";
        receipts.write(tx, columns).await?;
        let columns = "copy receipt_content (receipt_id, sealed) from stdin (format binary)";
        contents.write(tx, columns).await?;
        let columns = "copy receipt_donation (donation_id, receipt_id) from stdin (format binary)";
        links.write(tx, columns).await?;
        self.announce(tx, &drafts).await?;
        self.summary
            .receipts
            .extend(drafts.into_iter().map(|d| d.receipt));
        Ok(())
    }

    async fn announce(
        &self,
        tx: &mut PgConnection,
        drafts: &[ReceiptDraft],
    ) -> Result<(), sqlx::Error> {
        if drafts.is_empty() || !outbox::is_heard(tx).await? {
            return Ok(());
        }
        let announcements = drafts.iter().map(|d| Announcement {
            subject: d.receipt.receipt_id.0,
            merchant: None,
            association: Some(d.addressee.association),
            occurred_at: self.now,
            data: json!({
                "number": d.receipt.number,
                "amount": euros(d.receipt.amount_cents),
                "count": d.donations.len(),
                "tax_year": d.addressee.tax_year,
                "issued_on": self.on,
            }),
        });
        outbox::announce(
            tx,
            self.now,
            Kind::ReceiptIssued,
            &announcements.collect::<Vec<_>>(),
        )
        .await
    }
}
