//! Cases as people and programs see them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::CaseKind;
use crate::values::{CaseId, DonationId, EventId, LineId, MailId, Reader};

/// A case, and what was decided if it was.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    #[serde(serialize_with = "crate::values::as_text")]
    pub case_id: CaseId,
    pub kind: CaseKind,
    pub what: String,
    pub opened_at: DateTime<Utc>,
    /// What waits until it is decided.
    pub holds: &'static str,
    /// What can be decided.
    pub decisions: &'static [&'static str],
    pub subject: Uuid,
    /// What the subject is, such as a receipt.
    pub subject_kind: &'static str,
    /// As people name it: a receipt's number, a reference, an order's number, an id as it is
    /// printed; none where it has no name.
    pub subject_name: Option<String>,
    #[serde(skip)]
    pub donation: Option<DonationId>,
    pub donation_id: Option<String>,
    pub merchant: Option<String>,
    pub association: Option<String>,
    pub decision: Option<String>,
    pub decided_by: Option<String>,
    pub why: Option<String>,
    pub decided_at: Option<DateTime<Utc>>,
}

/// Which cases to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct CaseFilter {
    /// Only this one.
    pub case_id: Option<CaseId>,
    pub kind: Option<CaseKind>,
    /// Leaves out what is decided.
    pub open_only: bool,
}

impl CaseFilter {
    /// The open cases of a kind.
    #[must_use]
    pub fn open(kind: CaseKind) -> Self {
        Self {
            kind: Some(kind),
            open_only: true,
            ..Self::default()
        }
    }
}

#[derive(FromRow)]
struct Row {
    case_id: CaseId,
    kind: String,
    what: String,
    opened_at: DateTime<Utc>,
    subject: Uuid,
    name: Option<String>,
    donation_id: Option<DonationId>,
    merchant: Option<String>,
    association: Option<String>,
    decision: Option<String>,
    decided_by: Option<String>,
    why: Option<String>,
    decided_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Case {
    type Error = sqlx::Error;
    fn try_from(r: Row) -> Result<Self, sqlx::Error> {
        let kind: CaseKind = r
            .kind
            .parse()
            .map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
        Ok(Self {
            case_id: r.case_id,
            kind,
            what: r.what,
            opened_at: r.opened_at,
            holds: kind.holds(),
            decisions: kind.decisions(),
            subject: r.subject,
            subject_kind: kind.subject_kind(),
            subject_name: r.name.or_else(|| printed_id(kind, r.subject)),
            donation: r.donation_id,
            donation_id: r.donation_id.map(|d| d.to_string()),
            merchant: r.merchant,
            association: r.association,
            decision: r.decision,
            decided_by: r.decided_by,
            why: r.why,
            decided_at: r.decided_at,
        })
    }
}

/// The id of a subject that has no other name, as commands take it.
fn printed_id(kind: CaseKind, subject: Uuid) -> Option<String> {
    match kind {
        _ if kind.is_of_event() => Some(EventId(subject).to_string()),
        CaseKind::BankLineUnmatched => Some(LineId(subject).to_string()),
        CaseKind::MessageRefused => Some(MailId(subject).to_string()),
        _ => None,
    }
}

/// The cases, oldest first, for the team.
pub async fn list(
    db: &mut PgConnection,
    reader: Reader,
    filter: CaseFilter,
) -> Result<Vec<Case>, sqlx::Error> {
    if !reader.sees_everything() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = sqlx::query_as(
        "select case_id, f.kind, what, opened_at, subject, donation_id, m.slug as merchant,
           a.slug as association, decision, decided_by, why, decided_at,
           case
             when f.kind like 'receipt-%'
               then (select r.number from receipt r where r.receipt_id = f.subject)
             when f.kind = 'collection-failed'
               then (select c.reference from collection c where c.collection_id = f.subject)
             when f.kind = 'payout-failed'
               then (select p.reference from payout p where p.payout_id = f.subject)
             when f.kind = 'consent-unclear' then m.slug
             when f.kind = 'iban-changed' then a.slug
             when f.kind = 'statement-gap' then (
               select s.statement from bank_statement s where s.statement_id = f.subject)
             when f.donation_id is not null then (
               select d.order_id from donation d where d.donation_id = f.donation_id)
           end as name
         from case_file f left join case_decision d using (case_id)
           left join merchant m using (merchant_id) left join association a using (association_id)
         where ($1::text is null or f.kind = $1) and not ($2 and d.case_id is not null)
           and ($3::uuid is null or case_id = $3)
         order by opened_at, case_id",
    )
    .bind(filter.kind.map(CaseKind::word))
    .bind(filter.open_only)
    .bind(filter.case_id)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Case::try_from).collect()
}
