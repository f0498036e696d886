//! What lines may be about: the collections and payouts that they name, with the lines that are
//! already held for them.

use std::collections::HashMap;

use chrono::NaiveDate;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::meaning::{HoldMeaning, Piece};
use crate::collections::{self, AskedCollection, ToldReturn};
use crate::ledger::MoneyAt;
use crate::payouts::{self, SentPayout};
use crate::values::BankSide;

/// A line in suspense that is held for something.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub meaning: HoldMeaning,
    pub piece: Piece,
    /// Why its money came back, as the bank has it.
    pub why: String,
}

/// A collection, and what is held for it.
#[derive(Clone, Debug)]
pub(super) struct KnownCollection {
    pub asked: AskedCollection,
    pub held: Vec<Held>,
    /// Its returns that were told and that no line has shown.
    pub told: Vec<ToldReturn>,
}

/// A payout, and what is held for it.
#[derive(Clone, Debug)]
pub(super) struct KnownPayout {
    pub sent: SentPayout,
    pub held: Vec<Held>,
}

/// What lines may be about, by reference.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub collections: HashMap<String, KnownCollection>,
    pub payouts: HashMap<String, KnownPayout>,
}

#[derive(FromRow)]
struct HeldRow {
    line_id: Uuid,
    meaning: HoldMeaning,
    collection_id: Option<Uuid>,
    payout_id: Option<Uuid>,
    side: String,
    free_cents: i64,
    booked_on: NaiveDate,
    why: String,
}

impl Known {
    /// What these references name.
    pub async fn by_reference(
        tx: &mut PgConnection,
        references: &[&str],
    ) -> Result<Self, sqlx::Error> {
        if references.is_empty() {
            return Ok(Self::default());
        }
        let asked = collections::asked_by_reference(tx, references).await?;
        let sent = payouts::sent_by_reference(tx, references).await?;
        Self::with_holds(tx, asked, sent).await
    }

    /// What these ids name.
    pub async fn by_id(
        tx: &mut PgConnection,
        collections: &[Uuid],
        payouts: &[Uuid],
    ) -> Result<Self, sqlx::Error> {
        let asked = collections::asked_by_id(tx, collections).await?;
        let sent = payouts::sent_by_id(tx, payouts).await?;
        Self::with_holds(tx, asked, sent).await
    }

    async fn with_holds(
        tx: &mut PgConnection,
        asked: Vec<AskedCollection>,
        sent: Vec<SentPayout>,
    ) -> Result<Self, sqlx::Error> {
        if asked.is_empty() && sent.is_empty() {
            return Ok(Self::default());
        }
        let ids: Vec<Uuid> = asked.iter().map(|c| c.collection_id.0).collect();
        let told = collections::unshown_returns(tx, &ids).await?;
        let rows: Vec<HeldRow> = sqlx::query_as(
            "select h.line_id, h.meaning, h.collection_id, h.payout_id, p.side, p.free_cents,
               p.booked_on, coalesce(l.return_reason, '') as why
             from (select line_id from bank_hold
                   where collection_id = any($1) or payout_id = any($2) group by line_id) n
             cross join lateral (
               select line_id, meaning, collection_id, payout_id from bank_hold o
               where o.line_id = n.line_id order by o.n desc limit 1) h
             join bank_line_position p on p.line_id = h.line_id
             join bank_line l on l.line_id = h.line_id
             where p.free_cents > 0 order by p.booked_on, h.line_id",
        )
        .bind(ids)
        .bind(sent.iter().map(|p| p.payout_id.0).collect::<Vec<_>>())
        .fetch_all(tx)
        .await?;
        let of = |is: &dyn Fn(&HeldRow) -> bool| -> Vec<Held> {
            rows.iter().filter(|r| is(r)).map(HeldRow::held).collect()
        };
        let collections = asked.into_iter().map(|asked| {
            let id = Some(asked.collection_id.0);
            let held = of(&|r| r.collection_id == id);
            let of_it = |t: &&ToldReturn| t.collection_id == asked.collection_id;
            let told = told.iter().filter(of_it).copied().collect();
            let known = KnownCollection { asked, held, told };
            (known.asked.reference.clone(), known)
        });
        let payouts = sent.into_iter().map(|sent| {
            let id = Some(sent.payout_id.0);
            let held = of(&|r| r.payout_id == id);
            (sent.reference.clone(), KnownPayout { sent, held })
        });
        Ok(Self {
            collections: collections.collect(),
            payouts: payouts.collect(),
        })
    }
}

impl HeldRow {
    fn held(&self) -> Held {
        Held {
            meaning: self.meaning,
            piece: Piece {
                line_id: self.line_id,
                side: side_of(&self.side),
                cents: self.free_cents,
                on: self.booked_on,
                at: MoneyAt::Suspense,
            },
            why: self.why.clone(),
        }
    }
}

/// The side that a column `side` holds.
pub(super) fn side_of(word: &str) -> BankSide {
    if word == "credit" {
        BankSide::Credit
    } else {
        BankSide::Debit
    }
}
