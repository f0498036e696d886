//! Full books: donations that are there before anything is measured.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures_util::{TryStreamExt as _, stream};
use sqlx::FromRow;

use crate::app::App;
use crate::ledger::{self, Fact, Parties};
use crate::values::{Amount, DonationId};

/// Donations written in one database transaction.
const BATCH: usize = 100_000;

/// Donations to write before anything is measured.
pub struct BookFill {
    pub donations: usize,
    /// How many named donors they come from, who are added too; none for anonymous donations.
    pub donors: usize,
    /// When they were made; otherwise over the last three hundred days.
    pub at: Option<DateTime<Utc>>,
}

impl BookFill {
    /// Anonymous donations over the last three hundred days.
    pub const fn anonymous(donations: usize) -> Self {
        Self {
            donations,
            donors: 0,
            at: None,
        }
    }
}

/// A donation that was written, as the ledger needs it.
#[derive(FromRow)]
struct WrittenDonation {
    donation_id: DonationId,
    merchant: String,
    association: String,
    amount_cents: i64,
    occurred_at: DateTime<Utc>,
}

/// Writes donations, spread over all merchants and causes, and posts them.
pub async fn fill_books(app: &App, fill: &BookFill) -> anyhow::Result<()> {
    sqlx::query(
        "insert into donor (donor_id, email, first_name, last_name, address, created_at)
         select md5('donor' || n)::uuid, 'd' || n || '@example.org', 'Camille', 'Durand-' || n,
           jsonb_build_object('line1', n || ' rue des Lilas', 'postal_code', '75020',
             'city', 'Paris', 'country', 'FR'), now()
         from generate_series(0, $1::bigint - 1) n",
    )
    .bind(i64::try_from(fill.donors)?)
    .execute(&app.db)
    .await?;
    let batches = stream::iter((0..fill.donations).step_by(BATCH).map(anyhow::Ok));
    batches
        .try_for_each_concurrent(2, |first| write_batch(app, fill, first))
        .await
}

/// Writes and posts the donations from the nth on.
async fn write_batch(app: &App, fill: &BookFill, first: usize) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    let written: Vec<WrittenDonation> = sqlx::query_as(
        "with payer as (
           select merchant_id, row_number() over (order by slug) - 1 as nth from merchant),
         chosen as (
           select cause_id, association_id, row_number() over (order by slug) - 1 as nth
             from cause),
         counts as materialized (
           select (select count(*) from payer) as payers, (select count(*) from chosen) as causes),
         written as (
           insert into donation (donation_id, merchant_id, order_id, event_id, content_hash,
             amount_cents, order_total_cents, cause_id, association_id, donor_id, funded_by,
             consent_preticked, occurred_at, recorded_at)
           select donation_id_of(merchant_id, 'F' || n), merchant_id, 'F' || n, gen_random_uuid(),
             '\\x00', 100, 4590, cause_id, association_id,
             case when $3 > 0 then md5('donor' || n % $3)::uuid end, 'donor', false,
             coalesce($4 + n % 1000 * interval '1 second', now() - (n % 300) * interval '1 day'),
             now()
           from generate_series($1::bigint, $2::bigint - 1) n cross join counts
           join payer on payer.nth = n % payers join chosen on chosen.nth = n % causes
           returning donation_id, merchant_id, association_id, amount_cents, occurred_at)
         select donation_id, m.slug as merchant, a.slug as association, amount_cents, occurred_at
         from written join merchant m using (merchant_id)
         join association a using (association_id)",
    )
    .bind(i64::try_from(first)?)
    .bind(i64::try_from((first + BATCH).min(fill.donations))?)
    .bind(i64::try_from(fill.donors)?)
    .bind(fill.at)
    .fetch_all(&mut *tx)
    .await?;
    let transfers: Vec<_> = written
        .iter()
        .map(|d| {
            let fact = Fact {
                id: d.donation_id.0,
                occurred_at: d.occurred_at,
            };
            let parties = Parties {
                merchant: &d.merchant,
                association: &d.association,
            };
            let amount = Amount::from_cents(d.amount_cents)?;
            Ok(ledger::donation_recorded(fact, parties, amount))
        })
        .collect::<anyhow::Result<_>>()?;
    ledger::post(&mut tx, Utc::now(), &transfers).await?;
    Ok(tx.commit().await?)
}

/// Does what autovacuum and checkpoints do in time, after a sudden fill: statistics, visibility,
/// pages on the disk.
pub async fn vacuum_and_checkpoint(app: &App) -> anyhow::Result<()> {
    let cluster = app
        .cluster
        .as_ref()
        .context("the bench has a private PostgreSQL")?;
    let mut owner = sqlx::ConnectOptions::connect(&cluster.options("obole")).await?;
    sqlx::query("vacuum analyze").execute(&mut owner).await?;
    sqlx::query("checkpoint").execute(&mut owner).await?;
    Ok(())
}
