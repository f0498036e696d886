//! What signs a person in comes to its end: the link after one use or fifteen minutes, the session
//! after thirty days or at their wish.

use crate::browser::{Browser, ask_for_link, link, links_to};
use crate::shop::{Service, checkout};

const CAMILLE: &str = "camille@example.org";

/// A service that Camille gave a donation.
async fn known(change: impl FnOnce(&mut obole::settings::Settings)) -> Service {
    let s = Service::start_with(change).await;
    let told = s.shop.send("one", &checkout("ONE", |_| ())).await;
    assert_eq!(told.0, 200);
    s.posted().await;
    s
}

/// Changes rows as only the schema's owner can.
async fn as_owner(s: &Service, sql: &'static str) {
    let changed = sqlx::query(sql).execute(&s.world.owner).await.unwrap();
    assert!(changed.rows_affected() > 0, "{sql}");
}

/// Links that were used and sessions that go on.
async fn used(s: &Service) -> (i64, i64) {
    let links = "select count(*) from sign_in_link where consumed_at is not null";
    (
        s.count(links).await,
        s.count("select count(*) from session").await,
    )
}

/// Waits until nothing runs in the background: what does holds a connection of the pool, and the
/// checks of a service that has just started may hold one longer than anybody waits for one.
async fn at_rest(s: &Service) {
    let all = s.world.db.options().get_max_connections() as usize;
    let mut held = Vec::new();
    for _ in 0..all + 10 {
        match s.world.db.acquire().await {
            Ok(connection) => held.push(connection),
            Err(sqlx::Error::PoolTimedOut) => {}
            Err(error) => panic!("{error}"),
        }
        if held.len() == all {
            return;
        }
    }
    panic!("{} of {all} connections are at rest", held.len());
}

#[tokio::test]
async fn a_link_works_once_and_opening_its_page_uses_nothing_up() {
    let s = known(|_| ()).await;
    let link = link(&s, CAMILLE).await;
    let mut camille = Browser::new(&s);
    for _ in 0..3 {
        let page = camille.get(&link).await;
        assert_eq!(page.status(), 200);
        assert!(page.headers().get("set-cookie").is_none());
    }
    assert_eq!(used(&s).await, (0, 0), "mail programs open links too");
    assert!(camille.press(&link).await.is_some());
    assert_eq!(used(&s).await, (1, 1));
    assert!(camille.is_signed_in().await);
    let mut another = Browser::new(&s);
    assert_eq!(another.press(&link).await, None, "it is used up");
    assert_eq!(another.press("/login/made-up").await, None);
    assert_eq!(used(&s).await, (1, 1));
    s.checked().await;
}

#[tokio::test]
async fn a_link_works_for_fifteen_minutes() {
    let s = known(|_| ()).await;
    let young = link(&s, CAMILLE).await;
    as_owner(
        &s,
        "update sign_in_link set created_at = created_at - interval '14 minutes',
           expires_at = expires_at - interval '14 minutes'",
    )
    .await;
    assert!(Browser::new(&s).press(&young).await.is_some());
    let old = link(&s, CAMILLE).await;
    as_owner(
        &s,
        "update sign_in_link set created_at = created_at - interval '15 minutes',
           expires_at = expires_at - interval '15 minutes' where consumed_at is null",
    )
    .await;
    assert_eq!(Browser::new(&s).press(&old).await, None);
    assert_eq!(used(&s).await, (1, 1), "a refused link starts no session");
    s.checked().await;
}

