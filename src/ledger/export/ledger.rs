//! The format of ledger (ledger-cli.org).

use super::books::Books;
use super::plain_text::journal;

pub fn write(books: &Books) -> String {
    journal("commodity EUR\n    format 1000.00 EUR\n", books)
}
