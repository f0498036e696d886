//! The merchants and associations of a bench, and the events that the merchants send.

use chrono::Utc;
use serde_json::json;
use uuid::Uuid;

use crate::app::App;
use crate::inbox::endpoint;
use crate::parties::{association, cause};
use crate::runs;
use crate::values::{EndpointId, MerchantId};

/// Distinct donors, so that most events come from a donor who is known.
const DONORS: usize = 20_000;
/// The usual size of a webhook's body.
pub const BODY_BYTES: usize = 400;

/// A merchant, with what it needs to send events and to call the API.
pub struct BenchMerchant {
    pub merchant_id: MerchantId,
    pub endpoint_id: EndpointId,
    /// The key that signs its events.
    pub secret: Vec<u8>,
    pub api_key: String,
}

/// The merchants of a run, each an owner of events.
pub struct Merchants {
    merchants: Vec<BenchMerchant>,
    /// Part of each order's number, so that no run repeats an order of another.
    run: String,
    associations: usize,
}

impl Merchants {
    /// Adds merchants, and associations with one cause each.
    pub async fn add(app: &App, count: usize, associations: usize) -> anyhow::Result<Self> {
        let now = Utc::now();
        let mut tx = app.db.begin().await?;
        for n in 0..associations {
            let file = json!({"slug": format!("association-{n}"),
                "name": format!("Association {n}"), "kind": "general-interest", "object": "Bench",
                "siren": null, "rna": "W751234567", "email": format!("a{n}@example.org"),
                "address": {"line1": "1 rue", "postal_code": "75001", "city": "Paris",
                "country": "FR"},
                "iban": "FR7630006000011234567890189", "bic": "AGRIFRPP", "rate": "66",
                "articles": ["200"], "financial_year_end": "12-31",
                "signatory": {"name": "A", "capacity": "B"},
                "receipt_mandate": {"signed_on": "2026-01-05", "reference": "M"}});
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
        let mut merchants = Vec::with_capacity(count);
        for n in 0..count {
            let new = runs::NewMerchant {
                default_cause: Some("cause-0".into()),
                ..runs::NewMerchant::named(&format!("Merchant {n}"), &format!("s{n}@example.org"))
            };
            let added = runs::add_merchant(&mut tx, now, app.key.expose(), &new).await?;
            let dialect = crate::values::Dialect::Standard;
            let text = endpoint::SecretEncoding::Text;
            let secret =
                endpoint::signing_key(dialect, text, &added.secret).map_err(anyhow::Error::msg)?;
            merchants.push(BenchMerchant {
                merchant_id: added.merchant_id,
                endpoint_id: added.endpoint_id,
                secret,
                api_key: added.api_key,
            });
        }
        tx.commit().await?;
        Ok(Self {
            merchants,
            associations,
            run: Uuid::now_v7().simple().to_string().split_off(20),
        })
    }

    /// The nth event: its merchant, its order and its body. Each n gives another order.
    #[must_use]
    pub fn event(&self, n: usize) -> (&BenchMerchant, String, String) {
        let merchant = &self.merchants[n % self.merchants.len()];
        let (order, donor) = (format!("B{}-{n}", self.run), n * 7919 % DONORS);
        let body = json!({
            "type": "checkout.completed",
            "timestamp": Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "data": {
                "order_id": order,
                "order_total": "45.90",
                "currency": "EUR",
                "donation": {
                    "amount": "1.00",
                    "cause": format!("cause-{}", n % self.associations),
                },
                "consent": {
                    "shown_at": "2026-11-24T09:59:41Z",
                    "text_version": "2026-1",
                    "preticked": false,
                },
                "donor": {
                    "email": format!("donor{donor}@example.org"),
                    "first_name": "Camille",
                    "last_name": "Durand",
                    "address": {
                        "line1": "3 rue des Lilas",
                        "postal_code": "75020",
                        "city": "Paris",
                        "country": "FR",
                    },
                    "locale": "fr",
                },
            },
        })
        .to_string();
        (merchant, order, body)
    }
}
