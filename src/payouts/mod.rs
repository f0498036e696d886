//! Payouts (reversements): what arrived goes to the associations, when two people of the team
//! approve.

mod approve;
mod cover;
mod files;
mod give_back;
mod list;
mod pay_again;
mod payee;
mod prepare;
mod refuse;
mod report;
mod settle;
mod state;
mod take_back;
mod unmake;

pub use approve::{Approval, ApproveError, approve, submit_waiting};
pub use cover::{Cover, cover};
pub use files::{
    ClaimedFile, PayoutOrder, claim_file, mark_written, order, order_to_be, unwritten_orders,
};
pub use give_back::{GiveBackError, GivenBack, NewGiveBack, give_back};
pub use list::{Payout, list};
pub use pay_again::pay_again;
pub use payee::Payee;
pub use prepare::{MINIMUM_CENTS, prepare};
pub use refuse::refuse;
pub use report::{
    OpenClaim, PayoutReport, ReportAccount, ReportLine, ReportLineKind, mark_reported, open_claims,
    report_account, report_csv, report_lines, unreported, write_report,
};
pub use settle::{PayoutChange, PayoutEvent, SentPayout, sent_by_id, sent_by_reference, settle};
pub use state::{MoveError, PayoutState};
pub use take_back::{
    take_back_of_association, take_back_of_collections, take_back_one, take_back_prepared,
};
