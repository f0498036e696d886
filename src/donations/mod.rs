//! Donations: recorded as the shops charged them, refunded, claimed by anonymous givers.

mod claim;
mod list;
mod record;
mod refund;

pub use claim::{ClaimError, claim, claim_token, of_claim_token};
pub use list::{Followed, Given, given_by, of_donor};
pub use record::{Consent, NewDonation, RecordError, known, record};
pub use refund::{NewRefund, Refunded, refund};
