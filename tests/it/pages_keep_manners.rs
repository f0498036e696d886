//! What pages owe to whoever opens them: forms that keep what was typed, text that stays text,
//! headers that browsers obey, and no obedience to forms of other sites.

use serde_json::Value;

use crate::browser::{Browser, PROFILE};
use crate::shop::{Service, checkout};

const CAMILLE: &str = "camille@example.org";

/// A service that Camille gave a donation, and Camille's browser.
async fn signed_in() -> (Service, Browser) {
    let s = Service::start().await;
    assert_eq!(s.shop.send("one", &checkout("ONE", |_| ())).await.0, 200);
    s.posted().await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    (s, camille)
}

/// The donor's row.
async fn profile(s: &Service) -> Value {
    let row = "select jsonb_build_object('first_name', first_name, 'last_name', last_name,
                 'address', address, 'locale', locale, 'receipts', receipt_frequency)
               from donor where email = 'camille@example.org'";
    sqlx::query_scalar(row)
        .fetch_one(&s.world.db)
        .await
        .unwrap()
}

/// The profile's form with some fields changed.
fn form<'f>(changed: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let mut form = PROFILE.to_vec();
    form.push(("receipts", "monthly"));
    for (name, value) in changed {
        form.retain(|(field, _)| field != name);
        form.push((name, value));
    }
    form
}

/// The value of a field as the page shows it.
fn shown<'p>(page: &'p str, field: &str) -> &'p str {
    let input = page.split(&format!("name=\"{field}\"")).nth(1).unwrap();
    input
        .split("value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
}

#[tokio::test]
async fn a_profile_is_saved_with_all_its_fields_and_shown_again() {
    let (s, camille) = signed_in().await;
    let saved = camille
        .post(
            "/donor/profile",
            &form(&[
                ("first_name", "  Zoé "),
                ("last_name", "O’Brien-Łukasz"),
                ("line1", "1 Main Street"),
                ("line2", "Flat 2"),
                ("postal_code", "SW1A 1AA"),
                ("city", "London"),
                ("country", "GB"),
                ("locale", "en"),
                ("receipts", "annual"),
            ]),
        )
        .await;
    assert_eq!(
        (saved.status().as_u16(), &saved.headers()["location"]),
        (303, &"/donor".parse().unwrap())
    );
    assert_eq!(
        profile(&s).await,
        serde_json::json!({"first_name": "Zoé", "last_name": "O’Brien-Łukasz",
            "address": {"line1": "1 Main Street", "line2": "Flat 2", "postal_code": "SW1A 1AA",
                "city": "London", "country": "GB"},
            "locale": "en", "receipts": "annual"})
    );
    let page = camille.get("/donor/profile").await.text().await.unwrap();
    for (field, value) in [
        ("first_name", "Zoé"),
        ("line2", "Flat 2"),
        ("city", "London"),
    ] {
        assert_eq!(shown(&page, field), value);
    }
    for chosen in [
        "<option value=\"GB\" selected>",
        "value=\"annual\" checked",
        "value=\"en\" checked",
    ] {
        assert!(page.contains(chosen), "{chosen}: {page}");
    }
    // What a person says of themselves, no later order overwrites.
    assert_eq!(s.shop.send("two", &checkout("TWO", |_| ())).await.0, 200);
    s.posted().await;
    assert_eq!(profile(&s).await["first_name"], "Zoé");
    s.checked().await;
}

#[tokio::test]
async fn a_wrong_profile_comes_back_as_it_was_typed_with_the_mistake_and_nothing_is_saved() {
    let (s, camille) = signed_in().await;
    let before = profile(&s).await;
    let long = "x".repeat(201);
    for wrong in [
        ("first_name", " "),
        ("last_name", ""),
        ("last_name", long.as_str()),
        ("line1", ""),
        ("postal_code", "750 20 750 20 750 20 7"),
        ("city", "Pa\u{7}ris"),
        ("country", "France"),
        ("locale", "de"),
        ("receipts", "weekly"),
    ] {
        let typed = form(&[("line2", "Bâtiment « B »"), wrong]);
        let response = camille.post("/donor/profile", &typed).await;
        assert_eq!(response.status(), 200, "{wrong:?}");
        let page = response.text().await.unwrap();
        assert!(page.contains("role=\"alert\""), "{wrong:?}: {page}");
        assert_eq!(shown(&page, "line2"), "Bâtiment « B »", "{wrong:?}");
        assert_eq!(profile(&s).await, before, "{wrong:?}");
    }
    let missing = camille
        .post("/donor/profile", &[("first_name", "Camille")])
        .await;
    assert_eq!(missing.status(), 422, "no form of ours lacks a field");
    assert_eq!(profile(&s).await, before);
    s.checked().await;
}

