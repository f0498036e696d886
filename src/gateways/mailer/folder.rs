//! Mail as `.eml` files: for demonstrations, tests, and until an SMTP server is configured.

use std::path::Path;

use super::error::MailError;
use crate::gateways::files::write_whole;
use crate::values::MailId;

/// Writes a message as `<mail_id>.eml`.
pub async fn write(
    folder: &Path,
    mail_id: MailId,
    message: lettre::Message,
) -> Result<(), MailError> {
    let path = folder.join(format!("{mail_id}.eml"));
    tokio::task::spawn_blocking(move || write_whole(&path, &message.formatted()))
        .await
        .map_err(|e| MailError::File(e.to_string()))?
        .map_err(|e| MailError::File(e.to_string()))
}
