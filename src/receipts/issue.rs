//! Issuing: eligible gifts become receipts with the next numbers, in one database transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde_json::json;
use sqlx::{FromRow, PgConnection, types::Json};

use super::compose::printed;
use super::document::ReceiptContent;
use super::eligibility::{DonationFacts, WithheldReason, withheld};
use crate::db::{self, Rows};
use crate::outbox::{self, Announcement, Kind};
use crate::parties::seal;
use crate::values::{
    AssociationId, DonationId, DonorId, Period, PostalAddress, ReceiptId, euros, paris_day,
};

/// Why receipts could not be issued; none then is.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error("an amount cannot be put in words")]
    Words,
    #[error("a receipt cannot be sealed or opened")]
    Seal(#[from] seal::Sealed),
    #[error("a sealed receipt cannot be read")]
    Read(#[from] serde_json::Error),
    #[error("a receipt would have too many gifts")]
    TooMany,
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// What a run did: receipts, and gifts that wait, by reason. What is printed stays in the vault: a run may issue a million.
#[derive(Clone, Debug, Default)]
pub struct Issued {
    pub receipts: Vec<IssuedReceipt>,
    pub withheld: BTreeMap<WithheldReason, i64>,
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

/// A receipt with all that is printed on it.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub receipt_id: ReceiptId,
    pub number: String,
    pub association: String,
    pub donor_id: DonorId,
    pub amount_cents: i64,
    pub printed: ReceiptContent,
}

#[derive(FromRow)]
pub(super) struct Candidate {
    pub donation_id: DonationId,
    pub association_id: AssociationId,
    pub donor_id: Option<DonorId>,
    pub amount_cents: i64,
    pub order_id: String,
    pub shop: String,
    pub occurred_at: DateTime<Utc>,
    pub funded_by: String,
    pub consent_preticked: Option<bool>,
    pub paid_out_on: Option<NaiveDate>,
    pub receipts: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub address: Option<Json<PostalAddress>>,
}

#[derive(FromRow)]
pub(super) struct Association {
    pub association_id: AssociationId,
    pub slug: String,
    pub name: String,
    pub kind: String,
    pub object: String,
    pub siren: Option<String>,
    pub rna: Option<String>,
    pub address: Json<PostalAddress>,
    pub articles: Vec<String>,
    pub signatory_name: String,
    pub signatory_capacity: String,
    pub receipt_mandate_signed_on: NaiveDate,
    pub receipt_mandate_reference: String,
}

/// Gifts looked at, and receipts written, at a time.
const AT_A_TIME: usize = 2000;

/// Issues receipts for every gift up to the end of a month whose payout has settled and that has none, one receipt per
/// donor, association and tax year.
pub async fn issue(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    on: NaiveDate,
    period: Period,
    key: &[u8; 32],
) -> Result<Issued, IssueError> {
    // One run at a time: numbers are given in order, and a gift is looked at by one run only.
    db::settlement_lock::lock_exclusive(tx).await?;
    db::disable_nested_loops(tx).await?;
    let associations: Vec<Association> = sqlx::query_as(
        "select association_id, slug, name, kind, object, siren, rna, address, articles, signatory_name, signatory_capacity,
           receipt_mandate_signed_on, receipt_mandate_reference from association",
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut run = Run {
        now,
        on,
        key,
        associations: associations
            .into_iter()
            .map(|a| (a.association_id, a))
            .collect(),
        last: BTreeMap::new(),
        open: Vec::new(),
        issued: Issued::default(),
    };
    declare_candidates(tx, on, period).await?;
    db::enable_nested_loops(tx).await?;
    let (mut group, mut of): (Vec<Candidate>, Option<Receives>) = (Vec::new(), None);
    loop {
        let some: Vec<Candidate> = sqlx::query_as("fetch 2000 from candidate")
            .persistent(false)
            .fetch_all(&mut *tx)
            .await?;
        if some.is_empty() {
            break;
        }
        for c in some {
            let (None, Some(donor)) = (withheld(assess(&c, on)), c.donor_id) else {
                *run.issued
                    .withheld
                    .entry(withheld(assess(&c, on)).unwrap_or(WithheldReason::Anonymous))
                    .or_default() += 1;
                continue;
            };
            let to = (c.association_id, donor, paris_day(c.occurred_at).year());
            if of != Some(to) {
                run.close(tx, of.replace(to), std::mem::take(&mut group))
                    .await?;
            }
            group.push(c);
        }
    }
    run.close(tx, of, group).await?;
    run.write(tx).await?;
    sqlx::query("update receipt_counter c set last = n.last from unnest($1::uuid[], $2::int[]) n(a, last) where c.association_id = n.a and c.year = $3")
        .bind(run.last.keys().map(|a| a.0).collect::<Vec<_>>())
        .bind(run.last.values().copied().collect::<Vec<_>>())
        .bind(on.year())
        .execute(&mut *tx)
        .await?;
    sqlx::query("close candidate").execute(tx).await?;
    Ok(run.issued)
}

/// Gifts without a receipt, by association, donor and time, behind a cursor: however many there are, few are held at once.
async fn declare_candidates(
    tx: &mut PgConnection,
    on: NaiveDate,
    period: Period,
) -> Result<(), sqlx::Error> {
    // All of them will be fetched: the way that is fastest to the end is wanted, not to the first.
    sqlx::query("set local cursor_tuple_fraction = 1")
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "declare candidate no scroll cursor for
         select d.donation_id, d.association_id, donor.donor_id, d.amount_cents, d.order_id, m.name as shop, d.occurred_at, d.funded_by,
           d.consent_preticked, s.occurred_on as paid_out_on, donor.receipts, donor.first_name, donor.last_name, donor.address
         from donation d join merchant m using (merchant_id)
         left join donation_claim k using (donation_id) left join donor on donor.donor_id = coalesce(d.donor_id, k.donor_id)
         left join payout_donation p on p.donation_id = d.donation_id and p.live
         left join payout_state s on s.payout_id = p.payout_id and s.state = 'settled' and s.occurred_on <= $2
         where d.occurred_at < $1
           and not exists (select from donation_refund r where r.donation_id = d.donation_id)
           and not exists (select from receipt_donation r where r.donation_id = d.donation_id and r.live)
         order by d.association_id, donor.donor_id, d.occurred_at, d.donation_id",
    )
    .bind(period.ends_at())
    .bind(on)
    .execute(tx)
    .await?;
    Ok(())
}

/// Whose receipt it is: association, donor and tax year.
type Receives = (AssociationId, DonorId, i32);

/// A run under way.
struct Run<'a> {
    now: DateTime<Utc>,
    on: NaiveDate,
    key: &'a [u8; 32],
    associations: BTreeMap<AssociationId, Association>,
    /// The last number given, by association.
    last: BTreeMap<AssociationId, i32>,
    /// Receipts that are not written yet.
    open: Vec<Open>,
    issued: Issued,
}

/// A receipt about to be written.
struct Open {
    of: Receives,
    sequence: i32,
    receipt: IssuedReceipt,
    gifts: Vec<DonationId>,
    sealed: Vec<u8>,
}

impl Run<'_> {
    /// Makes the receipt of a group of gifts, with the association's next number.
    async fn close(
        &mut self,
        tx: &mut PgConnection,
        of: Option<Receives>,
        gifts: Vec<Candidate>,
    ) -> Result<(), IssueError> {
        let Some(of) = of else { return Ok(()) };
        let Some(association) = self.associations.get(&of.0) else {
            return Ok(());
        };
        let sequence = match self.last.get(&of.0) {
            Some(sequence) => sequence + 1,
            None => last_number(tx, of.0, self.on.year()).await? + 1,
        };
        self.last.insert(of.0, sequence);
        let number = format!("{}-{}-{sequence:06}", association.slug, self.on.year());
        let amount_cents: i64 = gifts.iter().map(|g| g.amount_cents).sum();
        let printed = printed(association, &number, self.on, &gifts, amount_cents)
            .ok_or(IssueError::Words)?;
        let receipt_id = ReceiptId::new();
        let sealed = seal::seal(
            self.key,
            &format!("receipt:{}", receipt_id.0),
            &serde_json::to_vec(&printed)?,
        )?;
        let receipt = IssuedReceipt {
            receipt_id,
            number,
            association: association.slug.clone(),
            donor_id: of.1,
            amount_cents,
        };
        self.open.push(Open {
            of,
            sequence,
            receipt,
            gifts: gifts.iter().map(|g| g.donation_id).collect(),
            sealed,
        });
        if self.open.len() >= AT_A_TIME {
            self.write(tx).await
        } else {
            Ok(())
        }
    }

    /// Writes the receipts that are open, and what is told of them.
    async fn write(&mut self, tx: &mut PgConnection) -> Result<(), IssueError> {
        let open = std::mem::take(&mut self.open);
        let (mut receipts, mut links) = (Rows::of(12, open.len()), Rows::of(2, open.len()));
        for o in &open {
            let (r, (association, donor, tax_year)) = (&o.receipt, o.of);
            receipts
                .begin()
                .put(r.receipt_id.0)?
                .put(association.0)?
                .put(self.on.year())?
                .put(o.sequence)?
                .put(r.number.as_str())?
                .put(donor.0)?
                .put(tax_year)?
                .put(i32::try_from(o.gifts.len()).map_err(|_| IssueError::TooMany)?)?
                .put(r.amount_cents)?
                .put(self.on)?
                .put(self.now)?
                .put(o.sealed.as_slice())?;
            for gift in &o.gifts {
                links.begin().put(gift.0)?.put(r.receipt_id.0)?;
            }
        }
        receipts
            .write(
                tx,
                "copy receipt (receipt_id, association_id, year, sequence, number, donor_id, tax_year, count, amount_cents, issued_on, issued_at, sealed)
                 from stdin (format binary)",
            )
            .await?;
        links
            .write(
                tx,
                "copy receipt_donation (donation_id, receipt_id) from stdin (format binary)",
            )
            .await?;
        if !open.is_empty() && outbox::is_heard(tx).await? {
            let told = open.iter().map(|o| Announcement {
                subject: o.receipt.receipt_id.0,
                merchant: None,
                association: Some(o.of.0),
                occurred_at: self.now,
                data: json!({"number": o.receipt.number, "amount": euros(o.receipt.amount_cents), "count": o.gifts.len(), "tax_year": o.of.2,
                    "issued_on": self.on}),
            });
            outbox::announce(tx, self.now, Kind::ReceiptIssued, &told.collect::<Vec<_>>()).await?;
        }
        self.issued
            .receipts
            .extend(open.into_iter().map(|o| o.receipt));
        Ok(())
    }
}

