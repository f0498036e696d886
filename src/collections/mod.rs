//! Collections (prélèvements): each shop's euros of a month are asked for once, and settle when the bank says they came.

/// How the donation `d` of a link `l` is found: by its key, however large the planner believes the tables to be; or, for the links
/// of many shops, `$2`, in one reading of their donations.
macro_rules! donation_of {
    (a_link) => {
        " cross join lateral (select * from donation d where d.donation_id = l.donation_id limit 1) d "
    };
    (many_links) => {
        " join (select * from donation where merchant_id = any($2)) d using (donation_id) "
    };
}

mod prepare;
mod settle;
mod statement;

pub use prepare::{Collection, PrepareError, list, mark_mailed, of_merchant, prepare, unmailed};
pub use settle::settle;
pub use statement::{Csv, StatementLine, csv, lines, lines_of_month};
