//! One event with its body, for a person to look at: what is personal in it is masked.

use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;

use super::list::{EventRow, EventSummary, resolve_states};
use super::state::EventState;
use crate::values::{EventId, Reader};

/// An event with its body, personal data masked.
#[derive(Clone, Debug, Serialize)]
pub struct EventWithBody {
    #[serde(flatten)]
    pub event: EventSummary,
    /// Null when it is no longer kept.
    pub body: Value,
    /// For a conflict: the body that came first under its delivery key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came_first: Option<Value>,
}

/// One event; none when there is none that the reader may see.
pub async fn show(
    db: &mut PgConnection,
    reader: Reader,
    id: EventId,
) -> Result<Option<EventWithBody>, sqlx::Error> {
    let merchants = reader.merchants();
    let mut rows: Vec<EventRow> = sqlx::query_as(
        "with found as (
           select event_id, endpoint_id, delivery_key, received_at, reason, attempts, outcome,
             waiting_state
           from inbox_state where event_id = $1
           union all
           -- A conflict is not in inbox_event.
           select event_id, endpoint_id, delivery_key, received_at, reason, attempts, null, state
           from inbox_problem p where event_id = $1 and not exists (
             select 1 from inbox_event i where i.endpoint_id = p.endpoint_id
               and i.delivery_key = p.delivery_key and i.event_id = p.event_id))
         select f.event_id, f.endpoint_id, f.delivery_key, f.received_at, m.slug as merchant,
           f.reason, f.attempts, b.headers->>'topic' as topic, b.body,
           case when e.test then 'test' else coalesce(
             f.waiting_state, case when f.outcome is not null then 'posted' end) end as state
         from found f join endpoint e using (endpoint_id) join merchant m using (merchant_id)
         left join inbox_body b on b.event_id = f.event_id and b.received_at = f.received_at
         where $2 or m.merchant_id = $3",
    )
    .bind(id)
    .bind(merchants.sees_all())
    .bind(merchants.only())
    .fetch_all(&mut *db)
    .await?;
    resolve_states(db, &mut rows).await?;
    let Some(row) = rows.pop() else {
        return Ok(None);
    };
    let came_first = if row.state == Some(EventState::Conflict) {
        load_first(db, &row).await?
    } else {
        None
    };
    Ok(Some(EventWithBody {
        body: row.body.as_deref().map_or(Value::Null, masked),
        came_first: came_first.as_deref().map(masked),
        event: row.summary(),
    }))
}

/// The body that came first under a conflict's delivery key.
async fn load_first(
    db: &mut PgConnection,
    conflict: &EventRow,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar(
        "select body from inbox_event join inbox_body using (event_id, received_at)
         where endpoint_id = $1 and delivery_key = $2 and event_id <> $3",
    )
    .bind(conflict.endpoint_id)
    .bind(&conflict.delivery_key)
    .bind(conflict.event_id)
    .fetch_optional(db)
    .await
}

/// Names under which bodies of all dialects carry what is personal.
const PERSONAL: [&str; 22] = [
    "donor",
    "customer",
    "customer_details",
    "billing",
    "shipping",
    "billing_address",
    "shipping_address",
    "email",
    "customer_email",
    "contact_email",
    "phone",
    "first_name",
    "last_name",
    "address",
    "line1",
    "line2",
    "address1",
    "address2",
    "client_details",
    "browser_ip",
    "note",
    "customer_note",
];

/// A body in which every text and number under a personal name reads `***`.
fn masked(body: &[u8]) -> Value {
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            mask(&mut value, false);
            value
        }
        Err(_) => format!("{} bytes that are not JSON", body.len()).into(),
    }
}

fn mask(value: &mut Value, personal: bool) {
    match value {
        Value::Object(fields) => fields
            .iter_mut()
            .for_each(|(name, v)| mask(v, personal || PERSONAL.contains(&name.as_str()))),
        Value::Array(values) => values.iter_mut().for_each(|v| mask(v, personal)),
        Value::String(_) | Value::Number(_) if personal => *value = "***".into(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_personal_is_masked_wherever_it_stands() {
        let body = json!({"type": "checkout.completed", "data": {"order_id": "FR-1",
            "donor": {"email": "camille@example.org", "address": {"zip": 75020, "vip": true}},
            "lines": [{"note": "for Zoé", "sku": "OBOLE-1"}]}});
        assert_eq!(
            masked(body.to_string().as_bytes()),
            json!({"type": "checkout.completed", "data": {"order_id": "FR-1",
                "donor": {"email": "***", "address": {"zip": "***", "vip": true}},
                "lines": [{"note": "***", "sku": "OBOLE-1"}]}})
        );
        assert_eq!(masked(b"\xff"), json!("1 bytes that are not JSON"));
    }
}
