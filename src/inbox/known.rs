//! Whether an order is known to have given, asked before an event is kept that is nothing
//! otherwise.

use sqlx::PgConnection;

use super::event::Event;
use crate::donations;
use crate::values::MerchantId;

/// Whether a donation is recorded of the order that an event is about.
pub async fn is_known(
    db: &mut PgConnection,
    merchant: MerchantId,
    event: &Event,
) -> Result<bool, sqlx::Error> {
    let Some(id) = event.donation_id(merchant) else {
        return Ok(false);
    };
    Ok(!donations::known(db, &[id]).await?.is_empty())
}
