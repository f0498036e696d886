//! What is outside: the bank's files, HTTP, mail. A gateway knows the values and nothing of the domain.

pub mod bank;
pub mod http;
pub mod smtp;
pub mod webhook_client;
