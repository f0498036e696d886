//! The team hears of new cases by mail, of each once; a key that is revoked opens nothing.

use chrono::Utc;
use obole::mailing::send_alerts;
use obole::parties::merchant;
use obole::values::{Email, Reader};

use crate::shop::{Service, checkout};

/// The messages that were written as files.
fn mails(s: &Service) -> Vec<String> {
    let folder = s.app.settings.data.join("mail");
    let files = std::fs::read_dir(folder).into_iter().flatten();
    files
        .map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap())
        // Lines are broken on the way (RFC 2045, 6.7).
        .map(|text| text.replace("=\r\n", ""))
        .filter(|text| text.contains("Cases wait for a decision"))
        .collect()
}

async fn above_the_ceiling(s: &Service, order: &str) {
    let event = checkout(order, |e| {
        e["data"]["donation"]["amount"] = "20000.00".into()
    });
    assert_eq!(s.shop.send(order, &event).await.0, 200);
    s.posted().await;
}

#[tokio::test]
async fn the_team_is_told_of_each_new_case_once() {
    let s = Service::start_with(|settings| {
        settings.alert_mail = Some(Email::parse("team@obole.example").unwrap());
    })
    .await;
    above_the_ceiling(&s, "FR-1").await;
    above_the_ceiling(&s, "FR-2").await;
    let (one, other) = tokio::join!(
        send_alerts(&s.app, Utc::now()),
        send_alerts(&s.app, Utc::now())
    );
    // The service may have told of the first already.
    let told = one.unwrap() + other.unwrap();
    assert!(told <= 2, "{told}");
    assert_eq!(send_alerts(&s.app, Utc::now()).await.unwrap(), 0);
    let mails = mails(&s);
    let cases: usize = mails
        .iter()
        .map(|m| m.matches("donation-above-ceiling since").count())
        .sum();
    // Each case stands in the text and in the HTML of one message.
    assert_eq!(cases, 4, "{mails:?}");
    let all = mails.concat();
    assert!(all.contains("To: team@obole.example") && all.contains("obole case decide case_"));
    assert!(!all.contains("camille@example.org"), "no donor is named");
    s.checked().await;
}

#[tokio::test]
async fn without_an_address_nobody_is_told() {
    let s = Service::start().await;
    above_the_ceiling(&s, "FR-1").await;
    assert_eq!(send_alerts(&s.app, Utc::now()).await.unwrap(), 0);
    assert_eq!(s.count("select count(*) from case_alert").await, 0);
    s.checked().await;
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_and_the_others_go_on() {
    let s = Service::start().await;
    let mut db = s.world.db.acquire().await.unwrap();
    let id = merchant::id_of_slug(&mut db, "librairie")
        .await
        .unwrap()
        .unwrap();
    let key = merchant::add_api_key(&mut db, Utc::now(), id, "the new till")
        .await
        .unwrap();
    let of = merchant::of_api_key(&mut db, &key).await.unwrap();
    assert_eq!(of, Some(id));
    let keys = merchant::api_keys(&mut db, Reader::System, id)
        .await
        .unwrap();
    let names: Vec<&str> = keys.iter().map(|k| k.name.as_str()).collect();
    assert_eq!(names, ["first", "the new till"]);
    assert!(!format!("{keys:?}").contains(&key));
    let revoke = &keys[1].key;
    let revoked = merchant::revoke_api_key(&mut db, Utc::now(), id, revoke)
        .await
        .unwrap();
    assert_eq!(revoked.as_deref(), Some("the new till"));
    assert_eq!(merchant::of_api_key(&mut db, &key).await.unwrap(), None);
    let again = merchant::revoke_api_key(&mut db, Utc::now(), id, revoke)
        .await
        .unwrap();
    assert_eq!(again, None, "once");
    drop(db);
    s.checked().await;
}
