//! Words without I/O: money, ids, time, identity, bank. Everything else is built from them.

mod bank;
mod body;
mod csv;
mod dialect;
mod end_reason;
mod field;
mod identity;
mod ids;
mod locale;
mod message;
mod money;
mod reader;
mod secret;
mod set_aside;
mod tax_box;
mod tax_date;
mod time;

pub use bank::{
    AccountMissing, BankAccount, BankLine, BankSide, BankStatement, Bic, Iban, LineDetails,
    OrderStatus, StatementKind, is_rf_reference, rf_reference,
};
pub use body::{body_in_words, is_named_by_978};
pub use csv::csv_field;
pub use dialect::{Dialect, DialectError};
pub use end_reason::{EndReason, EndReasonError};
pub use field::{FieldError, listed};
pub use identity::{Email, PostalAddress, Rna, Siren, line_fits, slug_is_valid};
pub use ids::{
    AssociationId, AuditId, CaseId, CauseId, CollectionId, DonationId, DonorId, EndpointId,
    EventId, IdError, LineId, MailId, MerchantId, MessageId, OperatorId, PayoutId, ReceiptId,
    RunId, SubscriptionId, as_text, derived_id,
};
pub use locale::{Locale, LocaleError};
pub use message::MailContent;
pub use money::{Amount, AmountError, euros, figures, grouped, parse_cents};
pub use reader::{AssociationRole, MerchantRole, Reader, Scope, TeamRole};
pub use secret::Secret;
pub use set_aside::SetAside;
pub use tax_box::{TaxBox, TaxBoxError};
pub use tax_date::{TaxDate, TaxDateError};
pub use time::{Period, french_day, paris_day, paris_instant, paris_midnight};
