//! The lines of the bank's statements as people and programs see them, each with what it may be.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::Serialize;
use sqlx::{FromRow, PgConnection};
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

use super::meaning::HoldMeaning;
use crate::values::{CollectionId, LineId, PayoutId, Reader, euros};

/// A line of the bank's statements.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    #[serde(serialize_with = "crate::values::as_text")]
    pub line_id: LineId,
    pub day: NaiveDate,
    pub side: String,
    pub amount: String,
    /// What of it nothing explains yet.
    pub open: String,
    pub party: Option<String>,
    pub reference: Option<String>,
    /// What payer and bank wrote.
    pub said: String,
    pub return_reason: Option<String>,
    /// `matched`, `open`, or `open-in-part`.
    pub state: &'static str,
    /// What it was understood as, part by part.
    pub matched: Vec<String>,
    /// What a person may do with it, where something points to it.
    pub proposal: Option<String>,
}

#[derive(FromRow)]
struct Row {
    line_id: LineId,
    booked_on: NaiveDate,
    side: String,
    amount_cents: i64,
    open_cents: i64,
    party: Option<String>,
    party_iban: Option<String>,
    reference: Option<String>,
    said: String,
    return_reason: Option<String>,
    matched: Vec<String>,
    /// The payout that is prepared to give it back.
    given_back: Option<PayoutId>,
    hold: Option<HoldMeaning>,
    collection_id: Option<CollectionId>,
    payout_id: Option<PayoutId>,
    merchant: Option<String>,
    asked_cents: Option<i64>,
    /// The collection that it names was refused, taken back or written off before.
    is_owed_again: Option<bool>,
    /// It waits for its money.
    is_waited_for: Option<bool>,
}

const LINES: &str = "select l.line_id, l.booked_on, l.side, l.amount_cents, p.open_cents, l.party,
       l.party_iban, l.reference, l.said, l.return_reason,
       array(select m.meaning || ' ' || m.amount_cents / 100 || '.'
           || lpad((m.amount_cents % 100)::text, 2, '0')
         from bank_match m where m.line_id = l.line_id and not exists (
           select 1 from bank_match_undone u where u.match_id = m.match_id) order by m.n)
         || array(select 'given_back ' || p.amount_cents / 100 || '.'
           || lpad((p.amount_cents % 100)::text, 2, '0')
         from payout p where p.line_id = l.line_id and (select t.state from payout_state t
           where t.payout_id = p.payout_id order by t.n desc limit 1) in ('submitted', 'settled')
         order by p.prepared_at) as matched,
       (select p.payout_id from payout p
         where p.line_id = l.line_id and (select t.state from payout_state t
           where t.payout_id = p.payout_id order by t.n desc limit 1) = 'prepared'
         order by p.prepared_at limit 1) as given_back,
       h.meaning as hold, h.collection_id, h.payout_id, s.slug as merchant,
       c.amount_cents as asked_cents,
       n.state in ('rejected', 'returned', 'written_off') as is_owed_again,
       n.state = 'submitted' as is_waited_for
     from bank_line l join bank_line_position p using (line_id)
     left join lateral (select meaning, collection_id, payout_id from bank_hold o
       where o.line_id = l.line_id order by o.n desc limit 1) h on true
     left join collection c on c.collection_id = h.collection_id
     left join merchant s on s.merchant_id = c.merchant_id
     left join collection_current_state n on n.collection_id = h.collection_id
     where not $1 or p.open_cents > 0
     order by l.booked_on, l.recorded_at, l.line_id";

/// The lines, oldest first, for the team: all, or those of which something is unexplained.
pub async fn lines(
    db: &mut PgConnection,
    reader: Reader,
    open_only: bool,
) -> Result<Vec<Line>, sqlx::Error> {
    if !reader.sees_everything() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = sqlx::query_as(LINES)
        .bind(open_only)
        .fetch_all(&mut *db)
        .await?;
    let waiting = Waiting::load(db).await?;
    Ok(rows.into_iter().map(|r| r.line(&waiting)).collect())
}

impl Row {
    fn line(self, waiting: &Waiting) -> Line {
        let proposal = if self.open_cents > 0 {
            self.proposal(waiting)
        } else {
            None
        };
        Line {
            line_id: self.line_id,
            day: self.booked_on,
            amount: euros(self.amount_cents),
            open: euros(self.open_cents),
            state: match self.open_cents {
                0 => "matched",
                open if open == self.amount_cents => "open",
                _ => "open-in-part",
            },
            side: self.side,
            party: self.party,
            reference: self.reference,
            said: self.said,
            return_reason: self.return_reason,
            matched: self.matched,
            proposal,
        }
    }

    /// What a person may do with it. Nothing of it is done by itself.
    fn proposal(&self, waiting: &Waiting) -> Option<String> {
        if let Some(payout) = self.given_back {
            return Some(format!("waits to be given back by {payout}"));
        }
        let merchant = self.merchant.as_deref().unwrap_or_default();
        let (collection, payout) = (self.collection_id, self.payout_id);
        match (self.hold, collection, payout) {
            (Some(HoldMeaning::Part), Some(id), _) if self.is_waited_for == Some(true) => {
                let asked = euros(self.asked_cents.unwrap_or_default());
                Some(format!(
                    "wait for the rest of {asked} ({id}), or --accept-part"
                ))
            }
            (Some(HoldMeaning::Second), Some(id), _)
                if self.is_owed_again == Some(true)
                    && self.asked_cents == Some(self.open_cents) =>
            {
                Some(format!("--collection {id}"))
            }
            (Some(HoldMeaning::Part | HoldMeaning::Rest | HoldMeaning::Second), Some(_), _) => {
                Some(format!(
                    "--next-month {merchant}, or `obole bank give-back`"
                ))
            }
            (Some(HoldMeaning::Recall), Some(id), _) => Some(format!("waits for {id} to come")),
            (Some(HoldMeaning::Return), _, Some(id)) => Some(format!("waits for {id} to leave")),
            (Some(HoldMeaning::Debit), _, Some(id)) => Some(format!("waits for {id} to come back")),
            (_, Some(id), _) => Some(format!("names {id}")),
            (_, _, Some(id)) => Some(format!("names {id}")),
            _ if self.side == "credit" => waiting.payer(self),
            _ => waiting.payee(self),
        }
    }
}

