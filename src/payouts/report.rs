//! The payout report: each donation and each refund of a payout, for the association's treasurer.
//! It names no donor.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};

use super::PayoutState;
use crate::values::{AssociationId, PayoutId, Reader, csv_field, euros};

/// Something that an association was not told of a payout: that it settled, or, after it was told
/// that, that it came back.
#[derive(Clone, Debug, FromRow)]
pub struct PayoutReport {
    pub payout_id: PayoutId,
    /// The number of the state that is told, and the state.
    pub n: i16,
    pub state: PayoutState,
    pub association_id: AssociationId,
    pub association: String,
    pub email: String,
    pub amount_cents: i64,
    pub reference: String,
    pub paid_on: NaiveDate,
    /// The day of the state.
    pub occurred_on: NaiveDate,
    /// Why it came back, word for word as the bank has it, if it says.
    pub reason: Option<String>,
}

/// What associations were not told, in the order in which it happened. A payout that came back
/// before its report was begun is not told at all.
pub async fn unreported(db: &mut PgConnection) -> Result<Vec<PayoutReport>, sqlx::Error> {
    sqlx::query_as(
        "select s.payout_id, s.n, s.state, p.association_id, a.name as association, a.email,
           p.amount_cents, p.reference, s.occurred_on, coalesce((
             select o.occurred_on from payout_state o
             where o.payout_id = s.payout_id and o.state = 'settled' and o.n <= s.n
             order by o.n desc limit 1), s.occurred_on) as paid_on,
           (select l.return_reason from bank_match m join bank_line l using (line_id)
            where m.payout_id = s.payout_id and m.meaning = 'payout_returned'
              and s.state = 'returned' and not exists (
                select 1 from bank_match_undone u where u.match_id = m.match_id)
            order by m.matched_at desc limit 1) as reason
         from payout_state s join payout p using (payout_id)
         join association a using (association_id)
         where s.state in ('settled', 'returned')
           and not exists (
             select 1 from payout_mail m where m.payout_id = s.payout_id and m.n = s.n)
           and case s.state
             when 'settled' then not exists (
                 select 1 from payout_state o where o.payout_id = s.payout_id and o.n > s.n)
               or exists (
                 select 1 from payout_report r where r.payout_id = s.payout_id and r.n = s.n)
             else exists (
                 select 1 from payout_report r where r.payout_id = s.payout_id and r.n = s.n - 1)
               or exists (
                 select 1 from payout_mail m where m.payout_id = s.payout_id and m.n = s.n - 1)
             end
         order by s.recorded_at, s.payout_id, s.n",
    )
    .fetch_all(db)
    .await
}

/// What a report says is written once, in one statement, so that it is one moment's: the sums since
/// the beginning, of payouts as they were told. The refunds that it lists beside its payout's own
/// are those that no report has listed; a claim that was agreed to after the payout was prepared is
/// taken off a later one.
const WRITE: &str = "with last as (
       select number, paid_cents, returned_cents from payout_report
       where association_id = $3 order by number desc limit 1),
     written as (
       insert into payout_report (payout_id, n, association_id, number, arrived_cents,
         refunded_cents, claimed_cents, withdrawn_cents, paid_cents, returned_cents, recorded_at)
       select $1, $2, $3, coalesce(l.number, 0) + 1, v.arrived_cents, v.refunded_cents,
         v.claimed_cents, v.withdrawn_cents,
         coalesce(l.paid_cents, 0) + case when $4 then $5 else 0 end,
         coalesce(l.returned_cents, 0) + case when $4 then 0 else $5 end, $6
       from association_position v left join last l on true
       where v.association_id = $3
       on conflict (payout_id, n) do nothing returning payout_id),
     claimed as (
       insert into payout_report_claim (refund_due_id, claim_n, payout_id, n)
       select u.refund_due_id, u.claim_n, $1, $2
       from unreported_claim u join payout p on p.payout_id = $1
       where $4 and u.association_id = $3 and exists (select 1 from written)
         and u.recorded_at <= p.prepared_at)
     insert into payout_report_refund (fact_id, payout_id, n)
     select u.fact_id, $1, $2 from unreported_refund u
     where $4 and u.association_id = $3 and exists (select 1 from written)";

