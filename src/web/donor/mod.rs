//! The donor's pages: euros and their stations, causes, profile, receipts.

pub mod causes;
pub mod home;
pub mod profile;
pub mod receipt;
