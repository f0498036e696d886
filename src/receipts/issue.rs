//! Issuing: eligible donations become receipts with the next numbers, in one database transaction.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::candidates::{self, Candidate, Issuer};
use super::compose::{ReceiptHead, compose, is_entitled};
use super::content;
use super::eligibility::{WithheldReason, assess};
use super::number::Numbers;
use crate::db::{self, Rows, settlement_lock};
use crate::outbox::{self, Announcement, Kind};
use crate::values::{AssociationId, DonationId, DonorId, Period, ReceiptId, TaxDate, euros};

/// Why receipts could not be issued; none then is.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error("an amount cannot be put in words")]
    Words,
    #[error("the day of a donation that counts for the tax is not known")]
    Day,
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
    /// The numbers of the receipts that it cancels and replaces.
    pub replaces: Vec<String>,
}

/// Receipts written at a time.
const BATCH: usize = 2000;

/// When, by which rule and under which key receipts are issued.
#[derive(Clone, Copy)]
pub struct IssueTerms<'a> {
    pub now: DateTime<Utc>,
    /// The day of issue.
    pub on: NaiveDate,
    /// Whose day makes the tax year, if that is said.
    pub tax_date: Option<TaxDate>,
    /// Seals what is printed.
    pub key: &'a [u8; 32],
}

/// Issues receipts for every donation up to the end of a month whose payout has settled and that
/// has none, each for what remains of it: one receipt per donor, association and tax year.
pub async fn issue(
    tx: &mut PgConnection,
    terms: IssueTerms<'_>,
    period: Period,
) -> Result<IssueSummary, IssueError> {
    // One run at a time: numbers are given in order, and a donation is looked at by one run only.
    settlement_lock::lock_exclusive(tx).await?;
    db::disable_nested_loops(tx).await?;
    let mut run = IssueRun::begin(tx, terms).await?;
    candidates::open(tx, period).await?;
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
    candidates::close(tx).await?;
    run.end(tx).await
}

/// Whose receipt it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Addressee {
    pub association: AssociationId,
    pub donor: DonorId,
}

/// The donations of one addressee.
pub(super) struct Group {
    pub addressee: Addressee,
    pub donations: Vec<Candidate>,
}

/// A receipt about to be written.
struct ReceiptDraft {
    addressee: Addressee,
    tax_year: i32,
    sequence: i32,
    receipt: IssuedReceipt,
    /// Each with what the receipt says for it, in cents.
    donations: Vec<(DonationId, i64)>,
    /// The receipts that it cancels and replaces.
    follows: Vec<ReceiptId>,
    sealed: Vec<u8>,
}

/// A run under way.
pub(super) struct IssueRun<'a> {
    terms: IssueTerms<'a>,
    issuers: BTreeMap<AssociationId, Issuer>,
    numbers: Numbers,
    drafts: Vec<ReceiptDraft>,
    summary: IssueSummary,
}

impl<'a> IssueRun<'a> {
    /// A run that has issued nothing yet. Its caller holds the settlement lock whole.
    pub async fn begin(tx: &mut PgConnection, terms: IssueTerms<'a>) -> Result<Self, sqlx::Error> {
        let issuers = candidates::issuers(tx).await?;
        Ok(Self {
            terms,
            issuers: issuers.into_iter().map(|a| (a.association_id, a)).collect(),
            numbers: Numbers::of_year(terms.on),
            drafts: Vec::new(),
            summary: IssueSummary::default(),
        })
    }

    /// Writes what is drafted, and the last numbers.
    pub async fn end(mut self, tx: &mut PgConnection) -> Result<IssueSummary, IssueError> {
        self.write(tx).await?;
        self.numbers.store(tx).await?;
        Ok(self.summary)
    }

    /// Whose receipt a donation goes on; none, and counted, when it earns none yet.
    fn addressee(&mut self, c: &Candidate) -> Option<Addressee> {
        let terms = &self.terms;
        let reason = assess(&c.facts(terms.on), terms.tax_date, terms.on)
            .or_else(|| self.reason_of_issuer(c.association_id));
        let (None, Some(donor)) = (reason, c.donor_id) else {
            let reason = reason.unwrap_or(WithheldReason::Anonymous);
            *self.summary.withheld.entry(reason).or_default() += 1;
            if reason == WithheldReason::IdentityIncomplete {
                self.summary.incomplete.extend(c.donor_id);
            }
            return None;
        };
        Some(Addressee {
            association: c.association_id,
            donor,
        })
    }

    /// Why an association issues no receipts, if it may not.
    pub fn reason_of_issuer(&self, association: AssociationId) -> Option<WithheldReason> {
        let issuer = self.issuers.get(&association);
        (!issuer.is_some_and(is_entitled)).then_some(WithheldReason::IssuerNotEntitled)
    }

    /// Makes the receipts of an addressee's donations, one a tax year, with the association's next
    /// numbers. Each cancels and replaces the receipts that its donations were on before.
    pub async fn draft(&mut self, tx: &mut PgConnection, group: Group) -> Result<(), IssueError> {
        let (on, tax_date) = (self.terms.on, self.terms.tax_date);
        let mut years: BTreeMap<i32, Vec<(NaiveDate, Candidate)>> = BTreeMap::new();
        for donation in group.donations {
            let day = donation.facts(on).tax_day(tax_date);
            let day = day.ok_or(IssueError::Day)?;
            years.entry(day.year()).or_default().push((day, donation));
        }
        for (tax_year, mut donations) in years {
            // They come by the donor's day, and are printed by the day that counts.
            donations.sort_by_key(|(day, _)| *day);
            let donations = donations.into_iter().map(|(_, d)| d).collect();
            self.draft_year(tx, group.addressee, tax_year, donations)
                .await?;
            if self.drafts.len() >= BATCH {
                self.write(tx).await?;
            }
        }
        Ok(())
    }

