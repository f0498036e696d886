//! Pages and lists open to everyone.

pub mod causes;
pub mod claim;
pub mod complete;
pub mod login;
pub mod unsubscribe;
