//! Payouts as people and programs see them.

use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use super::PayoutState;
use super::payee::Payee;
use crate::values::{PayoutId, Reader, euros};

/// A payout. The amount as a decimal string of euros, and in cents.
#[derive(Clone, Debug, Serialize)]
pub struct Payout {
    #[serde(serialize_with = "crate::values::as_text")]
    pub payout_id: PayoutId,
    /// The slug of the association that it pays; none for a give-back.
    pub association: Option<String>,
    /// What a give-back gives back: a line of the bank, or a merchant's credit, by its slug.
    pub gives_back: Option<String>,
    #[serde(skip)]
    pub payee: Payee,
    /// The account that it goes to as things stand, and its holder.
    pub name: String,
    pub iban: String,
    /// How the bank says that the holder fits the account (RCVC, RVMC, RVNM, RVNA), if it did.
    pub name_check: Option<String>,
    pub count: i32,
    pub amount: String,
    #[serde(skip)]
    pub amount_cents: i64,
    /// The state's word; `approved` for a prepared payout that one person has approved.
    #[serde(rename = "state")]
    pub shown_state: &'static str,
    #[serde(skip)]
    pub state: PayoutState,
    /// How many people have approved it.
    #[serde(skip)]
    pub approvals: i64,
    pub reference: String,
    pub file: Option<String>,
}

#[derive(FromRow)]
struct Row {
    payout_id: PayoutId,
    #[sqlx(flatten)]
    payee: Payee,
    name: String,
    iban: String,
    name_check: Option<String>,
    count: i32,
    amount_cents: i64,
    state: PayoutState,
    approvals: i64,
    reference: String,
    file: Option<String>,
}

impl From<Row> for Payout {
    fn from(r: Row) -> Self {
        let approved = r.state == PayoutState::Prepared && r.approvals > 0;
        Self {
            payout_id: r.payout_id,
            association: r.payee.association().map(|(_, slug)| slug.to_owned()),
            gives_back: r.payee.gives_back(),
            payee: r.payee,
            name: r.name,
            iban: r.iban,
            name_check: r.name_check,
            count: r.count,
            amount: euros(r.amount_cents),
            amount_cents: r.amount_cents,
            shown_state: if approved { "approved" } else { r.state.word() },
            state: r.state,
            approvals: r.approvals,
            reference: r.reference,
            file: r.file,
        }
    }
}

impl Payout {
    /// Whether something of it is still to happen. What is given back of a line and did not stay is
    /// its line's again.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.state {
            PayoutState::Settled | PayoutState::PaidAgain => false,
            state => !matches!(self.payee, Payee::Sender(_)) || !state.is_unmade(),
        }
    }
}

/// The payouts that a reader may see, newest first: one by its id, or all.
pub async fn list(
    db: &mut PgConnection,
    reader: Reader,
    id: Option<PayoutId>,
) -> Result<Vec<Payout>, sqlx::Error> {
    let scope = reader.associations();
    let rows: Vec<Row> = sqlx::query_as(
        "select payout_id, p.association_id, a.slug as association, p.line_id, p.merchant_id,
           m.slug as merchant, c.name, c.iban, count, amount_cents, reference, f.file,
           (select n.status from bank_notice n
             where n.payout_id = p.payout_id and n.status in ('RCVC', 'RVMC', 'RVNM', 'RVNA')
             order by n.recorded_at desc limit 1) as name_check,
           (select s.state from payout_state s
             where s.payout_id = p.payout_id order by s.n desc limit 1) as state,
           (select count(*) from payout_valid_approval v
            where v.payout_id = p.payout_id) as approvals
         from payout p left join association a using (association_id)
           left join merchant m on m.merchant_id = p.merchant_id
           join payout_account c using (payout_id)
           left join payout_file f using (payout_id)
         where ($1::uuid is null or payout_id = $1) and ($2 or p.association_id = $3)
         order by prepared_at desc, a.slug",
    )
    .bind(id)
    .bind(scope.sees_all())
    .bind(scope.only())
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Payout::from).collect())
}
