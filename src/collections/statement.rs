//! The lines of a merchant's statement of a month: each donation, each refund, and what carries
//! from one statement to the next.

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::Stream;
use sqlx::{FromRow, PgConnection};

use super::Collection;
use crate::values::{CollectionId, Reader, csv_field, euros, paris_day};

/// What a line of a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum LineKind {
    /// What the merchant charged, whatever it gave back of it.
    Donation,
    /// What it gave back, negative.
    Refund,
    /// What it gave back of a donation that its association had, negative: taken off once somebody
    /// decided who bears it, whole or in parts.
    LateRefund,
    /// A payment that the merchant's bank took back.
    PaymentReturned,
    /// That payment, negative: it is asked for apart.
    AskedApart,
    /// The credit that the statement before left, negative.
    CreditBefore,
    /// What a payment that was refused or taken back is already asked for less.
    TakenElsewhere,
    /// Any other credit of the merchant's, negative.
    OtherCredit,
    /// The credit that is left for the next statement.
    CreditLeft,
}

impl LineKind {
    /// The word of the contract.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Donation => "donation",
            Self::Refund => "refund",
            Self::LateRefund => "late_refund",
            Self::PaymentReturned => "payment_returned",
            Self::AskedApart => "asked_apart",
            Self::CreditBefore => "credit_before",
            Self::TakenElsewhere => "taken_elsewhere",
            Self::OtherCredit => "other_credit",
            Self::CreditLeft => "credit_left",
        }
    }
}

/// One line of a statement. All lines together are what it asks for.
#[derive(Clone, Debug, FromRow)]
pub struct StatementLine {
    pub collection_id: CollectionId,
    occurred_at: DateTime<Utc>,
    pub kind: LineKind,
    /// The order of a donation or a refund, the reference of a payment; empty for what concerns
    /// neither.
    pub order_id: String,
    pub cause: String,
    pub association: String,
    pub amount_cents: i64,
}

impl StatementLine {
    /// The day of the order, of the refund or of the bank's taking back, in Paris.
    #[must_use]
    pub fn day(&self) -> NaiveDate {
        paris_day(self.occurred_at)
    }
}

/// The donations and refunds that these collections list. A donation that was given back whole
/// before it was asked for stands there with its refunds.
macro_rules! listed {
    () => {
        "(select collection_id, donation_id, 'donation' as kind, null::bigint as refund_cents,
           null::timestamptz as refunded_at
         from collection_donation where collection_id = any($1)
         union all
         select x.collection_id, r.donation_id,
           case r.stage when 'paid_out' then 'late_refund' else 'refund' end, -r.amount_cents,
           r.occurred_at
         from collection_credit x join donation_refund r using (fact_id)
         where x.collection_id = any($1)
         union all
         select x.collection_id, u.donation_id, 'late_refund', -s.amount_cents, u.occurred_at
         from collection_settled_claim x join refund_due_settlement s using (refund_due_id, n)
         join refund_due u using (refund_due_id)
         where x.collection_id = any($1)
         union all
         select collection_id, donation_id, 'donation', null, null
         from collection_given_back where collection_id = any($1)
         union all
         select g.collection_id, r.donation_id, 'refund', -r.amount_cents, r.occurred_at
         from collection_given_back g join donation_refund r using (donation_id)
         where g.collection_id = any($1))"
    };
}

/// What stands beside the donations and refunds of these collections: what carries from one to the
/// next, and the payments that were taken back.
macro_rules! beside {
    () => {
        "(select collection_id, merchant_id, prepared_on as day, kind, cents, '' as reference
         from collection_carry where collection_id = any($1)
         union all
         select r.collection_id, c.merchant_id, r.occurred_on, x.kind, x.cents, r.reference
         from statement_return r join collection c using (collection_id)
         cross join lateral (values ('payment_returned', r.amount_cents),
           ('asked_apart', -r.amount_cents)) x(kind, cents)
         where r.collection_id = any($1))"
    };
}