/// Writes what a report says, unless it is written already.
///
/// The caller sends reports alone.
pub async fn write_report(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    report: &PayoutReport,
) -> Result<(), sqlx::Error> {
    sqlx::query(WRITE)
        .bind(report.payout_id)
        .bind(report.n)
        .bind(report.association_id)
        .bind(report.state == PayoutState::Settled)
        .bind(report.amount_cents)
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes that a report was sent.
pub async fn mark_reported(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    report: &PayoutReport,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into payout_mail (payout_id, n, sent_at) values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(report.payout_id)
    .bind(report.n)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}

/// What an association is owed before and after a report, and what moved between, in cents. What is
/// owed is negative where the association owes it. The opening plus what arrived and returned, less
/// the others, is the closing, and the closing is where the next report opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct ReportAccount {
    pub opening_cents: i64,
    /// Arrived from merchants.
    pub arrived_cents: i64,
    /// Given back by merchants before it left.
    pub refunded_cents: i64,
    /// Given back by merchants after it left, which the association agreed to give back.
    pub claimed_cents: i64,
    /// Taken back by merchants' banks before it left.
    pub withdrawn_cents: i64,
    /// Payouts that came back.
    pub returned_cents: i64,
    pub paid_cents: i64,
    pub closing_cents: i64,
    /// Given back by merchants after it left, while nobody has decided who bears it; not a part of
    /// what is owed.
    pub undecided_cents: i64,
}

/// The account of a report that was written.
pub async fn report_account(
    db: &mut PgConnection,
    report: &PayoutReport,
) -> Result<ReportAccount, sqlx::Error> {
    sqlx::query_as(
        "select
           coalesce(b.arrived_cents - b.refunded_cents - b.claimed_cents - b.withdrawn_cents
             - b.paid_cents + b.returned_cents, 0) as opening_cents,
           r.arrived_cents - coalesce(b.arrived_cents, 0) as arrived_cents,
           r.refunded_cents - coalesce(b.refunded_cents, 0) as refunded_cents,
           r.claimed_cents - coalesce(b.claimed_cents, 0) as claimed_cents,
           r.withdrawn_cents - coalesce(b.withdrawn_cents, 0) as withdrawn_cents,
           r.returned_cents - coalesce(b.returned_cents, 0) as returned_cents,
           r.paid_cents - coalesce(b.paid_cents, 0) as paid_cents,
           r.arrived_cents - r.refunded_cents - r.claimed_cents - r.withdrawn_cents
             - r.paid_cents + r.returned_cents as closing_cents,
           coalesce((select sum(o.open_cents) from open_refund_due o
             where o.association_id = r.association_id and o.origin = 'refund'), 0)::bigint
             as undecided_cents
         from payout_report r
         left join payout_report b on b.association_id = r.association_id
           and b.number = r.number - 1
         where r.payout_id = $1 and r.n = $2",
    )
    .bind(report.payout_id)
    .bind(report.n)
    .fetch_one(db)
    .await
}

/// What a line of a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ReportLineKind {
    /// What the donor gave, whatever was given back of it.
    Donation,
    /// What the merchant gave back before the payout left, negative.
    Refund,
    /// What it gave back of a donation of an earlier payout, negative.
    EarlierRefund,
    /// What else was taken off, negative, or was taken off another payout.
    Deducted,
}

impl ReportLineKind {
    /// The word of the contract.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Donation => "donation",
            Self::Refund => "refund",
            Self::EarlierRefund => "earlier_refund",
            Self::Deducted => "deducted",
        }
    }
}

/// One line of a report. All lines together are the payout.
#[derive(Clone, Debug, FromRow)]
pub struct ReportLine {
    /// The day of the order or of the refund.
    pub day: NaiveDate,
    pub kind: ReportLineKind,
    pub merchant: String,
    pub order_id: String,
    pub cause: String,
    pub amount_cents: i64,
}

