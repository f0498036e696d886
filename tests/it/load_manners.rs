//! Under load: full is said at once, one noisy shop leaves room for the others, and the slow are
//! cut.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use obole::inbox::{self, Delivery, Disposition, Headers, Intake, ReceiveError, ReceiveOutcome};
use obole::runs;
use obole::values::EndpointId;
use tokio::task::JoinSet;

use crate::shop::{Service, new_merchant};

fn delivery(endpoint_id: EndpointId, n: usize) -> Delivery {
    Delivery {
        endpoint_id,
        delivery_key: format!("k-{n}"),
        body: Bytes::from_static(b"{}"),
        headers: Headers::default(),
        received_at: Utc::now(),
        disposition: Disposition::Keep,
        event: None,
    }
}

async fn endpoint(s: &Service, name: &str) -> EndpointId {
    let mut tx = s.world.db.begin().await.unwrap();
    let added = runs::add_merchant(
        &mut tx,
        Utc::now(),
        s.app.key.expose(),
        // What a test endpoint receives is kept, and nothing is to become of it.
        &runs::NewMerchant {
            test: true,
            ..new_merchant(name, Some("abri"))
        },
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    added.endpoint_id
}

#[tokio::test]
async fn a_noisy_shop_is_told_to_wait_while_others_are_taken() {
    let s = Service::start().await;
    let (noisy, quiet) = (endpoint(&s, "Bruyante").await, endpoint(&s, "Calme").await);
    let (intake, committer) = inbox::committer(s.world.db.clone(), None);
    let committer = tokio::spawn(committer);
    // The disk stands still.
    let mut lock = s.world.owner.begin().await.unwrap();
    sqlx::query("lock table inbox_event in exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let mut sent = JoinSet::new();
    let send = |sent: &mut JoinSet<_>, intake: &Intake, to: EndpointId, n: usize| {
        let intake = intake.clone();
        sent.spawn(async move { (to, intake.receive(delivery(to, n)).await) });
    };
    for n in 0..3000 {
        send(&mut sent, &intake, noisy, n);
    }
    // What finds no room is told so at once, while the rest waits.
    for _ in 0..500 {
        assert_eq!(
            sent.join_next().await.unwrap().unwrap(),
            (noisy, Err(ReceiveError::Busy))
        );
    }
    send(&mut sent, &intake, quiet, 0);
    tokio::task::yield_now().await;
    lock.rollback().await.unwrap();
    let mut taken = (0, 0);
    while let Some(answer) = sent.join_next().await {
        match answer.unwrap() {
            (to, Ok(ReceiveOutcome::Accepted(_))) if to == noisy => taken.0 += 1,
            (_, Ok(ReceiveOutcome::Accepted(_))) => taken.1 += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        taken,
        (2500, 1),
        "a quarter of the way in for one, and room for another"
    );
    drop(intake);
    committer.await.unwrap();
    s.checked().await;
}

#[tokio::test]
async fn a_database_that_is_away_is_answered_503_with_when_to_try_again() {
    let s = Service::start().await;
    let mut lock = s.world.owner.begin().await.unwrap();
    sqlx::query("lock table inbox_event in exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let event = crate::shop::checkout("FR-1", |_| ());
    let answer = s
        .shop
        .request("m-1", event.to_string().into_bytes())
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["retry-after"].to_str().unwrap()
        ),
        (503, "5")
    );
    lock.rollback().await.unwrap();
    assert_eq!(
        s.shop.send("m-1", &event).await.0,
        200,
        "and taken when it is back, once"
    );
    s.posted().await;
    assert_eq!(s.balance("merchant_receivable:librairie").await, 100);
    s.checked().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_cut() {
    let s = Service::start().await;
    let (address, path) = (
        s.url.strip_prefix("http://").unwrap().to_owned(),
        s.shop.url.strip_prefix(&s.url).unwrap().to_owned(),
    );
    let answer = tokio::task::spawn_blocking(move || {
        let mut tcp = std::net::TcpStream::connect(&address).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(
            tcp,
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: 500\r\n\r\n{{\"half\":"
        )
        .unwrap();
        let mut answer = vec![0; 12];
        tcp.read_exact(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    })
    .await
    .unwrap();
    assert_eq!(answer, "HTTP/1.1 408");
    s.checked().await;
}
