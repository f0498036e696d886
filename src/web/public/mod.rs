//! Pages and lists for everyone.

pub mod causes;
pub mod claim;
pub mod login;
pub mod unsubscribe;
