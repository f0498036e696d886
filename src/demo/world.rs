//! The made-up world: associations in the four themes, a shop, two operators, and the donations of last month.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Demo, Order};
use crate::app::App;
use crate::parties::{association, cause, endpoint, merchant, operator};
use crate::values::{EndpointId, Period, paris_day, paris_midnight};

/// The slug of the demonstration's merchant.
const SHOP: &str = "librairie-des-lilas";

/// Orders that a new world begins with.
const ORDERS: usize = 30;

/// Slug, name, object, SIREN, IBAN, rate, town: bodies that do not exist, with numbers that check.
const ASSOCIATIONS: [[&str; 7]; 5] = [
    [
        "haies-vivantes",
        "Haies Vivantes",
        "Planter et soigner des haies",
        "900000019",
        "FR7630006000011020304161158",
        "66",
        "35000 Rennes",
    ],
    [
        "rivieres-claires",
        "Rivières Claires",
        "Rendre les rivières aux poissons",
        "900000027",
        "FR7630006000011020304272223",
        "66",
        "63000 Clermont-Ferrand",
    ],
    [
        "table-ouverte",
        "La Table Ouverte",
        "Servir un repas chaud à qui n'en a pas",
        "900000035",
        "FR7630006000011020304383385",
        "75",
        "59000 Lille",
    ],
    [
        "grand-air",
        "Grand Air",
        "Offrir des vacances aux enfants qui ne partent pas",
        "900000043",
        "FR7630006000011020304494450",
        "66",
        "13002 Marseille",
    ],
    [
        "mille-et-une",
        "Mille et Une",
        "Soutenir la recherche sur les maladies rares",
        "900000050",
        "FR7630006000011020304605515",
        "66",
        "69003 Lyon",
    ],
];

/// Slug, theme, association, title.
const CAUSES: [[&str; 4]; 6] = [
    [
        "haies",
        "environment",
        "haies-vivantes",
        "Planter des haies",
    ],
    [
        "vergers",
        "environment",
        "haies-vivantes",
        "Sauver les vieux vergers",
    ],
    [
        "rivieres",
        "environment",
        "rivieres-claires",
        "Rendre les rivières aux poissons",
    ],
    [
        "repas",
        "exclusion",
        "table-ouverte",
        "Un repas chaud pour chacun",
    ],
    [
        "vacances",
        "childhood",
        "grand-air",
        "Une semaine de vacances pour un enfant",
    ],
    [
        "maladies-rares",
        "medical-research",
        "mille-et-une",
        "Chercher contre les maladies rares",
    ],
];

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

/// Finds the world's endpoint, or makes the world; returns whether it was made.
pub async fn open(app: &App) -> anyhow::Result<(EndpointId, bool)> {
    let now = Utc::now();
    let mut tx = app.db.begin().await?;
    if let Some(endpoint) = endpoint::of_merchant(&mut tx, SHOP).await? {
        return Ok((endpoint, false));
    }
    for [slug, name, object, siren, iban, rate, town] in ASSOCIATIONS {
        let (postal_code, city) = town.split_once(' ').unwrap_or((town, ""));
        let file = json!({
            "slug": slug, "name": name, "kind": "general-interest", "object": format!("{object} (association imaginée pour la démonstration)"),
            "siren": siren, "rna": null, "email": format!("tresorerie@{slug}.example"),
            "address": {"line1": "1 rue de l'Exemple", "postal_code": postal_code, "city": city, "country": "FR"},
            "iban": iban, "bic": "AGRIFRPP", "rate": rate, "articles": ["200"], "financial_year_end": "12-31",
            "signatory": {"name": "Anne Le Goff", "capacity": "Présidente"},
            "receipt_mandate": {"signed_on": "2026-01-05", "reference": format!("MR-{siren}")}
        });
        association::add(
            &mut tx,
            now,
            &association::read(file.to_string().as_bytes())?,
        )
        .await?;
    }
    for [slug, theme, of, title] in CAUSES {
        cause::add(&mut tx, now, slug, theme, of, title).await?;
    }
    let new = merchant::NewMerchant {
        slug: Some(SHOP.into()),
        default_cause: Some("haies".into()),
        ..merchant::NewMerchant::named("Librairie des Lilas", "compta@librairie-des-lilas.example")
    };
    let added = merchant::add(&mut tx, now, app.key.expose(), &new).await?;
    for email in ["lea@obole.example", "hugo@obole.example"] {
        operator::add(
            &mut tx,
            now,
            &crate::values::Email::parse(email).map_err(anyhow::Error::msg)?,
        )
        .await?;
    }
    tx.commit().await?;
    Ok((added.endpoint_id, true))
}

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
    json!({"email": email, "first_name": first_name, "last_name": last_name, "locale": "fr",
        "address": {"line1": line1, "line2": null, "postal_code": postal_code, "city": city, "country": "FR"}})
}