/// The lines of one collection, in order of time, each donation found by its key, however many
/// other merchants and months the table holds.
const LINES_BY_KEY: &str = concat!(
    "select l.collection_id, coalesce(l.refunded_at, d.occurred_at) as occurred_at, l.donation_id,
       coalesce(l.refund_cents, d.amount_cents) as amount_cents, l.kind, d.order_id,
       c.slug as cause, a.name as association
     from ",
    listed!(),
    " l cross join lateral (
       select d.occurred_at, d.amount_cents, d.order_id, d.cause_id, d.association_id
       from donation d where d.donation_id = l.donation_id limit 1) d
     join cause c using (cause_id) join association a on a.association_id = d.association_id
     where exists (select 1 from collection o
       where o.collection_id = any($1) and ($2 or o.merchant_id = $3))
     union all
     select collection_id, day::timestamp at time zone 'Europe/Paris', null, cents, kind,
       reference, '', ''
     from ",
    beside!(),
    " b where $2 or merchant_id = $3
     order by collection_id, occurred_at, donation_id, kind, amount_cents"
);

/// The lines of a month's collections, in order of collection and time, in one reading of their
/// merchants' donations ($2). The columns it is sorted by come before the texts, which the database
/// skips by their lengths at each comparison.
const LINES_OF_MONTH: &str = concat!(
    "select collection_id, coalesce(l.refunded_at, d.occurred_at) as occurred_at, l.donation_id,
       coalesce(l.refund_cents, d.amount_cents) as amount_cents, l.kind, order_id,
       c.slug as cause, a.name as association
     from ",
    listed!(),
    " l
     join (select donation_id, occurred_at, amount_cents, order_id, cause_id, association_id
           from donation where merchant_id = any($2)) d using (donation_id)
     join cause c using (cause_id) join association a on a.association_id = d.association_id
     union all
     select collection_id, day::timestamp at time zone 'Europe/Paris', null, cents, kind,
       reference, '', ''
     from ",
    beside!(),
    " b
     order by collection_id, occurred_at, donation_id, kind, amount_cents"
);

/// The lines of a collection that the reader may see.
pub async fn lines(
    db: &mut PgConnection,
    reader: Reader,
    collection: CollectionId,
) -> Result<Vec<StatementLine>, sqlx::Error> {
    let scope = reader.merchants();
    sqlx::query_as(LINES_BY_KEY)
        .bind([collection.0])
        .bind(scope.sees_all())
        .bind(scope.only())
        .fetch_all(db)
        .await
}

/// The lines of a month's collections, as the database finds them.
pub fn lines_of_month<'db>(
    db: &'db mut PgConnection,
    collections: &[Collection],
) -> impl Stream<Item = Result<StatementLine, sqlx::Error>> + Unpin + use<'db> {
    sqlx::query_as(LINES_OF_MONTH)
        .bind(
            collections
                .iter()
                .map(|c| c.collection_id.0)
                .collect::<Vec<_>>(),
        )
        .bind(
            collections
                .iter()
                .map(|c| c.merchant_id.0)
                .collect::<Vec<_>>(),
        )
        .persistent(false)
        .fetch(db)
}

/// A statement as CSV (RFC 4180), amounts as decimal strings, which together are what it asks for.
pub struct Csv(String);

impl Default for Csv {
    fn default() -> Self {
        Self("date,order,cause,association,amount,kind\r\n".into())
    }
}

impl Csv {
    /// Adds a line.
    pub fn add(&mut self, l: &StatementLine) {
        let (order, cause) = (csv_field(&l.order_id), csv_field(&l.cause));
        let (association, amount) = (csv_field(&l.association), euros(l.amount_cents));
        self.0.push_str(&format!(
            "{},{order},{cause},{association},{amount},{}\r\n",
            l.day(),
            l.kind.word()
        ));
    }

    /// The whole text.
    #[must_use]
    pub fn text(self) -> String {
        self.0
    }
}

/// The statement of these lines as CSV.
#[must_use]
pub fn csv(lines: &[StatementLine]) -> String {
    let mut csv = Csv::default();
    lines.iter().for_each(|l| csv.add(l));
    csv.text()
}
