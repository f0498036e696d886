//! The books as the writers of all formats see them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::values::paris_midnight;

/// What a writer writes.
pub(super) struct Books {
    /// In order of time.
    pub entries: Vec<Entry>,
    /// Whether nothing before the first entry is left out, so that sums over the entries are
    /// balances.
    pub from_the_beginning: bool,
}

/// The transfers of one fact.
pub(super) struct Entry {
    pub day: NaiveDate,
    /// The fact and the id of its subject, such as `donation recorded 0193…`.
    pub title: String,
    pub transfers: Vec<Movement>,
}

/// An amount from one account to another.
pub(super) struct Movement {
    pub debit: AccountName,
    pub credit: AccountName,
    pub cents: i64,
}

/// An account, in the parts from which each format builds its own name.
pub(super) struct AccountName {
    pub code: String,
    pub kind: String,
    pub owner: Option<String>,
}

#[derive(FromRow)]
struct Row {
    day: NaiveDate,
    fact: String,
    fact_id: Uuid,
    debit: String,
    credit: String,
    amount_cents: i64,
}

impl Books {
    pub async fn load(
        db: &mut PgConnection,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
    ) -> Result<Self, sqlx::Error> {
        let rows: Vec<Row> = sqlx::query_as(
            "select (occurred_at at time zone 'Europe/Paris')::date as day, fact, fact_id,
               d.code || ':' || d.kind || ':' || d.owner as debit,
               c.code || ':' || c.kind || ':' || c.owner as credit, amount_cents
             from transfer
             join account d on d.account_id = debit_account_id
             join account c on c.account_id = credit_account_id
             where ($1::timestamptz is null or occurred_at >= $1)
               and ($2::timestamptz is null or occurred_at < $2)
             order by day, occurred_at, fact_id, fact, leg",
        )
        .bind(from.map(paris_midnight))
        .bind(to.map(paris_midnight))
        .fetch_all(db)
        .await?;
        Ok(Self {
            entries: rows
                .chunk_by(|a, b| a.fact_id == b.fact_id && a.fact == b.fact)
                .filter_map(Entry::of)
                .collect(),
            from_the_beginning: from.is_none(),
        })
    }

    /// The first day with an entry.
    pub fn first_day(&self) -> NaiveDate {
        self.entries.first().map_or(NaiveDate::MIN, |e| e.day)
    }

    /// The day of the last entry, if balances can be asserted on it.
    pub fn asserted_on(&self) -> Option<NaiveDate> {
        self.entries
            .last()
            .filter(|_| self.from_the_beginning)
            .map(|e| e.day)
    }

    /// Debits less credits of each account, in cents, by the name that a format gives it.
    pub fn sums(&self, name: fn(&AccountName) -> String) -> BTreeMap<String, i64> {
        let mut sums = BTreeMap::new();
        for t in self.entries.iter().flat_map(|e| &e.transfers) {
            *sums.entry(name(&t.debit)).or_default() += t.cents;
            *sums.entry(name(&t.credit)).or_default() -= t.cents;
        }
        sums
    }
}

impl Entry {
    /// The entry of one fact's rows.
    fn of(rows: &[Row]) -> Option<Self> {
        let first = rows.first()?;
        let transfers = rows.iter().map(|r| Movement {
            debit: AccountName::parse(&r.debit),
            credit: AccountName::parse(&r.credit),
            cents: r.amount_cents,
        });
        Some(Self {
            day: first.day,
            title: format!(
                "{} {}",
                first.fact.replace('_', " "),
                first.fact_id.simple()
            ),
            transfers: transfers.collect(),
        })
    }
}

impl AccountName {
    /// From the ledger's own name, such as `467100:merchant_receivable:librairie`.
    fn parse(name: &str) -> Self {
        let mut parts = name.trim_end_matches(':').split(':').map(str::to_owned);
        Self {
            code: parts.next().unwrap_or_default(),
            kind: parts.next().unwrap_or_default(),
            owner: parts.next(),
        }
    }

    /// The top-level account that all formats know it under.
    pub fn class(&self) -> &'static str {
        match self.kind.as_str() {
            "association_pending"
            | "association_payable"
            | "merchant_credit"
            | "operator_current" => "liabilities",
            "provider_fees" | "operator_losses" => "expenses",
            _ => "assets",
        }
    }
}
