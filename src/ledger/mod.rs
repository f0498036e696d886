//! The only folder that writes transfers: accounts, the posting rules, posting, balances.

mod accounts;
mod balances;
pub mod export;
mod post;
mod rules;

pub use accounts::{Account, SHARED, open};
pub use balances::{Balance, balances, lock_all_balances, lock_balances, rebuild};
pub use post::{PostError, open_and_post, post};
pub use rules::{
    Arrived, AssociationShare, Borne, Fact, MoneyAt, PaidFrom, Parties, Transfer,
    bank_credit_unknown, bank_debit_unknown, bank_fee, bank_fee_undone, bank_next_month,
    bank_next_month_undone, bank_top_up, bank_top_up_undone, collection_reinstated,
    collection_rejected, collection_return_shown, collection_return_told,
    collection_return_withdrawn, collection_returned, collection_settled, collection_submitted,
    collection_written_off, donation_recorded, donation_refunded, donation_refunded_after_payout,
    donation_refunded_late, payout_refused, payout_returned, payout_settled, payout_submitted,
    payout_unmade_promise, payout_unmade_refund, refund_agreed, refund_borne, refund_recovered,
};
