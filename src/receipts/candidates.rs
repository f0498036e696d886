//! Candidates: the donations without a receipt, and what is needed to decide on one and to print
//! it.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection, types::Json};

use super::eligibility::{DonationFacts, DonorFacts};
use crate::donations::FundedBy;
use crate::parties::donor::ReceiptFrequency;
use crate::values::{AssociationId, DonationId, DonorId, Period, PostalAddress, paris_day};

/// A donation without a receipt.
#[derive(FromRow)]
pub(super) struct Candidate {
    pub donation_id: DonationId,
    pub association_id: AssociationId,
    /// None for an anonymous donation; then the fields of the donor are empty as well.
    pub donor_id: Option<DonorId>,
    pub amount_cents: i64,
    pub order_id: String,
    pub merchant: String,
    pub occurred_at: DateTime<Utc>,
    pub funded_by: FundedBy,
    pub consent_preticked: Option<bool>,
    pub paid_out_on: Option<NaiveDate>,
    pub receipt_frequency: Option<ReceiptFrequency>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub address: Option<Json<PostalAddress>>,
}

impl Candidate {
    /// What decides whether it earns a receipt.
    pub fn facts(&self) -> DonationFacts<'_> {
        DonationFacts {
            made_on: paris_day(self.occurred_at),
            paid_out_on: self.paid_out_on,
            funded_by: self.funded_by,
            consent_preticked: self.consent_preticked,
            donor: self.donor_id.map(|_| DonorFacts {
                receipt_frequency: self.receipt_frequency.unwrap_or(ReceiptFrequency::Monthly),
                first_name: self.first_name.as_deref(),
                last_name: self.last_name.as_deref(),
                address: self.address.as_deref(),
            }),
        }
    }
}

/// What of an association is printed on its receipts.
#[derive(FromRow)]
pub(super) struct Issuer {
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

/// Every association, as its receipts name it.
pub(super) async fn issuers(tx: &mut PgConnection) -> Result<Vec<Issuer>, sqlx::Error> {
    sqlx::query_as(
        "select association_id, slug, name, kind, object, siren, rna, address, articles,
          signatory_name,
           signatory_capacity, receipt_mandate_signed_on, receipt_mandate_reference
         from association",
    )
    .fetch_all(tx)
    .await
}

/// Opens a cursor over the candidates up to the end of a month, by association, donor and time:
/// however many there are, few are held at once. It lasts until `close`.
pub(super) async fn open(
    tx: &mut PgConnection,
    on: NaiveDate,
    period: Period,
) -> Result<(), sqlx::Error> {
    // All of them will be fetched: the plan that is fastest to the end is wanted, not the fastest
    // to the first.
    sqlx::query("set local cursor_tuple_fraction = 1")
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "declare candidate no scroll cursor for
         select d.donation_id, d.association_id, donor.donor_id, d.amount_cents, d.order_id,
           m.name as merchant, d.occurred_at, d.funded_by, d.consent_preticked,
           s.occurred_on as paid_out_on, donor.receipt_frequency, donor.first_name, donor.last_name,
           donor.address
         from donation d join merchant m using (merchant_id)
         left join donation_claim k using (donation_id)
         left join donor on donor.donor_id = coalesce(d.donor_id, k.donor_id)
         left join payout_donation p on p.donation_id = d.donation_id and p.live
         left join payout_current_state s
           on s.payout_id = p.payout_id and s.state = 'settled' and s.occurred_on <= $2
         where d.occurred_at < $1
           and not exists (select 1 from donation_refund r where r.donation_id = d.donation_id)
           and not exists (
             select 1 from receipt_donation r where r.donation_id = d.donation_id and r.live)
         order by d.association_id, donor.donor_id, d.occurred_at, d.donation_id",
    )
    .bind(period.ends_at())
    .bind(on)
    .execute(tx)
    .await?;
    Ok(())
}

/// The next candidates of the cursor, at most two thousand; none at its end.
pub(super) async fn fetch(tx: &mut PgConnection) -> Result<Vec<Candidate>, sqlx::Error> {
    sqlx::query_as("fetch 2000 from candidate")
        .persistent(false)
        .fetch_all(tx)
        .await
}

/// Closes the cursor.
pub(super) async fn close(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("close candidate").execute(tx).await?;
    Ok(())
}
