//! Two programs that run the same command at the same moment, as two lines of a crontab would:
//! each message leaves once, and both end well.

use std::path::Path;

use obole::gateways::bank::simulated::{IncomingTransfer, play_day};
use obole::settings;
use obole::values::{Amount, Period, paris_day};

use crate::month_settles::{day, last_month};
use crate::program::{House, free_port};
use crate::shop::{Shop, checkout};
use crate::story_one_euro::{mails, smtp_server};

/// How many donors there are: more than one run sends at a time.
const DONORS: usize = 30;

/// Runs everything twice at once; `sent` says how many messages there are to an address.
async fn month_at_once(house: &House, sent: impl Fn(&str) -> usize) {
    let shop = house.with_a_shop();
    for who in ["lea@obole.example", "hugo@obole.example"] {
        house.done(&["operator", "add", "--email", who]);
    }
    let shop = Shop::of(
        shop["webhook_url"].as_str().unwrap(),
        shop["secret"].as_str().unwrap(),
    );
    let (serving, log) = house.serve();
    for n in 0..DONORS {
        let event = checkout(&format!("O-{n}"), |e| {
            e["timestamp"] = format!("{}T10:00:00Z", day(last_month(), 10)).into();
            e["data"]["donor"]["email"] = format!("donor{n}@example.org").into();
        });
        assert_eq!(shop.send(&format!("m-{n}"), &event).await.0, 200);
    }
    let queued = || house.done(&["inbox", "list", "--state", "queued"]);
    assert!((0..200).any(|_| queued() == serde_json::json!([])));
    drop(serving);
    drop(log.join());

    let period = last_month().to_string();
    let today = day(Period::of(paris_day(chrono::Utc::now())), 2);
    let on = today.to_string();
    let collections = ["collections", "run", "--period", &period, "--on", &on];
    house.done_at_once(2, &collections);
    assert_eq!(sent("compta@librairie.example"), 1);
    let asked = house.done(&collections)["collections"][0].clone();

    let data = house.data.display().to_string();
    let settings = settings::read(|name| (name == "OBOLE_DATA").then(|| data.clone())).unwrap();
    let bank = |incoming: &[IncomingTransfer]| {
        let statement = play_day(&settings.bank_dir, &settings.account, today, incoming);
        let statement = statement.unwrap().unwrap();
        house.done_at_once(2, &["bank", "import", statement.to_str().unwrap()]);
    };
    bank(&[IncomingTransfer {
        from: "Librairie".into(),
        reference: asked["reference"].as_str().unwrap().to_owned(),
        amount: Amount::from_cents(100 * i64::try_from(DONORS).unwrap()).unwrap(),
    }]);
    house.done_at_once(2, &["payouts", "run", "--on", &on]);
    let payout = house.done(&["payouts", "run", "--on", &on])["payouts"][0]["payout_id"].clone();
    for who in ["lea@obole.example", "hugo@obole.example"] {
        let approve = ["payouts", "approve", payout.as_str().unwrap(), "--as", who];
        house.done(&[&approve[..], &["--on", &on]].concat());
    }
    bank(&[]);
    house.done_at_once(2, &["receipts", "run", "--period", &period, "--on", &on]);
    for n in 0..DONORS {
        assert_eq!(sent(&format!("donor{n}@example.org")), 1, "donor {n}");
    }
    house.done(&["check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_smtp_each_message_leaves_once_and_both_programs_end_well() {
    let (port, smtp) = (free_port(), free_port());
    let name = format!("at-once-maildir-{}", std::process::id());
    let maildir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(std::fs::remove_dir_all(&maildir));
    let Some(server) = smtp_server(smtp, &maildir, 30_000_000) else {
        return;
    };
    let settings = [
        ("OBOLE_LISTEN", format!("127.0.0.1:{port}")),
        ("OBOLE_SMTP_URL", format!("smtp://127.0.0.1:{smtp}")),
    ];
    let house = House::new("at-once-smtp", &settings);
    let to = |address: &str| mails(&maildir, &format!("\nTo: {address}")).len();
    month_at_once(&house, to).await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_files_each_message_is_written_once_and_both_programs_end_well() {
    let settings = [("OBOLE_LISTEN", format!("127.0.0.1:{}", free_port()))];
    let house = House::new("at-once-files", &settings);
    let folder = house.data.join("mail");
    let to = |address: &str| {
        let files = std::fs::read_dir(&folder).unwrap();
        let texts = files.map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap());
        texts
            .filter(|t| t.contains(&format!("To: {address}")))
            .count()
    };
    month_at_once(&house, to).await;
}