#[tokio::test]
async fn what_a_person_types_stays_text_on_every_page_that_shows_it() {
    let (s, camille) = signed_in().await;
    let evil = "\"><script>alert('1')</script>&";
    let escaped = "&#34;&#62;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#38;";
    let typed = form(&[("first_name", evil), ("city", "")]);
    let back = camille.post("/donor/profile", &typed).await;
    assert_eq!(shown(&back.text().await.unwrap(), "first_name"), escaped);
    let saved = camille
        .post("/donor/profile", &form(&[("first_name", evil)]))
        .await;
    assert_eq!(saved.status(), 303);
    for path in ["/donor", "/donor/profile"] {
        let page = camille.get(path).await.text().await.unwrap();
        assert!(
            page.contains(escaped) && !page.contains("<script"),
            "{page}"
        );
    }
    let login = Browser::new(&s).post("/login", &[("email", evil)]).await;
    let page = login.text().await.unwrap();
    assert!(
        page.contains(escaped) && !page.contains("<script"),
        "{page}"
    );
    s.checked().await;
}

#[tokio::test]
async fn every_page_tells_the_browser_what_it_may_not_do() {
    let (s, camille) = signed_in().await;
    for path in [
        "/",
        "/causes",
        "/login",
        "/login/any",
        "/donor",
        "/donor/causes",
        "/donor/profile",
        "/claim/any",
        "/not/here",
        "/style.css",
        "/api/v1/causes",
    ] {
        let response = camille.get(path).await;
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map_or("", |v| v.to_str().unwrap()).to_owned()
        };
        let policy = header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "style-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|r| r == rule), "{path}: {policy}");
        }
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        let cache = match path {
            "/style.css" => "max-age=300",
            "/api/v1/causes" => "public, max-age=300",
            "/not/here" => "",
            _ => "no-store",
        };
        assert_eq!(header("cache-control"), cache, "{path}");
    }
    s.checked().await;
}

#[tokio::test]
async fn the_list_of_causes_may_be_read_by_every_site_and_nothing_else_may() {
    let (s, camille) = signed_in().await;
    let allowed = "access-control-allow-origin";
    let http = &s.shop.http;
    let causes = http
        .get(format!("{}/api/v1/causes", s.url))
        .header("origin", "https://librairie.example")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (causes.status().as_u16(), &causes.headers()[allowed]),
        (200, &"*".parse().unwrap())
    );
    assert!(
        causes
            .headers()
            .get("access-control-allow-credentials")
            .is_none(),
        "with nobody's cookies"
    );
    let causes: Value = causes.json().await.unwrap();
    assert_eq!(causes.as_array().unwrap().len(), 3);
    for path in [
        "/donor",
        "/donor/profile",
        "/api/v1/donations",
        "/login",
        "/",
    ] {
        assert!(
            camille.get(path).await.headers().get(allowed).is_none(),
            "{path}"
        );
    }
    s.checked().await;
}

#[tokio::test]
async fn a_form_that_another_site_posts_is_refused_and_changes_nothing() {
    let (s, camille) = signed_in().await;
    let before = profile(&s).await;
    let link = crate::browser::link(&s, CAMILLE).await;
    let wish = form(&[("receipts", "none")]);
    for (path, fields) in [
        ("/donor/profile", wish.as_slice()),
        ("/donor/causes", &[("abri", "1")]),
        ("/logout", &[]),
        (&link, &[]),
        ("/login", &[("email", CAMILLE)]),
    ] {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let request = camille.request(path, fields).header(name, value);
            let refused = request.send().await.unwrap();
            assert_eq!(refused.status(), 403, "{path} {name}: {value}");
            let problem: Value = refused.json().await.unwrap();
            assert_eq!(problem["type"], "urn:obole:problem:foreign-form");
        }
    }
    assert_eq!(profile(&s).await, before);
    assert!(camille.is_signed_in().await);
    assert_eq!(s.count("select count(*) from donor_choice").await, 0);
    let links = "select count(*) from sign_in_link";
    assert_eq!(s.count(links).await, 2, "no third link was sent");
    for (name, value) in [
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
        ("origin", s.url.as_str()),
    ] {
        let request = camille.request("/donor/profile", &wish).header(name, value);
        assert_eq!(
            request.send().await.unwrap().status(),
            303,
            "{name}: {value}"
        );
    }
    assert_eq!(profile(&s).await["receipts"], "none");
    s.checked().await;
}
