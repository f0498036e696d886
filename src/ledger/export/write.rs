//! Reads the books once and writes them in the format that is asked for.

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::books::Books;
use super::{beancount, hledger, ledger};

/// A plain-text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Hledger,
    Ledger,
    Beancount,
}

/// Writes the books from a day (inclusive) to another (exclusive): all accounts declared, one entry
/// a fact, and, when the books are exported from their beginning, the balance of each account
/// asserted at the end.
pub async fn export(
    db: &mut PgConnection,
    format: Format,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<String, sqlx::Error> {
    let books = Books::load(db, from, to).await?;
    Ok(match format {
        Format::Hledger => hledger::write(&books),
        Format::Ledger => ledger::write(&books),
        Format::Beancount => beancount::write(&books),
    })
}
