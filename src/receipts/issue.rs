//! Issuing: eligible gifts become receipts with the next numbers, in one database transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde_json::json;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::compose::printed;
use super::document::Printed;
use super::eligibility::{Gift, Held, held};
use crate::db;
use crate::outbox::{self, Announcement, Kind};
use crate::parties::seal;
use crate::values::{AssociationId, DonationId, DonorId, Period, PostalAddress, ReceiptId, euros, paris_day};

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

/// What a run did: receipts, and gifts that wait, by reason.
#[derive(Clone, Debug, Default)]
pub struct Issued {
    pub receipts: Vec<Receipt>,
    pub held: BTreeMap<Held, i64>,
}

/// A receipt with all that is printed on it.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub receipt_id: ReceiptId,
    pub number: String,
    pub association: String,
    pub donor_id: DonorId,
    pub amount_cents: i64,
    pub printed: Printed,
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

/// Issues receipts for every gift up to the end of a month whose payout has settled and that has none, one receipt per
/// donor, association and tax year.
pub async fn issue(tx: &mut PgConnection, now: DateTime<Utc>, on: NaiveDate, period: Period, key: &[u8; 32]) -> Result<Issued, IssueError> {
    // One run at a time: numbers are given in order, and a gift is looked at by one run only.
    db::close_settlement_gate(tx).await?;
    let candidates: Vec<Candidate> = sqlx::query_as(
        "select d.donation_id, d.association_id, donor.donor_id, d.amount_cents, d.order_id, m.name as shop, d.occurred_at, d.funded_by,
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
    .fetch_all(&mut *tx)
    .await?;
    let mut issued = Issued::default();
    let mut groups: BTreeMap<(AssociationId, DonorId, i32), Vec<Candidate>> = BTreeMap::new();
    for c in candidates {
        match (held(weighed(&c, on)), c.donor_id) {
            (None, Some(donor)) => groups.entry((c.association_id, donor, paris_day(c.occurred_at).year())).or_default().push(c),
            (reason, _) => *issued.held.entry(reason.unwrap_or(Held::Anonymous)).or_default() += 1,
        }
    }
    if groups.is_empty() {
        return Ok(issued);
    }
    let associations: Vec<Association> = sqlx::query_as(
        "select association_id, slug, name, kind, object, siren, rna, address, articles, signatory_name, signatory_capacity,
           receipt_mandate_signed_on, receipt_mandate_reference from association where association_id = any($1)",
    )
    .bind(groups.keys().map(|k| k.0.0).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    let associations: BTreeMap<AssociationId, Association> = associations.into_iter().map(|a| (a.association_id, a)).collect();
    let mut rows = Vec::new();
    let mut links: Vec<(Uuid, Uuid)> = Vec::new();
    let mut last: BTreeMap<AssociationId, i32> = BTreeMap::new();
    for ((association_id, donor_id, tax_year), gifts) in &groups {
        let Some(association) = associations.get(association_id) else { continue };
        let sequence = match last.get(association_id) {
            Some(sequence) => sequence + 1,
            None => last_number(tx, *association_id, on.year()).await? + 1,
        };
        last.insert(*association_id, sequence);
        let number = format!("{}-{}-{sequence:06}", association.slug, on.year());
        let amount_cents: i64 = gifts.iter().map(|g| g.amount_cents).sum();
        let printed = printed(association, &number, on, gifts, amount_cents).ok_or(IssueError::Words)?;
        let receipt_id = ReceiptId::new();
        links.extend(gifts.iter().map(|g| (g.donation_id.0, receipt_id.0)));
        let sealed = seal::seal(key, &format!("receipt:{}", receipt_id.0), &serde_json::to_vec(&printed)?)?;
        let count = i32::try_from(gifts.len()).map_err(|_| IssueError::TooMany)?;
        rows.push((sequence, *tax_year, count, sealed, *association_id));
        issued.receipts.push(Receipt {
            receipt_id,
            number,
            association: association.slug.clone(),
            donor_id: *donor_id,
            amount_cents,
            printed,
        });
    }
    sqlx::query(
        "insert into receipt (receipt_id, association_id, year, sequence, number, donor_id, tax_year, count, amount_cents, issued_on, issued_at, sealed)
         select r, a, $9, s, n, d, t, c, m, $10, $11, x
         from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::uuid[], $6::int[], $7::int[], $8::bigint[], $12::bytea[]) u(r, a, s, n, d, t, c, m, x)",
    )
    .bind(issued.receipts.iter().map(|r| r.receipt_id.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.4.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.0).collect::<Vec<_>>())
    .bind(issued.receipts.iter().map(|r| r.number.as_str()).collect::<Vec<_>>())
    .bind(issued.receipts.iter().map(|r| r.donor_id.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.1).collect::<Vec<_>>())
    .bind(rows.iter().map(|r| r.2).collect::<Vec<_>>())
    .bind(issued.receipts.iter().map(|r| r.amount_cents).collect::<Vec<_>>())
    .bind(on.year())
    .bind(on)
    .bind(now)
    .bind(rows.iter().map(|r| r.3.as_slice()).collect::<Vec<_>>())
    .execute(&mut *tx)
    .await?;
    sqlx::query("insert into receipt_donation (donation_id, receipt_id) select * from unnest($1::uuid[], $2::uuid[])")
        .bind(links.iter().map(|l| l.0).collect::<Vec<_>>())
        .bind(links.iter().map(|l| l.1).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await?;
    sqlx::query("update receipt_counter c set last = n.last from unnest($1::uuid[], $2::int[]) n(a, last) where c.association_id = n.a and c.year = $3")
        .bind(last.keys().map(|a| a.0).collect::<Vec<_>>())
        .bind(last.values().copied().collect::<Vec<_>>())
        .bind(on.year())
        .execute(&mut *tx)
        .await?;
    if outbox::is_heard(tx).await? {
        let told = issued.receipts.iter().zip(&rows).map(|(r, row)| Announcement {
            subject: r.receipt_id.0,
            merchant: None,
            association: Some(row.4),
            occurred_at: now,
            data: json!({"number": r.number, "amount": euros(r.amount_cents), "count": row.2, "tax_year": row.1, "issued_on": on}),
        });
        outbox::announce(tx, now, Kind::ReceiptIssued, &told.collect::<Vec<_>>()).await?;
    }
    Ok(issued)
}

async fn last_number(tx: &mut PgConnection, association: AssociationId, year: i32) -> Result<i32, sqlx::Error> {
    sqlx::query("insert into receipt_counter values ($1, $2, 0) on conflict do nothing")
        .bind(association)
        .bind(year)
        .execute(&mut *tx)
        .await?;
    sqlx::query_scalar("select last from receipt_counter where association_id = $1 and year = $2 for update")
        .bind(association)
        .bind(year)
        .fetch_one(tx)
        .await
}

fn weighed(c: &Candidate, on: NaiveDate) -> Gift {
    let filled = |text: &Option<String>| text.as_deref().is_some_and(can_be_printed);
    let wish = c.receipts.as_deref().unwrap_or("monthly");
    Gift {
        paid_out: c.paid_out_on.is_some(),
        named: c.donor_id.is_some(),
        identity_complete: filled(&c.first_name)
            && filled(&c.last_name)
            && c.address.as_ref().is_some_and(|a| a.is_complete() && a.lines().iter().all(|l| can_be_printed(l))),
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
