//! The only folder that writes transfers: accounts, the posting rules, posting, balances.

mod accounts;
mod balances;
pub mod export;
mod post;
mod rules;

pub use accounts::{Account, SHARED, open};
pub use balances::{Balance, balances, lock_all_balances, lock_balances, rebuild};
pub use post::{PostError, post};
pub use rules::{
    Fact, Parties, Transfer, bank_credit_unknown, bank_debit_unknown, collection_rejected,
    collection_settled, collection_submitted, donation_recorded, donation_refunded,
    donation_refunded_late, payout_returned, payout_settled, payout_submitted,
};
