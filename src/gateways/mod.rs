//! Everything outside the process: the bank's files, HTTP, mail. A gateway may use only `values`.

pub mod bank;
pub mod files;
pub mod http;
pub mod mailer;
pub mod webhook_client;