#[tokio::test]
async fn a_sixth_link_within_a_quarter_of_an_hour_is_not_sent_and_the_page_does_not_tell() {
    let s = known(|_| ()).await;
    let mut links = Vec::new();
    for _ in 0..5 {
        links.push(link(&s, CAMILLE).await);
    }
    let sixth = ask_for_link(&s, CAMILLE).await;
    assert_eq!(sixth, ask_for_link(&s, "nobody@example.org").await);
    at_rest(&s).await;
    assert_eq!(links_to(&s, CAMILLE), links);
    assert_eq!(links_to(&s, "nobody@example.org").len(), 0);
    assert!(
        Browser::new(&s).press(&links[0]).await.is_some(),
        "those that were sent still work"
    );
    // The oldest is a quarter of an hour old: one more may be sent, and only one.
    as_owner(
        &s,
        "update sign_in_link set created_at = created_at - interval '15 minutes'
         where consumed_at is not null",
    )
    .await;
    assert_eq!(ask_for_link(&s, CAMILLE).await, sixth);
    at_rest(&s).await;
    assert_eq!(links_to(&s, CAMILLE).len(), 6);
    ask_for_link(&s, CAMILLE).await;
    at_rest(&s).await;
    assert_eq!(links_to(&s, CAMILLE).len(), 6);
    s.checked().await;
}

#[tokio::test]
async fn a_session_ends_after_thirty_days() {
    let s = known(|_| ()).await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    as_owner(
        &s,
        "update session set created_at = created_at - interval '29 days 23 hours',
           expires_at = expires_at - interval '29 days 23 hours'",
    )
    .await;
    assert!(camille.is_signed_in().await);
    as_owner(
        &s,
        "update session set created_at = created_at - interval '1 hour',
           expires_at = expires_at - interval '1 hour'",
    )
    .await;
    assert!(!camille.is_signed_in().await);
    let removed = camille.get("/donor").await;
    let cookie = removed.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("session=;") && cookie.contains("Max-Age=0"),
        "{cookie}"
    );
    s.checked().await;
}

#[tokio::test]
async fn signing_out_ends_the_session_and_opening_its_address_does_not() {
    let s = known(|_| ()).await;
    let camille = Browser::signed_in(&s, CAMILLE).await;
    let elsewhere = Browser::signed_in(&s, CAMILLE).await;
    assert_eq!(camille.get("/logout").await.status(), 405);
    assert!(
        camille.is_signed_in().await,
        "an image of another page signs nobody out"
    );
    let left = camille.post("/logout", &[]).await;
    assert_eq!(left.headers()["location"], "/");
    let cookie = left.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("session=;") && cookie.contains("Max-Age=0"),
        "{cookie}"
    );
    assert!(
        !camille.is_signed_in().await,
        "the old cookie is worth nothing"
    );
    assert!(
        elsewhere.is_signed_in().await,
        "another browser stays signed in"
    );
    s.checked().await;
}

#[tokio::test]
async fn the_cookie_is_closed_to_scripts_and_other_sites_and_bound_to_an_https_host() {
    let s = known(|_| ()).await;
    let mut camille = Browser::new(&s);
    let link = link(&s, CAMILLE).await;
    let cookie = camille.press(&link).await.unwrap();
    let mut parts = cookie.split("; ");
    let name_and_token = parts.next().unwrap();
    assert!(name_and_token.starts_with("session="), "{cookie}");
    assert_eq!(
        parts.collect::<Vec<_>>(),
        ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"]
    );
    let token = name_and_token.split('=').nth(1).unwrap();
    let stored = sqlx::query_scalar::<_, Vec<u8>>("select token_hash from session");
    let stored = stored.fetch_one(&s.world.db).await.unwrap();
    assert_ne!(stored, token.as_bytes(), "only its hash is stored");
    s.checked().await;

    let s = known(|settings| settings.public_url = "https://obole.example".into()).await;
    let mut camille = Browser::new(&s);
    let link = crate::browser::link(&s, CAMILLE).await;
    let cookie = camille.press(&link).await.unwrap();
    let mut parts = cookie.split("; ");
    let name_and_token = parts.next().unwrap();
    // The prefix wants Secure, Path=/ and no Domain (RFC 6265bis, section 4.1.3.2).
    assert!(name_and_token.starts_with("__Host-session="), "{cookie}");
    assert_eq!(
        parts.collect::<Vec<_>>(),
        [
            "Path=/",
            "HttpOnly",
            "SameSite=Lax",
            "Max-Age=2592000",
            "Secure"
        ]
    );
    assert!(camille.is_signed_in().await);
    camille.cookie = camille.cookie.replace("__Host-", "");
    assert!(
        !camille.is_signed_in().await,
        "another name could be set by another host"
    );
    s.checked().await;
}
