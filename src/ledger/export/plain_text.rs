//! What the formats share: the lines of an entry, and the whole journal of hledger and ledger but
//! for one directive.

use std::fmt::{Arguments, Write as _};

use super::books::{AccountName, Books, Entry};
use crate::values::euros;

/// A journal as hledger and ledger read it. `commodity` declares the euro, in which alone they
/// differ.
pub fn journal(commodity: &str, books: &Books) -> String {
    let sums = books.sums(name);
    let mut out = commodity.to_owned();
    for account in sums.keys() {
        push(&mut out, format_args!("account {account}\n"));
    }
    out.push('\n');
    for entry in &books.entries {
        push(&mut out, format_args!("{} * {}\n", entry.day, entry.title));
        postings(&mut out, entry, name);
    }
    if let Some(day) = books.asserted_on() {
        push(&mut out, format_args!("{day} * balances\n"));
        for (account, cents) in &sums {
            push(
                &mut out,
                format_args!("    {account}    0.00 EUR = {} EUR\n", euros(*cents)),
            );
        }
    }
    out
}

/// An account as `assets:467100:merchant_receivable:librairie`.
fn name(account: &AccountName) -> String {
    let (class, code, kind) = (account.class(), &account.code, &account.kind);
    match &account.owner {
        Some(owner) => format!("{class}:{code}:{kind}:{owner}"),
        None => format!("{class}:{code}:{kind}"),
    }
}

/// The lines of an entry below its title, and an empty line.
pub fn postings(out: &mut String, entry: &Entry, name: fn(&AccountName) -> String) {
    for t in &entry.transfers {
        let amount = euros(t.cents);
        push(
            out,
            format_args!("    {}    {amount} EUR\n", name(&t.debit)),
        );
        push(
            out,
            format_args!("    {}    -{amount} EUR\n", name(&t.credit)),
        );
    }
    out.push('\n');
}

/// Appends formatted text.
pub fn push(out: &mut String, text: Arguments<'_>) {
    // Writing to a String cannot fail.
    out.write_fmt(text).unwrap_or_default();
}
