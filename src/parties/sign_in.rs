//! Sign-in by mailed link: single use, fifteen minutes, hashed at rest; then a session, hashed as
//! well.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::seal;
use crate::values::{DonorId, Email};

const LINK_LASTS: TimeDelta = TimeDelta::minutes(15);
/// Links for one address within the time that a link lasts.
const MOST_LINKS: i64 = 5;
const SESSION_LASTS: TimeDelta = TimeDelta::days(30);

/// Why nobody could be signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("the system gives no randomness")]
    Randomness(#[from] getrandom::Error),
    #[error("the database refused")]
    Database(#[from] sqlx::Error),
}

/// Whether anyone here has this address.
pub async fn is_known(db: &mut PgConnection, email: &Email) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select 1 from donor where email = $1) or exists (select 1
          from operator where email = $1)
           or exists (select 1 from merchant where email = $1) or exists (select 1
             from association where email = $1)",
    )
    .bind(email.as_str())
    .fetch_one(db)
    .await
}

/// A fresh link's token for an address; the token is kept only as a hash.
pub async fn prepare_link(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    email: &Email,
) -> Result<String, SignInError> {
    let (token, hash) = seal::token()?;
    sqlx::query(
        "insert into sign_in_link (token_hash, email, created_at, expires_at)
                  values ($1, $2, $3, $4)",
    )
    .bind(hash)
    .bind(email.as_str())
    .bind(now)
    .bind(now + LINK_LASTS)
    .execute(db)
    .await?;
    Ok(token)
}

/// Consumes a link, once; returns the session's token, or none when the link is unknown, used or
/// too old.
pub async fn consume_link(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    token: &str,
) -> Result<Option<String>, SignInError> {
    let email: Option<String> = sqlx::query_scalar(
        "update sign_in_link set consumed_at = $2 where token_hash = $1 and consumed_at is null
          and expires_at > $2 returning email",
    )
    .bind(seal::hash(token))
    .bind(now)
    .fetch_optional(&mut *db)
    .await?;
    let Some(email) = email else { return Ok(None) };
    let (session, hash) = seal::token()?;
    sqlx::query(
        "insert into session (token_hash, email, created_at, expires_at) values ($1, $2, $3, $4)",
    )
    .bind(hash)
    .bind(email)
    .bind(now)
    .bind(now + SESSION_LASTS)
    .execute(db)
    .await?;
    Ok(Some(session))
}

/// Who is signed in.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Session {
    /// None when no donation carries the address.
    pub donor_id: Option<DonorId>,
}

/// The session of a token, unless it has ended.
pub async fn session(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    token: &str,
) -> Result<Option<Session>, sqlx::Error> {
    sqlx::query_as(
        "select donor_id from session left join donor using (email)
                     where token_hash = $1 and expires_at > $2",
    )
    .bind(seal::hash(token))
    .bind(now)
    .fetch_optional(db)
    .await
}

/// Whether an address has asked for so many links in a quarter of an hour that it gets no more for
/// now.
pub async fn asks_too_often(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    email: &Email,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*) >= $3 from sign_in_link where email = $1 and created_at > $2",
    )
    .bind(email.as_str())
    .bind(now - LINK_LASTS)
    .bind(MOST_LINKS)
    .fetch_one(db)
    .await
}

/// Forgets links and sessions that have ended.
pub async fn forget_ended(db: &mut PgConnection, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("delete from sign_in_link where expires_at < $1")
        .bind(now - LINK_LASTS)
        .execute(&mut *db)
        .await?;
    sqlx::query("delete from session where expires_at < $1")
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}

/// Ends a session.
pub async fn sign_out(db: &mut PgConnection, token: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from session where token_hash = $1")
        .bind(seal::hash(token))
        .execute(db)
        .await?;
    Ok(())
}
