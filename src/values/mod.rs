//! Words without I/O: money, ids, time, identity, bank. Everything else is built from them.

mod bank;
mod csv;
mod dialect;
mod field;
mod identity;
mod ids;
mod locale;
mod message;
mod money;
mod reader;
mod secret;
mod time;

pub use bank::{BankAccount, BankLine, BankSide, Bic, Iban, rf_reference};
pub use csv::csv_field;
pub use dialect::{Dialect, DialectError};
pub use field::{FieldError, listed};
pub use identity::{Email, PostalAddress, Rna, Siren, slug_is_valid};
pub use ids::{
    AssociationId, CauseId, CollectionId, DonationId, DonorId, EndpointId, EventId, IdError,
    MailId, MerchantId, MessageId, OperatorId, PayoutId, ReceiptId, SubscriptionId, derived_id,
};
pub use locale::{Locale, LocaleError};
pub use message::MailContent;
pub use money::{Amount, AmountError, euros, figures, grouped, parse_cents};
pub use reader::{AssociationRole, MerchantRole, Reader, Scope, TeamRole};
pub use secret::Secret;
pub use time::{Period, french_day, paris_day, paris_midnight};

/// Serialises a value as it prints.
pub fn as_text<S: serde::Serializer>(
    value: &impl std::fmt::Display,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}
