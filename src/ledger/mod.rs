//! The only folder that writes transfers: accounts, the posting rules, posting, balances.

mod accounts;
mod balances;
pub mod export;
mod post;
mod rules;

pub use accounts::{Account, SHARED, open};
pub use balances::{Balance, balances, lock_balances, post_unposted_donations, rebuild};
pub use post::{PostError, post};
pub use rules::*;
