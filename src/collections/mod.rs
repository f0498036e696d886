//! Collections (prélèvements): each merchant's donations of a month are asked for once, and settle
//! when the bank says that the money came.

mod accept_part;
mod asked;
mod fail;
mod list;
mod prepare;
mod settle;
mod shares;
mod state;
mod statement;
mod submit;
mod sums;
mod told;
mod untold;
mod write_off;

pub use accept_part::{AcceptPartError, AcceptedPart, accept_part};
pub use asked::{AskedCollection, asked_by_id, asked_by_reference, named, rail_of};
pub use fail::{
    Return, open_unpaid_cases, reject, return_settled, return_told, stop_waiting, undo_settlement,
};
pub use list::{Collection, CollectionFilter, list, mark_mailed};
pub use prepare::{PrepareError, PreparedMonth, prepare};
pub use settle::{Payment, settle};
pub use state::{CollectionState, MoveError};
pub use statement::{Csv, LineKind, StatementLine, csv, lines, lines_of_month};
pub use submit::{ask_again, submit};
pub use sums::{
    FailedPayment, ReturnedPayment, StatementSums, failed_payments, returned_payments, sums,
    waiting_credits,
};
pub use told::{ShownReturn, ToldReturn, show_returns, unshown_returns, withdraw_return};
pub use untold::{UntoldCollection, mark_told, untold};
pub use write_off::write_off;
