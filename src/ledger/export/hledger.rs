//! The format of hledger (hledger.org).

use super::books::Books;
use super::plain_text::journal;

pub fn write(books: &Books) -> String {
    journal("commodity 1000.00 EUR\n", books)
}
