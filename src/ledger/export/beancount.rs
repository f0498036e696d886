//! The format of beancount (beancount.github.io): accounts are opened on a day, and their parts
//! begin with a capital.

use super::books::{AccountName, Books};
use super::plain_text::{postings, push};
use crate::values::euros;

pub fn write(books: &Books) -> String {
    let sums = books.sums(name);
    let mut out = String::from("option \"operating_currency\" \"EUR\"\n");
    let first = books.first_day();
    for account in sums.keys() {
        push(&mut out, format_args!("{first} open {account} EUR\n"));
    }
    out.push('\n');
    for entry in &books.entries {
        push(
            &mut out,
            format_args!("{} * \"{}\"\n", entry.day, entry.title),
        );
        postings(&mut out, entry, name);
    }
    if let Some(last) = books.asserted_on() {
        // Beancount checks an assertion at the beginning of its day.
        let day = last.succ_opt().unwrap_or(last);
        for (account, cents) in &sums {
            push(
                &mut out,
                format_args!("{day} balance {account} {} EUR\n", euros(*cents)),
            );
        }
    }
    out
}

/// An account as `Assets:467100-Merchant-Receivable:Librairie`.
fn name(account: &AccountName) -> String {
    let (class, kind) = (capitalized(account.class()), capitalized(&account.kind));
    let code = &account.code;
    match &account.owner {
        Some(owner) => format!("{class}:{code}-{kind}:{}", capitalized(owner)),
        None => format!("{class}:{code}-{kind}"),
    }
}

/// Each word of a name with a capital, joined by hyphens.
fn capitalized(name: &str) -> String {
    let words = name.split(['_', '-']).map(|word| {
        let mut characters = word.chars();
        characters.next().map_or_else(String::new, |c| {
            c.to_uppercase().chain(characters).collect()
        })
    });
    words.collect::<Vec<String>>().join("-")
}
