//! Candidates: the donations without a receipt, and what is needed to decide on one and to print
//! it.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection, types::Json};

use super::eligibility::{DonationFacts, DonorFacts};
use crate::donations::{ConsentRuling, FundedBy};
use crate::parties::donor::ReceiptFrequency;
use crate::values::{
    AssociationId, DonationId, DonorId, Period, PostalAddress, ReceiptId, paris_day,
};

/// A donation without a receipt.
#[derive(FromRow)]
pub(super) struct Candidate {
    pub donation_id: DonationId,
    pub association_id: AssociationId,
    /// None for an anonymous donation; then the fields of the donor are empty as well.
    pub donor_id: Option<DonorId>,
    /// What remains of it after every refund.
    pub remaining_cents: i64,
    pub order_id: String,
    pub merchant: String,
    pub occurred_at: DateTime<Utc>,
    pub funded_by: FundedBy,
    pub consent_preticked: Option<bool>,
    pub consent_ruling: Option<ConsentRuling>,
    pub collected_on: Option<NaiveDate>,
    pub paid_out_on: Option<NaiveDate>,
    pub refund_in_question: bool,
    pub receipt_frequency: Option<ReceiptFrequency>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub address: Option<Json<PostalAddress>>,
    /// The last receipt that carried it and ended, which the next one cancels and replaces.
    #[sqlx(flatten)]
    pub follows: Follows,
}

/// The receipt that carried a donation before, if one did.
#[derive(Clone, Debug, Default, FromRow)]
pub(super) struct Follows {
    pub follows_id: Option<ReceiptId>,
    /// Its number.
    pub follows: Option<String>,
}

impl Candidate {
    /// What decides, on a day, whether it earns a receipt.
    pub fn facts(&self, on: NaiveDate) -> DonationFacts<'_> {
        DonationFacts {
            made_on: paris_day(self.occurred_at),
            collected_on: self.collected_on,
            paid_out_on: self.paid_out_on.filter(|day| *day <= on),
            funded_by: self.funded_by,
            consent_preticked: self.consent_preticked,
            consent_ruling: self.consent_ruling,
            refund_in_question: self.refund_in_question,
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
pub(super) async fn open(tx: &mut PgConnection, period: Period) -> Result<(), sqlx::Error> {
    // All of them will be fetched: the plan that is fastest to the end is wanted, not the fastest
    // to the first.
    sqlx::query("set local cursor_tuple_fraction = 1")
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "declare candidate no scroll cursor for
         select donation_id, association_id, donor_id, remaining_cents, order_id, merchant,
           occurred_at, funded_by, consent_preticked, consent_ruling, collected_on,
           paid_out_on,
           refund_in_question, receipt_frequency, first_name, last_name, address, follows_id,
           follows
         from receipt_candidate d
         where occurred_at < $1 and remaining_cents > 0
           and not exists (
             select 1 from receipt_donation r where r.donation_id = d.donation_id and r.live)
         order by association_id, donor_id, occurred_at, donation_id",
    )
    .bind(period.ends_at())
    .execute(tx)
    .await?;
    Ok(())
}

/// The donations of a receipt of which something remains, in order of time.
pub(super) async fn of_receipt(
    tx: &mut PgConnection,
    receipt: ReceiptId,
) -> Result<Vec<Candidate>, sqlx::Error> {
    sqlx::query_as(
        "select donation_id, association_id, donor_id, remaining_cents, order_id, merchant,
           occurred_at, funded_by, consent_preticked, consent_ruling, collected_on,
           paid_out_on,
           refund_in_question, receipt_frequency, first_name, last_name, address, follows_id,
           follows
         from receipt_candidate
         where donation_id in (select donation_id from receipt_donation where receipt_id = $1)
           and remaining_cents > 0
         order by occurred_at, donation_id",
    )
    .bind(receipt)
    .fetch_all(tx)
    .await
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
