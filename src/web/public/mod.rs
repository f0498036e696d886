//! Pages and lists open to everyone.

pub mod causes;
pub mod claim;
pub mod complete;
mod linked_donor;
pub mod login;
pub mod unsubscribe;