async fn last_number(
    tx: &mut PgConnection,
    association: AssociationId,
    year: i32,
) -> Result<i32, sqlx::Error> {
    sqlx::query("insert into receipt_counter values ($1, $2, 0) on conflict do nothing")
        .bind(association)
        .bind(year)
        .execute(&mut *tx)
        .await?;
    sqlx::query_scalar(
        "select last from receipt_counter where association_id = $1 and year = $2 for update",
    )
    .bind(association)
    .bind(year)
    .fetch_one(tx)
    .await
}

fn assess(c: &Candidate, on: NaiveDate) -> DonationFacts {
    let filled = |text: &Option<String>| text.as_deref().is_some_and(can_be_printed);
    let wish = c.receipts.as_deref().unwrap_or("monthly");
    DonationFacts {
        paid_out: c.paid_out_on.is_some(),
        named: c.donor_id.is_some(),
        identity_complete: filled(&c.first_name)
            && filled(&c.last_name)
            && c.address
                .as_ref()
                .is_some_and(|a| a.is_complete() && a.lines().iter().all(|l| can_be_printed(l))),
        consented: c.consent_preticked == Some(false),
        funded_by_donor: c.funded_by == "donor",
        wanted: wish != "none",
        waits_for_year_end: wish == "annual" && paris_day(c.occurred_at).year() >= on.year(),
    }
}

/// Whether a text has letters or digits, all of them Latin, Greek or Cyrillic: those the receipt's font has.
fn can_be_printed(text: &str) -> bool {
    let mut letters = text.chars().filter(|c| c.is_alphanumeric()).peekable();
    letters.peek().is_some()
        && letters.all(|c| matches!(c, '\0'..='\u{17f}' | '\u{218}'..='\u{21b}' | '\u{386}'..='\u{3ce}' | '\u{400}'..='\u{45f}'))
}