/// What waits for money, and for a debit, by amount.
struct Waiting {
    collections: HashMap<i64, Vec<WaitingCollection>>,
    payouts: HashMap<i64, Vec<(PayoutId, String)>>,
}

struct WaitingCollection {
    id: CollectionId,
    merchant_id: Uuid,
    name: String,
    /// The accounts that this merchant paid from before.
    ibans: Vec<String>,
}

impl Waiting {
    async fn load(db: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let asked: Vec<(CollectionId, Uuid, String, i64, Vec<String>)> = sqlx::query_as(
            "select c.collection_id, c.merchant_id, m.name, t.amount_cents,
               array(select distinct l.party_iban from bank_match b join bank_line l using (line_id)
                 join collection o on o.collection_id = b.collection_id
                 where o.merchant_id = c.merchant_id and b.meaning = 'collection_settled'
                   and l.party_iban is not null)
             from collection c join collection_current_state s using (collection_id)
             join collection_last_attempt t using (collection_id)
             join merchant m using (merchant_id) where s.state = 'submitted'",
        )
        .fetch_all(&mut *db)
        .await?;
        let sent: Vec<(PayoutId, i64, String)> = sqlx::query_as(
            "select p.payout_id, p.amount_cents, a.iban
             from payout p join payout_current_state s using (payout_id)
             cross join lateral (select v.iban from payout_approval v
               where v.payout_id = p.payout_id order by v.round desc limit 1) a
             where s.state = 'submitted'",
        )
        .fetch_all(db)
        .await?;
        let mut collections: HashMap<i64, Vec<WaitingCollection>> = HashMap::new();
        for (id, merchant_id, name, cents, ibans) in asked {
            collections
                .entry(cents)
                .or_default()
                .push(WaitingCollection {
                    id,
                    merchant_id,
                    name: plain_name(&name),
                    ibans,
                });
        }
        let mut payouts: HashMap<i64, Vec<(PayoutId, String)>> = HashMap::new();
        for (id, cents, iban) in sent {
            payouts.entry(cents).or_default().push((id, iban));
        }
        Ok(Self {
            collections,
            payouts,
        })
    }

    /// The collection that a credit without reference pays, if its amount and its payer are those
    /// of one merchant only.
    fn payer(&self, line: &Row) -> Option<String> {
        let name = line.party.as_deref().map(plain_name).unwrap_or_default();
        let iban = line.party_iban.as_deref();
        let of_amount = self.collections.get(&line.open_cents)?;
        let is_payer = |c: &&WaitingCollection| {
            iban.is_some_and(|i| c.ibans.iter().any(|known| known == i)) || same(&c.name, &name)
        };
        let found: Vec<_> = of_amount.iter().filter(is_payer).collect();
        let first = found.first()?;
        let one = found.iter().all(|c| c.merchant_id == first.merchant_id);
        (one && found.len() == 1).then(|| format!("--collection {}", first.id))
    }

    /// The payout that a debit without reference is, if its amount and its payee are those of one
    /// only; or else a fee, by the bank's words.
    fn payee(&self, line: &Row) -> Option<String> {
        let iban = line.party_iban.as_deref();
        let of_amount = self.payouts.get(&line.open_cents).into_iter().flatten();
        let mut found = of_amount.filter(|(_, i)| iban == Some(i.as_str()));
        if let (Some((id, _)), None) = (found.next(), found.next()) {
            return Some(format!("--payout {id}"));
        }
        let said = plain_name(&line.said);
        let fee = [
            "frais",
            "commission",
            "cotisation",
            "abonnement",
            "agios",
            "interets",
        ];
        let is_fee = fee.iter().any(|word| said.contains(word));
        is_fee.then(|| "--fee".to_owned())
    }
}

/// A name in small plain letters, without the form of the company.
fn plain_name(name: &str) -> String {
    let plain: String = name
        .nfkd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    let forms = [
        "sarl", "sas", "sasu", "eurl", "sa", "snc", "sci", "ei", "societe", "ste", "et",
    ];
    let words = plain.split_whitespace().filter(|w| !forms.contains(w));
    words.collect::<Vec<_>>().join(" ")
}

/// Whether two plain names are one, though a bank may cut the longer.
fn same(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    short == long && !short.is_empty() || short.len() >= 12 && long.starts_with(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_banks_write_them() {
        for (one, other) in [
            ("Librairie & Cie", "LIBRAIRIE CIE"),
            ("Épicerie du Marché SARL", "SARL EPICERIE DU MARCHE"),
            (
                "Compagnie des Œuvres Réunies de Bretagne",
                "COMPAGNIE DES ŒUVRES REUNIES",
            ),
        ] {
            assert!(same(&plain_name(one), &plain_name(other)), "{one}");
        }
        for (one, other) in [
            ("", ""),
            ("Librairie", "Librairie du Port"),
            ("SARL", "SAS"),
        ] {
            assert!(!same(&plain_name(one), &plain_name(other)), "{one}");
        }
    }
}
