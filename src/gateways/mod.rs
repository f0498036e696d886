//! What is outside: the bank's files, HTTP, mail. A gateway knows the values and nothing of the domain.

pub mod bank_files;
pub mod http;
pub mod outbound;
pub mod simulated_bank;
pub mod smtp;
