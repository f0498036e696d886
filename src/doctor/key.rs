//! The key: there, closed to others, and the one of the database.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::database::Database;
use super::finding::Finding;
use crate::app::{KeyError, find_key, key_file};
use crate::parties::key_sentinel::{self, KeyMatch};
use crate::settings::Settings;

const NAME: &str = "key";

const RESTORE: &str = "restore the key from the backup made with the database: the file \
                       OBOLE_DATA/secret.key, or the setting OBOLE_SECRET_KEY";

/// Examines the key, and its file when no setting gives it.
pub(super) async fn examine(settings: &Settings, database: Option<&mut Database>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let file = key_file(settings);
    if settings.secret_key.is_none() {
        findings.extend(examine_file(&file));
    }
    let key = match find_key(settings) {
        Ok(key) => key,
        Err(error @ KeyError::Unreadable(_)) => {
            findings.push(Finding::wrong(NAME, error.to_string(), RESTORE));
            return findings;
        }
        Err(error) => {
            let mend = format!("let this user read {}", file.display());
            findings.push(Finding::wrong(NAME, describe(&error), mend));
            return findings;
        }
    };
    let Some(database) = database.filter(|d| d.has_schema()) else {
        findings.push(match key {
            Some(_) => Finding::ok(NAME, "there; not compared, as there is no schema to read"),
            None => Finding::ok(
                NAME,
                "none yet; the first start beside an empty schema makes it",
            ),
        });
        return findings;
    };
    let compared = match &key {
        Some(key) => key_sentinel::compare(&mut database.connection, key.expose()).await,
        None => match key_sentinel::is_anything_sealed(&mut database.connection).await {
            Ok(true) => {
                let missing = format!("{} is missing and this database needs it", file.display());
                findings.push(Finding::wrong(NAME, missing, RESTORE));
                return findings;
            }
            sealed => sealed.map(|_| KeyMatch::NothingSealed),
        },
    };
    findings.push(match compared {
        Ok(KeyMatch::Opens | KeyMatch::OpensWithoutSentinel) => {
            Finding::ok(NAME, "opens what is sealed in the database")
        }
        Ok(KeyMatch::NothingSealed) => Finding::ok(NAME, "nothing is sealed in the database yet"),
        Ok(KeyMatch::Differs) => Finding::wrong(
            NAME,
            "it is not the key of this database: secrets and receipts cannot be read, and every \
             webhook would be refused",
            RESTORE,
        ),
        Err(error) => Finding::wrong(
            NAME,
            format!("it cannot be compared with the database: {error}"),
            "mend what the findings on the database say, and run this again",
        ),
    });
    findings
}

/// Mode and owner of the key's file, when they are not as they should be.
fn examine_file(file: &Path) -> Option<Finding> {
    let metadata = fs::metadata(file).ok()?;
    let path = file.display();
    if metadata.mode() & 0o077 != 0 {
        return Some(Finding::warning(
            NAME,
            format!("{path} can be read by others than its owner"),
            format!("chmod 600 {path}"),
        ));
    }
    let user = rustix::process::geteuid().as_raw();
    (metadata.uid() != user).then(|| {
        Finding::warning(
            NAME,
            format!(
                "{path} belongs to user {}, not to user {user}",
                metadata.uid()
            ),
            format!("run Obole as the user that owns the file, or chown {user} {path}"),
        )
    })
}

fn describe(error: &KeyError) -> String {
    match error {
        KeyError::File { source, .. } => format!("{error}: {source}"),
        other => other.to_string(),
    }
}
