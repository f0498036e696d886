//! Donations: recorded as the merchants charged them, refunded, claimed by anonymous givers.

mod choice_request;
mod claim;
mod consent;
mod list;
pub mod manifest;
mod record;
mod recorded_order;
mod refund;
mod stage;

pub use choice_request::{
    ChoiceRequest, ask_to_choose_again, asked_by, end_choice_requests, mark_choice_requested,
    open_choice_requests,
};
pub use claim::{ClaimLink, claim, claim_link, claim_token, of_claim_token};
pub use consent::{
    ConsentRuling, DonationConsent, consent_of, open_consent_cases, rule_on_consent,
};
pub use list::{
    DonationStage, DonorDonation, DonorTotal, MerchantDonation, find, find_by_order, of_donor,
    total_of_donor,
};
pub use record::{Consent, FundedBy, LAST_ORDINAL, NewDonation, RecordError, known, record};
pub use recorded_order::{RecordedOrder, recorded_orders};
pub use refund::{NewRefund, RefundOutcome, Refunded, refund};
