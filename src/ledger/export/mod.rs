//! The books in the formats of plain-text accounting: hledger, ledger and beancount.

use std::fmt::Write;

use chrono::NaiveDate;
use sqlx::{FromRow, PgConnection};

use crate::values::{euros, paris_midnight};

/// A plain-text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Hledger,
    Ledger,
    Beancount,
}

#[derive(FromRow)]
struct Line {
    day: NaiveDate,
    fact: String,
    fact_id: uuid::Uuid,
    debit: String,
    credit: String,
    amount_cents: i64,
}

/// Writes the books from a day (inclusive) to another (exclusive): one entry a fact, all accounts
/// declared, and the balance of each account asserted at the end when the books are whole.
pub async fn export(
    db: &mut PgConnection,
    format: Format,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<String, sqlx::Error> {
    let lines: Vec<Line> = sqlx::query_as(
        "select (occurred_at at time zone 'Europe/Paris')::date as day, fact, fact_id,
                d.code || ':' || d.kind || ':' || d.owner as debit,
                  c.code || ':' || c.kind || ':' || c.owner as credit, amount_cents
         from transfer join account d on d.account_id = debit_account_id
           join account c on c.account_id = credit_account_id
         where ($1::timestamptz is null or occurred_at >= $1) and ($2::timestamptz is null
           or occurred_at < $2)
         order by day, occurred_at, fact_id, fact, leg",
    )
    .bind(from.map(paris_midnight))
    .bind(to.map(paris_midnight))
    .fetch_all(db)
    .await?;
    let mut accounts = std::collections::BTreeMap::<String, i64>::new();
    for line in &lines {
        *accounts.entry(name(format, &line.debit)).or_default() += line.amount_cents;
        *accounts.entry(name(format, &line.credit)).or_default() -= line.amount_cents;
    }
    let mut out = String::new();
    let first = lines.first().map_or(NaiveDate::MIN, |l| l.day);
    declare(&mut out, format, accounts.keys(), first);
    for entry in lines.chunk_by(|a, b| a.fact_id == b.fact_id && a.fact == b.fact) {
        let Some(head) = entry.first() else { continue };
        let title = format!("{} {}", head.fact.replace('_', " "), head.fact_id.simple());
        match format {
            Format::Beancount => push(&mut out, format_args!("{} * \"{title}\"\n", head.day)),
            _ => push(&mut out, format_args!("{} * {title}\n", head.day)),
        }
        for line in entry {
            push(
                &mut out,
                format_args!(
                    "    {}    {} EUR\n",
                    name(format, &line.debit),
                    euros(line.amount_cents)
                ),
            );
            push(
                &mut out,
                format_args!(
                    "    {}    -{} EUR\n",
                    name(format, &line.credit),
                    euros(line.amount_cents)
                ),
            );
        }
        out.push('\n');
    }
    if from.is_none()
        && let Some(last) = lines.last()
    {
        assert_balances(&mut out, format, &accounts, last.day);
    }
    Ok(out)
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    out.write_fmt(text).unwrap_or_default();
}

fn declare<'a>(
    out: &mut String,
    format: Format,
    accounts: impl Iterator<Item = &'a String>,
    first: NaiveDate,
) {
    match format {
        Format::Hledger => out.push_str("commodity 1000.00 EUR\n"),
        Format::Ledger => out.push_str("commodity EUR\n    format 1000.00 EUR\n"),
        Format::Beancount => out.push_str("option \"operating_currency\" \"EUR\"\n"),
    }
    for account in accounts {
        match format {
            Format::Beancount => push(out, format_args!("{first} open {account} EUR\n")),
            _ => push(out, format_args!("account {account}\n")),
        }
    }
    out.push('\n');
}

fn assert_balances(
    out: &mut String,
    format: Format,
    accounts: &std::collections::BTreeMap<String, i64>,
    last: NaiveDate,
) {
    match format {
        Format::Beancount => {
            // A beancount assertion holds at the beginning of its day.
            let day = last.succ_opt().unwrap_or(last);
            for (account, cents) in accounts {
                push(
                    out,
                    format_args!("{day} balance {account} {} EUR\n", euros(*cents)),
                );
            }
        }
        _ => {
            push(out, format_args!("{last} * balances\n"));
            for (account, cents) in accounts {
                push(
                    out,
                    format_args!("    {account}    0.00 EUR = {} EUR\n", euros(*cents)),
                );
            }
        }
    }
}

/// Our `467100:merchant_receivable:librairie` as each tool wants account names.
fn name(format: Format, account: &str) -> String {
    let mut parts = account.trim_end_matches(':').split(':');
    let (code, kind, owner) = (
        parts.next().unwrap_or(""),
        parts.next().unwrap_or(""),
        parts.next(),
    );
    let class = match kind {
        "association_pending" | "association_payable" => "liabilities",
        "provider_fees" => "expenses",
        _ => "assets",
    };
    let words = |w: &str| {
        w.split(['_', '-'])
            .map(capital)
            .collect::<Vec<_>>()
            .join("-")
    };
    match (format, owner) {
        (Format::Beancount, Some(owner)) => {
            format!("{}:{code}-{}:{}", capital(class), words(kind), words(owner))
        }
        (Format::Beancount, None) => format!("{}:{code}-{}", capital(class), words(kind)),
        (_, Some(owner)) => format!("{class}:{code}:{kind}:{owner}"),
        (_, None) => format!("{class}:{code}:{kind}"),
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
