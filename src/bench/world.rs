//! The bench's world: fifty shops, twelve associations, and events that nobody told before.

use chrono::Utc;
use serde_json::json;
use uuid::Uuid;

use crate::app::App;
use crate::parties::{association, cause, endpoint, merchant};
use crate::values::{EndpointId, MerchantId};

/// Customers, who come again.
const DONORS: usize = 20_000;
/// A body's usual size.
pub const BODY_BYTES: usize = 400;

/// One shop: where it posts, and with what it signs.
pub struct Shop {
    pub merchant_id: MerchantId,
    pub endpoint_id: EndpointId,
    pub secret: Vec<u8>,
    /// What its programs ask the API with.
    pub api_key: String,
}

/// The shops of a run.
pub struct World {
    pub shops: Vec<Shop>,
    /// Makes the orders of each run new.
    run: String,
    associations: usize,
}

impl World {
    /// So many shops and associations, each with one cause.
    pub async fn open(app: &App, shops: usize, associations: usize) -> anyhow::Result<Self> {
        let now = Utc::now();
        let mut tx = app.db.begin().await?;
        for n in 0..associations {
            let file = json!({"slug": format!("association-{n}"), "name": format!("Association {n}"), "kind": "general-interest", "object": "Bench",
                "siren": null, "rna": "W751234567", "email": format!("a{n}@example.org"),
                "address": {"line1": "1 rue", "postal_code": "75001", "city": "Paris", "country": "FR"},
                "iban": "FR7630006000011234567890189", "bic": "AGRIFRPP", "rate": "66", "articles": ["200"], "financial_year_end": "12-31",
                "signatory": {"name": "A", "capacity": "B"}, "receipt_mandate": {"signed_on": "2026-01-05", "reference": "M"}});
            association::add(
                &mut tx,
                now,
                &association::read(file.to_string().as_bytes())?,
            )
            .await?;
            cause::add(
                &mut tx,
                now,
                &format!("cause-{n}"),
                "environment",
                &format!("association-{n}"),
                "Bench",
            )
            .await?;
        }
        let mut opened = Vec::with_capacity(shops);
        for n in 0..shops {
            let new = merchant::NewMerchant {
                default_cause: Some("cause-0".into()),
                ..merchant::NewMerchant::named(&format!("Shop {n}"), &format!("s{n}@example.org"))
            };
            let added = merchant::add(&mut tx, now, app.key.expose(), &new).await?;
            let secret = endpoint::signing_key(crate::values::Dialect::Standard, &added.secret)
                .map_err(anyhow::Error::msg)?;
            opened.push(Shop {
                merchant_id: added.merchant_id,
                endpoint_id: added.endpoint_id,
                secret,
                api_key: added.api_key,
            });
        }
        tx.commit().await?;
        Ok(Self {
            shops: opened,
            associations,
            run: Uuid::now_v7().simple().to_string().split_off(20),
        })
    }

    /// The shop, the order and the body of the nth event.
    #[must_use]
    pub fn event(&self, n: usize) -> (&Shop, String, String) {
        let shop = &self.shops[n % self.shops.len()];
        let (order, donor) = (format!("B{}-{n}", self.run), n * 7919 % DONORS);
        let body = format!(
            r#"{{"type":"checkout.completed","timestamp":"{}","data":{{"order_id":"{order}","order_total":"45.90","currency":"EUR","donation":{{"amount":"1.00","cause":"cause-{}"}},"consent":{{"shown_at":"2026-11-24T09:59:41Z","text_version":"2026-1","preticked":false}},"donor":{{"email":"donor{donor}@example.org","first_name":"Camille","last_name":"Durand","address":{{"line1":"3 rue des Lilas","postal_code":"75020","city":"Paris","country":"FR"}},"locale":"fr"}}}}}}"#,
            Utc::now().format("%Y-%m-%dT%H:%M:%SZ"),
            n % self.associations
        );
        (shop, order, body)
    }
}
