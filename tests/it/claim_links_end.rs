//! A claim link ends: when it was used, after its days, when the donation was given back; and then
//! it gives nothing to whoever has it.

use obole::settings::Settings;
use serde_json::Value;

use crate::queued::as_owner;
use crate::shop::{Service, checkout, refund};

/// A service that was told of an anonymous donation, and the donation's link.
async fn anonymous(change: impl FnOnce(&mut Settings)) -> (Service, String) {
    let s = Service::start_with(change).await;
    let event = checkout("FR-1", |e| e["data"]["donor"] = Value::Null);
    let (status, answer) = s.shop.send("m-1", &event).await;
    assert_eq!(status, 200, "{answer}");
    s.posted().await;
    let url = answer["claim_url"].as_str().unwrap().to_owned();
    (s, url)
}

/// The page of a link in a language, without the spaces that cannot break.
async fn page(s: &Service, url: &str, language: &str) -> String {
    let request = s.shop.http.get(url).header("accept-language", language);
    let page = request.send().await.unwrap().text().await.unwrap();
    page.replace(['\u{a0}', '\u{202f}'], " ")
}

/// Claims as Zoé, with some fields otherwise. Returns status and page.
async fn claim(s: &Service, url: &str, other: &[(&str, &str)]) -> (u16, String) {
    let mut fields = vec![
        ("email", "zoe@example.org"),
        ("first_name", "Zoé"),
        ("last_name", "Blanc"),
        ("line1", "1 place du Puits"),
        ("postal_code", "69001"),
        ("city", "Lyon"),
    ];
    for (name, value) in other {
        fields.retain(|(n, _)| n != name);
        fields.push((name, value));
    }
    let request = s.shop.http.post(url).header("accept-language", "en");
    let response = request.form(&fields).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// Both languages say so, and there is neither a form nor anything of the donation.
async fn says_and_gives_nothing(s: &Service, url: &str, en: &str, fr: &str) {
    for (language, words) in [("en", en), ("fr", fr)] {
        let page = page(s, url, language).await;
        assert!(page.contains(words), "{page}");
        let main = page.split("<main").nth(1).unwrap();
        let main = main.split("</main>").next().unwrap();
        for given in [
            "<form",
            "<a ",
            "Zoé",
            "zoe@",
            "Lyon",
            "FR-1",
            "1.00",
            "Librairie",
        ] {
            assert!(!main.contains(given), "{given}: {main}");
        }
    }
    let (status, page) = claim(s, url, &[("email", "paul@example.org")]).await;
    assert!(status == 200 && page.contains(en), "{status} {page}");
}

const CLAIMS: &str = "select count(*) from donation_claim";

#[tokio::test]
async fn a_used_link_gives_nothing_to_whoever_it_is_forwarded_to() {
    let (s, url) = anonymous(|_| ()).await;
    assert!(page(&s, &url, "en").await.contains("<form"));
    let (_, done) = claim(&s, &url, &[]).await;
    assert!(done.contains("in your name"), "{done}");
    says_and_gives_nothing(&s, &url, "This link has been used", "Ce lien a déjà servi").await;
    assert_eq!(s.count(CLAIMS).await, 1);
    assert_eq!(
        s.count("select count(*) from donor").await,
        1,
        "Paul is none"
    );
    s.checked().await;
}

#[tokio::test]
async fn a_link_ends_its_days_after_the_donations_record() {
    let (s, url) = anonymous(|settings| settings.claim_days = 30).await;
    as_owner(&s, "alter table donation disable trigger all").await;
    let aged = "update donation set occurred_at = now() - interval '40 days',
        recorded_at = now() - interval '30 days' + interval '1 minute'";
    as_owner(&s, aged).await;
    assert!(page(&s, &url, "en").await.contains("<form"));
    as_owner(
        &s,
        "update donation set recorded_at = now() - interval '30 days 1 minute'",
    )
    .await;
    says_and_gives_nothing(
        &s,
        &url,
        "This link no longer works",
        "Ce lien ne fonctionne plus",
    )
    .await;
    assert_eq!(s.count(CLAIMS).await, 0);
    s.checked().await;
}

#[tokio::test]
async fn a_link_says_that_its_donation_was_given_back_or_is_not_here_yet() {
    let (s, url) = anonymous(|_| ()).await;
    s.shop.send("r-1", &refund("FR-1")).await;
    s.posted().await;
    let (en, fr) = ("This donation was refunded", "Ce don a été remboursé");
    says_and_gives_nothing(&s, &url, en, fr).await;
    let unknown = checkout("FR-2", |e| {
        e["data"]["donor"] = Value::Null;
        // It waits for a person: no cause is called so.
        e["data"]["donation"]["amount"] = "10000.01".into();
    });
    let (_, answer) = s.shop.send("m-2", &unknown).await;
    s.posted().await;
    let url = answer["claim_url"].as_str().unwrap();
    let (en, fr) = ("is not here yet", "Ce don n’est pas encore arrivé");
    says_and_gives_nothing(&s, url, en, fr).await;
    s.checked().await;
}

#[tokio::test]
async fn the_form_takes_what_can_be_stored_and_counts_characters() {
    let (s, url) = anonymous(|_| ()).await;
    let long = "é".repeat(402);
    for field in [
        "email",
        "first_name",
        "last_name",
        "line1",
        "line2",
        "postal_code",
        "city",
    ] {
        for wrong in ["a\0b", "a\u{85}b", long.as_str()] {
            let (status, page) = claim(&s, &url, &[(field, wrong)]).await;
            assert_eq!(status, 200, "{field} {wrong:?}");
            assert!(page.contains("role=\"alert\""), "{field} {wrong:?}: {page}");
        }
    }
    for country in ["\0\0", "F", "fr", "ÉÉ"] {
        let (status, page) = claim(&s, &url, &[("country", country)]).await;
        assert!(
            status == 200 && page.contains("role=\"alert\""),
            "{country:?}: {page}"
        );
    }
    assert_eq!(s.count(CLAIMS).await, 0);
    let (_, done) = claim(&s, &url, &[("first_name", &"é".repeat(200))]).await;
    assert!(done.contains("in your name"), "{done}");
    s.checked().await;
}
