//! The pages of a signed-in donor: their donations, causes, profile and receipts.

pub mod causes;
pub mod home;
pub mod profile;
pub mod receipt;
mod tax_year;
