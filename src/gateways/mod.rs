//! What is outside: the bank's files. A gateway knows the values and nothing of the domain.

pub mod bank_files;
pub mod simulated_bank;
pub mod smtp;
