//! Donations: recorded as the shops charged them, refunded, claimed by anonymous givers.

mod claim;
mod list;
pub mod manifest;
mod record;
mod refund;

pub use claim::{ClaimError, claim, claim_token, of_claim_token};
pub use list::{
    DonorDonation, DonorTotal, MerchantDonation, Which, given_by, of_donor, of_merchant,
};
pub use record::{Consent, NewDonation, RecordError, known, record};
pub use refund::{NewRefund, RefundOutcome, refund};
