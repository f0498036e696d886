//! The orders of last month, with which a new world begins.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::opening::Demo;
use super::shop::Order;
use super::world::CAUSES;
use crate::values::{Period, paris_day, paris_midnight};

/// Orders that a new world begins with.
const ORDERS: usize = 30;

/// E-mail, first name, last name, street, postal code, town.
const DONORS: [[&str; 6]; 5] = [
    [
        "camille@example.org",
        "Camille",
        "Durand",
        "3 rue des Lilas",
        "75020",
        "Paris",
    ],
    [
        "ines@example.org",
        "Inès",
        "Benali",
        "18 quai de la Fosse",
        "44000",
        "Nantes",
    ],
    [
        "paul@example.org",
        "Paul",
        "Lefèvre",
        "7 place du Capitole",
        "31000",
        "Toulouse",
    ],
    [
        "awa@example.org",
        "Awa",
        "Diop",
        "25 cours Julien",
        "13006",
        "Marseille",
    ],
    [
        "jeanne@example.org",
        "Jeanne",
        "Ollivier",
        "2 venelle des Ajoncs",
        "29200",
        "Brest",
    ],
];

impl Demo {
    /// Sends last month's orders from a new world's shop, each by a signed webhook, and one refund.
    /// `progress` gets how many were sent and how many there are.
    pub async fn send_last_month(
        &self,
        now: DateTime<Utc>,
        mut progress: impl FnMut(usize, usize),
    ) -> anyhow::Result<()> {
        let first = paris_midnight(Period::of(paris_day(now)).previous().first_day());
        for n in 0..ORDERS {
            let order = order(n, first)?;
            self.shop.send(&order.order_id, &order.checkout()).await?;
            progress(n + 1, ORDERS);
        }
        let refund = json!({
            "type": "checkout.refunded",
            "timestamp": first + TimeDelta::days(9),
            "data": {"order_id": "LL-1004", "refund_id": "A-17", "donation_refunded": true},
        });
        self.shop.send("refund-LL-1004", &refund).await?;
        Ok(())
    }
}

/// One of last month's orders; every seventh customer gives without a name.
fn order(n: usize, first: DateTime<Utc>) -> anyhow::Result<Order> {
    let number = i64::try_from(n)?;
    Ok(Order {
        order_id: format!("LL-{:04}", 1000 + n),
        at: first + TimeDelta::hours(9 + 22 * number),
        total_cents: 1250 + 310 * (number % 7),
        cause: CAUSES
            .get(n % CAUSES.len())
            .map(|[slug, ..]| (*slug).to_owned()),
        donor: if n % 7 == 6 {
            None
        } else {
            DONORS.get(n % DONORS.len()).map(donor)
        },
    })
}

fn donor([email, first_name, last_name, line1, postal_code, city]: &[&str; 6]) -> Value {
    json!({
        "email": email,
        "first_name": first_name,
        "last_name": last_name,
        "locale": "fr",
        "address": {
            "line1": line1,
            "line2": null,
            "postal_code": postal_code,
            "city": city,
            "country": "FR",
        },
    })
}