    async fn draft_year(
        &mut self,
        tx: &mut PgConnection,
        addressee: Addressee,
        tax_year: i32,
        donations: Vec<Candidate>,
    ) -> Result<(), IssueError> {
        let Some(issuer) = self.issuers.get(&addressee.association) else {
            return Ok(());
        };
        let IssueTerms { on, tax_date, .. } = self.terms;
        let sequence = self.numbers.take(tx, addressee.association).await?;
        let number = format!("{}-{}-{sequence:06}", issuer.slug, on.year());
        let (follows, replaces) = followed(&donations);
        let head = ReceiptHead {
            number: &number,
            on,
            amount_cents: donations.iter().map(|d| d.remaining_cents).sum(),
            tax_date,
            replaces: &replaces,
        };
        let printed = compose(issuer, &head, &donations).ok_or(IssueError::Words)?;
        let amount_cents = head.amount_cents;
        let receipt_id = ReceiptId::new();
        let sealed = content::seal(self.terms.key, receipt_id, &printed)?;
        let receipt = IssuedReceipt {
            receipt_id,
            number,
            association: issuer.slug.clone(),
            donor_id: addressee.donor,
            amount_cents,
            replaces,
        };
        let said = |d: &Candidate| (d.donation_id, d.remaining_cents);
        self.drafts.push(ReceiptDraft {
            addressee,
            tax_year,
            sequence,
            receipt,
            donations: donations.iter().map(said).collect(),
            follows,
            sealed,
        });
        Ok(())
    }

    /// Writes the drafts, and announces them.
    async fn write(&mut self, tx: &mut PgConnection) -> Result<(), IssueError> {
        let IssueTerms { now, on, .. } = self.terms;
        let drafts = std::mem::take(&mut self.drafts);
        let mut receipts = Rows::of(11, drafts.len());
        let (mut contents, mut links) = (Rows::of(2, drafts.len()), Rows::of(3, drafts.len()));
        for d in &drafts {
            let count = i32::try_from(d.donations.len()).map_err(|_| IssueError::TooMany)?;
            receipts
                .begin()
                .put(d.receipt.receipt_id.0)?
                .put(d.addressee.association.0)?
                .put(on.year())?
                .put(d.sequence)?
                .put(d.receipt.number.as_str())?
                .put(d.addressee.donor.0)?
                .put(d.tax_year)?
                .put(count)?
                .put(d.receipt.amount_cents)?
                .put(on)?
                .put(now)?;
            contents
                .begin()
                .put(d.receipt.receipt_id.0)?
                .put(d.sealed.as_slice())?;
            for (donation, said_cents) in &d.donations {
                links
                    .begin()
                    .put(donation.0)?
                    .put(d.receipt.receipt_id.0)?
                    .put(*said_cents)?;
            }
        }
        let columns = "copy receipt (receipt_id, association_id, year, sequence, number, donor_id,
            tax_year, count, amount_cents, issued_on, issued_at) from stdin (format binary)";
        receipts.write(tx, columns).await?;
        let columns = "copy receipt_content (receipt_id, sealed) from stdin (format binary)";
        contents.write(tx, columns).await?;
        let columns = "copy receipt_donation (donation_id, receipt_id, amount_cents)
            from stdin (format binary)";
        links.write(tx, columns).await?;
        write_succession(tx, &drafts).await?;
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
            occurred_at: self.terms.now,
            data: {
                let mut data = json!({
                    "number": d.receipt.number,
                    "amount": euros(d.receipt.amount_cents),
                    "count": d.donations.len(),
                    "tax_year": d.tax_year,
                    "issued_on": self.terms.on,
                });
                if !d.receipt.replaces.is_empty() {
                    data["replaces"] = json!(d.receipt.replaces);
                }
                data
            },
        });
        outbox::announce(
            tx,
            self.terms.now,
            Kind::ReceiptIssued,
            &announcements.collect::<Vec<_>>(),
        )
        .await
    }
}

/// The receipts that donations were on before, and their numbers, each once and in the order of
/// their numbers.
fn followed(donations: &[Candidate]) -> (Vec<ReceiptId>, Vec<String>) {
    let of = |d: &Candidate| Some((d.follows.follows.clone()?, d.follows.follows_id?));
    let followed: BTreeMap<String, ReceiptId> = donations.iter().filter_map(of).collect();
    followed
        .into_iter()
        .map(|(number, id)| (id, number))
        .unzip()
}

/// Writes which receipts the drafts follow.
async fn write_succession(
    tx: &mut PgConnection,
    drafts: &[ReceiptDraft],
) -> Result<(), sqlx::Error> {
    let links = || {
        let of = |d: &'_ ReceiptDraft| -> Vec<_> {
            let successor = d.receipt.receipt_id.0;
            d.follows.iter().map(|f| (successor, f.0)).collect()
        };
        drafts.iter().flat_map(of)
    };
    // Few receipts follow another, and most runs have none.
    if links().next().is_none() {
        return Ok(());
    }
    sqlx::query(
        "insert into receipt_succession (successor_id, receipt_id)
         select successor_id, receipt_id
         from unnest($1::uuid[], $2::uuid[]) n(successor_id, receipt_id)",
    )
    .bind(links().map(|l| l.0).collect::<Vec<_>>())
    .bind(links().map(|l| l.1).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