/// The donations and refunds of a payout, and what was taken off it. A donation that arrived and
/// was given back whole before it was paid out stands there with its refunds; so does each refund
/// that took something of the payout's own.
const LINES: &str = "with own as (
       select l.donation_id from payout_donation l join payout p using (payout_id)
       where l.payout_id = $1 and ($2 or p.association_id = $3)),
     -- Claims that reports listed before they were settled in parts are claimed whole.
     others as (
       select o.fact_id, r.donation_id, r.stage = 'paid_out' and exists (
           select 1 from refund_due_settlement s
           where s.refund_due_id = o.fact_id and s.way = 'association') and not exists (
           select 1 from refund_due_settlement s
           where s.refund_due_id = o.fact_id and s.way = 'payout_returned') as claimed
       from payout_report_refund o join donation_refund r using (fact_id)
       join payout p using (payout_id)
       where o.payout_id = $1 and ($2 or p.association_id = $3)),
     -- What of each refund was taken off before its payout left: of what the association had,
     -- as far as its payout came back.
     taken as (
       select r.fact_id, r.donation_id, r.occurred_at, r.amount_cents,
         case when r.stage <> 'paid_out' then r.amount_cents else coalesce((
           select sum(s.amount_cents) from refund_due_settlement s
           where s.refund_due_id = r.fact_id and s.way = 'payout_returned'), 0)::bigint
           end as taken_cents
       from donation_refund r where r.donation_id in (
         select donation_id from own union all select donation_id from others)),
     listed as (
       select donation_id, 'donation' as kind, null::bigint as refund_cents,
         null::timestamptz as refunded_at
       from own
       union all
       select distinct donation_id, 'donation', null::bigint, null::timestamptz from others
       where not claimed
       union all
       select r.donation_id, 'refund', -r.taken_cents, r.occurred_at
       from own join taken r using (donation_id) where r.taken_cents > 0
       union all
       select r.donation_id, case when o.claimed then 'earlier_refund' else 'refund' end,
         -case when o.claimed then r.amount_cents else r.taken_cents end, r.occurred_at
       from others o join taken r using (fact_id)
       where o.claimed or r.taken_cents > 0
       union all
       select u.donation_id, 'earlier_refund', -s.amount_cents, u.occurred_at
       from payout_report_claim o
       join refund_due_settlement s on s.refund_due_id = o.refund_due_id and s.n = o.claim_n
       join refund_due u on u.refund_due_id = o.refund_due_id
       join payout p using (payout_id)
       where o.payout_id = $1 and ($2 or p.association_id = $3)),
     lines as (
       select (coalesce(l.refunded_at, d.occurred_at) at time zone 'Europe/Paris')::date as day,
         coalesce(l.refunded_at, d.occurred_at) as at, l.kind, d.merchant_id, d.order_id,
         d.cause_id, coalesce(l.refund_cents, d.amount_cents) as amount_cents
       from listed l cross join lateral (
         select d.occurred_at, d.merchant_id, d.cause_id, d.order_id, d.amount_cents
         from donation d where d.donation_id = l.donation_id limit 1) d)
     select l.day, l.at, l.kind, m.name as merchant, l.order_id, c.title as cause, l.amount_cents
     from lines l join merchant m using (merchant_id) join cause c using (cause_id)
     union all
     select p.prepared_on, null, 'deducted', '', '', '', p.amount_cents - s.cents
     from payout p cross join (select coalesce(sum(amount_cents), 0)::bigint as cents from lines) s
     where p.payout_id = $1 and ($2 or p.association_id = $3) and p.amount_cents <> s.cents
     order by at nulls last, order_id, merchant, cause, kind, amount_cents";

/// The lines of a payout's report that the reader may see, in order of time.
pub async fn report_lines(
    db: &mut PgConnection,
    reader: Reader,
    payout: PayoutId,
) -> Result<Vec<ReportLine>, sqlx::Error> {
    let scope = reader.associations();
    sqlx::query_as(LINES)
        .bind(payout)
        .bind(scope.sees_all())
        .bind(scope.only())
        .fetch_all(db)
        .await
}

/// Something that a merchant gave back of what an association has, and that it has not agreed to.
#[derive(Clone, Debug, FromRow)]
pub struct OpenClaim {
    pub order_id: String,
    /// The merchant's name.
    pub merchant: String,
    pub refunded_on: NaiveDate,
    pub open_cents: i64,
}

/// The open claims on an association, oldest first.
pub async fn open_claims(
    db: &mut PgConnection,
    association: AssociationId,
) -> Result<Vec<OpenClaim>, sqlx::Error> {
    sqlx::query_as(
        "select d.order_id, m.name as merchant, o.open_cents,
           (r.occurred_at at time zone 'Europe/Paris')::date as refunded_on
         from open_refund_due o join donation d using (donation_id)
         join donation_refund r on r.fact_id = o.refund_due_id
         join merchant m on m.merchant_id = o.merchant_id
         where o.association_id = $1 and o.origin = 'refund'
         order by r.occurred_at, d.order_id, o.refund_due_id",
    )
    .bind(association)
    .fetch_all(db)
    .await
}

/// A report as CSV (RFC 4180), amounts as decimal strings, which together are the payout.
#[must_use]
pub fn report_csv(lines: &[ReportLine]) -> String {
    let mut out = String::from("date,shop,order,cause,amount,kind\r\n");
    for l in lines {
        let (merchant, order) = (csv_field(&l.merchant), csv_field(&l.order_id));
        let (cause, amount) = (csv_field(&l.cause), euros(l.amount_cents));
        let (day, kind) = (l.day, l.kind.word());
        out.push_str(&format!(
            "{day},{merchant},{order},{cause},{amount},{kind}\r\n"
        ));
    }
    out
}
