//! Collections (prélèvements): each shop's euros of a month are asked for once, and settle when the bank says they came.

mod prepare;
mod settle;
mod statement;

pub use prepare::{Collection, PrepareError, list, mailed, of_merchant, prepare, unmailed};
pub use settle::{Settled, settle};
pub use statement::{Csv, StatementLine, csv, lines, lines_of_month};
