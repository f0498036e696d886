//! The made-up world: associations in the four themes, a shop and two operators.

use chrono::Utc;
use serde_json::json;

use crate::app::App;
use crate::inbox::endpoint;
use crate::parties::{association, cause, operator};
use crate::runs;
use crate::values::{Email, EndpointId};

/// The slug of the demonstration's merchant.
const SHOP: &str = "librairie-des-lilas";

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
pub(super) const CAUSES: [[&str; 4]; 6] = [
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

/// Finds the world's endpoint, or makes the world; returns whether it was made.
pub async fn open(app: &App) -> anyhow::Result<(EndpointId, bool)> {
    let now = Utc::now();
    let mut tx = app.db.begin().await?;
    if let Some(endpoint) = endpoint::find_of_merchant(&mut tx, SHOP).await? {
        return Ok((endpoint, false));
    }
    for [slug, name, object, siren, iban, rate, town] in ASSOCIATIONS {
        let (postal_code, city) = town.split_once(' ').unwrap_or((town, ""));
        let file = json!({
            "slug": slug,
            "name": name,
            "kind": "general-interest",
            "object": format!("{object} (association imaginée pour la démonstration)"),
            "siren": siren,
            "rna": null,
            "email": format!("tresorerie@{slug}.example"),
            "address": {
                "line1": "1 rue de l'Exemple",
                "postal_code": postal_code,
                "city": city,
                "country": "FR",
            },
            "iban": iban,
            "bic": "AGRIFRPP",
            "rate": rate,
            "articles": ["200"],
            "financial_year_end": "12-31",
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
    let new = runs::NewMerchant {
        slug: Some(SHOP.into()),
        default_cause: Some("haies".into()),
        ..runs::NewMerchant::named("Librairie des Lilas", "compta@librairie-des-lilas.example")
    };
    let added = runs::add_merchant(&mut tx, now, app.key.expose(), &new).await?;
    for email in ["lea@obole.example", "hugo@obole.example"] {
        operator::add(
            &mut tx,
            now,
            &Email::parse(email).map_err(anyhow::Error::msg)?,
        )
        .await?;
    }
    tx.commit().await?;
    Ok((added.endpoint_id, true))
}
