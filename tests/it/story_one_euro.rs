//! One euro, from the checkout to the association and the receipt in the donor's mail: the real
//! program, its commands, HTTP, the bank's files, and an SMTP server that is not ours. Read it
//! first.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use obole::gateways::bank::simulated::{IncomingTransfer, play_day};
use obole::settings;
use obole::values::{Amount, Period, paris_day};
use serde_json::{Value, json};

use crate::month_settles::{day, last_month};
use crate::program::{Beside, House, free_port};
use crate::shop::{Shop, checkout, refund};
use crate::support::tool;

/// An SMTP server that keeps what it gets in a maildir, none larger than `most` bytes; none where
/// the program is missing.
pub fn smtp_server(port: u16, maildir: &Path, most: u32) -> Option<Beside> {
    tool("aiosmtpd", "python3-aiosmtpd", &["--version"])?;
    let (address, most) = (format!("127.0.0.1:{port}"), most.to_string());
    let mut child = Command::new("aiosmtpd")
        .args([
            "-n",
            "-d",
            "-c",
            "aiosmtpd.handlers.Mailbox",
            maildir.to_str().unwrap(),
            "-l",
            &address,
            "-s",
            &most,
        ])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(
        lines.any(|l| l.contains("listening")),
        "aiosmtpd did not start"
    );
    std::thread::spawn(move || lines.count());
    Some(Beside(child))
}

/// The messages of a maildir whose text holds a word.
pub fn mails(maildir: &Path, word: &str) -> Vec<String> {
    let found = std::fs::read_dir(maildir.join("new")).into_iter().flatten();
    found
        .map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap())
        .filter(|l| l.contains(word))
        .collect()
}

fn balances(house: &House) -> Value {
    house.done(&["ledger", "balances"])
}

fn balance(balances: &Value, name: &str) -> i64 {
    balances
        .as_array()
        .unwrap()
        .iter()
        .find(|b| b["name"] == name)
        .map_or(0, |b| b["balance_cents"].as_i64().unwrap())
}

fn file(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("contracts")
        .join(name)
        .display()
        .to_string()
}

/// The service, where it is reached, everybody's mailbox, and the month that is collected.
struct Story {
    house: House,
    url: String,
    maildir: PathBuf,
    http: reqwest::Client,
    period: String,
    /// The day on which the month is collected, paid out and receipted.
    on: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn one_euro_goes_from_the_checkout_to_the_association_and_its_receipt_to_the_donor() {
    let (port, smtp) = (free_port(), free_port());
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let maildir = tmp.join(format!("maildir-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&maildir));
    // A small server first: it takes links and refuses receipts.
    let Some(small) = smtp_server(smtp, &maildir, 20_000) else {
        return;
    };
    let settings = [
        ("OBOLE_LISTEN", format!("127.0.0.1:{port}")),
        ("OBOLE_SMTP_URL", format!("smtp://127.0.0.1:{smtp}")),
        ("OBOLE_MAIL_FROM", "Obole <recus@obole.example>".into()),
        ("OBOLE_GIFT_DATE", "donor-payment".into()),
    ];
    let story = Story {
        house: House::new("story", &settings),
        url: format!("http://127.0.0.1:{port}"),
        maildir,
        http: obole::gateways::http::client(Duration::from_secs(30)).unwrap(),
        period: last_month().to_string(),
        on: day(Period::of(paris_day(chrono::Utc::now())), 2).to_string(),
    };
    let shop = story.set_up();
    let (mut serving, log) = story.house.serve();
    story.customers_give(&shop).await;
    story.the_shop_pays();
    story.the_association_is_paid();
    let run = story.receipts_are_refused_by_a_small_mail_server();
    drop(small);
    let large = smtp_server(smtp, &story.maildir, 30_000_000).unwrap();
    story.the_next_run_mails_them(&run);
    story.donors_read_their_own_receipts(&run).await;
    story.the_books_are_in_order();
    tool("kill", "procps", &["-TERM", &serving.0.id().to_string()]);
    assert!(
        serving.0.wait().unwrap().success(),
        "it stops in good order"
    );
    story.the_log_names_nobody(&log.join().unwrap());
    drop(large);
}

impl Story {
    /// An association with its mandate, a cause, a shop, two operators.
    fn set_up(&self) -> Shop {
        let (example, schema) = (
            file("association.example.json"),
            file("association.schema.json"),
        );
        tool(
            "jsonschema",
            "python3-jsonschema",
            &["-i", &example, &schema],
        );
        let shop = self.house.with_a_shop();
        for who in ["lea@obole.example", "hugo@obole.example"] {
            let added = self.house.done(&["operator", "add", "--email", who]);
            assert!(
                added["sign_in_url"]
                    .as_str()
                    .unwrap()
                    .starts_with(&self.url)
            );
        }
        Shop::of(
            shop["webhook_url"].as_str().unwrap(),
            shop["secret"].as_str().unwrap(),
        )
    }

    /// Three customers tick the box last month; one of them is given the euro back.
    async fn customers_give(&self, shop: &Shop) {
        let ready = self
            .http
            .get(format!("{}/readyz", self.url))
            .send()
            .await
            .unwrap();
        assert_eq!(ready.status(), 200, "migrations current, database there");
        for (order, email) in [
            ("FR-1001", "camille@example.org"),
            ("FR-1002", "paul@example.org"),
            ("FR-1003", "camille@example.org"),
        ] {
            let event = checkout(order, |e| {
                e["timestamp"] = format!("{}T10:00:00Z", day(last_month(), 10)).into();
                e["data"]["donor"]["email"] = email.into();
                e["data"]["donation"] = json!({"amount": "1.00"});
            });
            let (status, answer) = shop.send(&format!("m-{order}"), &event).await;
            assert_eq!(
                (status, &answer["status"]),
                (200, &json!("accepted")),
                "{answer}"
            );
        }
        assert_eq!(shop.send("r-1", &refund("FR-1002")).await.0, 200);
        let queued = || self.house.done(&["inbox", "list", "--state", "queued"]);
        assert!(
            (0..200).any(|_| queued() == json!([])),
            "what waits is processed"
        );
        let posted = self.house.done(&["inbox", "list", "--state", "posted"]);
        assert_eq!(posted.as_array().unwrap().len(), 4);
        let books = balances(&self.house);
        let owed = balance(&books, "merchant_receivable:librairie");
        assert_eq!(owed, 200, "the shop holds two euros");
        let promised = balance(&books, "association_pending:foret-vivante");
        assert_eq!(promised, 200, "which are the association's");
    }

    /// The month ends: the shop is asked for them once, by mail, and pays with its reference.
    fn the_shop_pays(&self) {
        let collections = [
            "collections",
            "run",
            "--period",
            &self.period,
            "--on",
            &self.on,
        ];
        let asked = self.house.done(&collections);
        let count = &asked["collections"][0]["count"];
        assert_eq!((&asked["total"], count), (&json!("2.00"), &json!(2)));
        let again = self.house.done(&collections);
        assert_eq!(
            again["collections"], asked["collections"],
            "run again, the same"
        );
        let statements = mails(&self.maildir, "compta@librairie.example");
        assert_eq!(statements.len(), 1, "one statement, once");
        assert_eq!(
            balance(&balances(&self.house), "collection_in_transit:transfer"),
            200
        );
        let paid = IncomingTransfer {
            from: "Librairie".into(),
            reference: asked["collections"][0]["reference"]
                .as_str()
                .unwrap()
                .into(),
            amount: Amount::from_cents(200).unwrap(),
        };
        let import = self.bank_day(&[paid]);
        assert_eq!(
            (&import["matched"], &import["unmatched"]),
            (&json!(1), &json!(0))
        );
        let books = balances(&self.house);
        assert_eq!(balance(&books, "safeguarded_cash:bank"), 200);
        assert_eq!(balance(&books, "association_payable:foret-vivante"), 200);
    }

    /// A day at the bank, whose statement is imported; what the import found.
    fn bank_day(&self, incoming: &[IncomingTransfer]) -> Value {
        let bank = self.house.data.join("bank");
        let account = settings::read(|_| None).unwrap().account;
        let day = self.on.parse().unwrap();
        let statement = play_day(&bank, &account, day, incoming).unwrap().unwrap();
        self.house
            .done(&["bank", "import", statement.to_str().unwrap()])["files"][0]
            .clone()
    }

    /// What arrived leaves for the association when two people approve.
    fn the_association_is_paid(&self) {
        let payout = self.house.done(&["payouts", "run", "--on", &self.on])["payouts"][0].clone();
        assert_eq!(payout["amount"], "2.00");
        assert_eq!(payout["state"], "prepared");
        let id = payout["payout_id"].as_str().unwrap();
        let approve = |who: &str| {
            self.house
                .run(&["payouts", "approve", id, "--as", who, "--on", &self.on])
        };
        assert_eq!(
            approve("lea@obole.example").1["payouts"][0]["state"],
            "approved"
        );
        let (code, _, said) = approve("lea@obole.example");
        assert_eq!(code, 1, "one person is not two");
        assert!(said.contains("another"), "{said}");
        let left = approve("hugo@obole.example").1;
        assert_eq!(left["payouts"][0]["state"], "submitted");
        assert!(Path::new(left["payouts"][0]["file"].as_str().unwrap()).exists());
        assert_eq!(self.bank_day(&[])["matched"], 1);
        let reports = mails(&self.maildir, "tresorier@foret-vivante.example");
        assert_eq!(reports.len(), 1, "the treasurer has the report");
        let books = balances(&self.house);
        for empty in [
            "merchant_receivable:librairie",
            "collection_in_transit:transfer",
            "safeguarded_cash:bank",
            "payout_in_transit:transfer",
        ] {
            assert_eq!(balance(&books, empty), 0, "{empty}");
        }
    }

    fn run_receipts(&self) -> (i32, Value, String) {
        self.house.run(&[
            "receipts",
            "run",
            "--period",
            &self.period,
            "--on",
            &self.on,
        ])
    }

    /// The receipt is issued, and waits: the mail server takes no message of its size.
    fn receipts_are_refused_by_a_small_mail_server(&self) -> Value {
        let (code, run, _) = self.run_receipts();
        assert_eq!(
            (code, &run["issued"], &run["amount"]),
            (1, &json!(1), &json!("2.00"))
        );
        assert_eq!((&run["mailed"], &run["unsent"]), (&json!(0), &json!(1)));
        run
    }

    /// The next run issues nothing and mails what waits, once.
    fn the_next_run_mails_them(&self, run: &Value) {
        let again = self.run_receipts().1;
        assert_eq!((&again["issued"], &again["mailed"]), (&json!(0), &json!(1)));
        assert_eq!(again["unsent"], 0);
        assert_eq!(self.run_receipts().1["mailed"], 0, "and never twice");
        let number = run["receipts"][0]["number"].as_str().unwrap();
        let mail = mails(&self.maildir, &format!("recu-{number}.pdf"));
        assert_eq!(mail.len(), 1);
        for part in [
            "To: camille@example.org",
            "Subject: Vos =?utf-8?",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "multipart/alternative",
        ] {
            assert!(mail[0].contains(part), "{part}");
        }
        assert_eq!(
            self.house.done(&["receipts", "verify", number])["state"],
            "valid"
        );
        let unknown = self
            .house
            .run(&["receipts", "verify", "foret-vivante-2026-999999"]);
        assert_eq!(unknown.0, 1);
    }

    /// The donor signs in by a mailed link, sees the euros arrived, and opens the receipt.
    async fn donors_read_their_own_receipts(&self, run: &Value) {
        let (http, url) = (&self.http, &self.url);
        let number = run["receipts"][0]["number"].as_str().unwrap();
        let path = format!("/donor/receipts/{number}.pdf");
        let camille = Donor::sign_in(http, url, &self.maildir, "camille@example.org").await;
        let page = camille.get(http, "/donor").await.text().await.unwrap();
        for shown in [number, "Arrivé à l’association", "2,00\u{a0}€"] {
            assert!(page.contains(shown), "{shown} is missing in {page}");
        }
        let receipt = camille.get(http, &path).await;
        assert_eq!(receipt.headers()["content-type"], "application/pdf");
        let mailed = std::fs::read(run["receipts"][0]["file"].as_str().unwrap()).unwrap();
        assert_eq!(
            receipt.bytes().await.unwrap(),
            mailed,
            "the page gives the same bytes"
        );
        let paul = Donor::sign_in(http, url, &self.maildir, "paul@example.org").await;
        assert_eq!(
            paul.get(http, &path).await.status(),
            404,
            "another's receipt is not there"
        );
        let stranger = http.get(format!("{url}/donor")).send().await.unwrap();
        assert_eq!(stranger.headers()["location"], "/login");
    }

    fn the_books_are_in_order(&self) {
        let check = self.house.done(&["check"]);
        assert_eq!(check["ok"], true, "{check}");
        let journal = self.house.data.join("books.journal");
        let journal = journal.to_str().unwrap();
        self.house.done(&[
            "ledger", "export", "--format", "hledger", "--output", journal,
        ]);
        tool("hledger", "hledger", &["-f", journal, "check", "--strict"]);
    }

    fn the_log_names_nobody(&self, log: &str) {
        for private in [
            "camille",
            "paul@",
            "Durand",
            "Lilas",
            "librairie.example",
            "FR7630006000011234567890189",
            "whsec_",
            "FR-1001",
        ] {
            let found = log.to_lowercase().contains(&private.to_lowercase());
            assert!(!found, "{private} is in the log: {log}");
        }
        let postmaster = self.house.data.join("postgres/postmaster.pid");
        assert!(
            !postmaster.exists(),
            "who leaves last stops the private PostgreSQL"
        );
    }
}

/// Asks for a donor's link, and for a stranger's.
async fn ask_for_a_link(http: &reqwest::Client, url: &str, email: &str) {
    let asked = http
        .post(format!("{url}/login"))
        .form(&[("email", email)])
        .send()
        .await
        .unwrap();
    let stranger = http
        .post(format!("{url}/login"))
        .form(&[("email", "nobody@example.org")])
        .send()
        .await
        .unwrap();
    assert_eq!(
        asked.text().await.unwrap(),
        stranger.text().await.unwrap(),
        "the same answer whether or not the address is known"
    );
}

/// The link to sign in by, once it is in somebody's mailbox.
async fn link_mailed_to(email: &str, url: &str, maildir: &Path) -> String {
    let to = format!("To: {email}");
    let link = |mail: &String| {
        mail.lines()
            .find(|l| l.starts_with(&format!("{url}/login/")))
            .map(|l| l.trim().to_owned())
    };
    let found = async {
        loop {
            if let Some(link) = mails(maildir, &to).iter().find_map(link) {
                return link;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found)
        .await
        .expect("the link arrives")
}

/// Opens the link and presses the button, which works once and on our page only; returns the
/// cookie that is set.
async fn enter_by(http: &reqwest::Client, link: &str) -> String {
    assert_eq!(
        http.get(link).send().await.unwrap().status(),
        200,
        "opening the link uses nothing up"
    );
    let foreign = http
        .post(link)
        .header("origin", "https://evil.example")
        .header("sec-fetch-site", "cross-site")
        .send()
        .await
        .unwrap();
    assert_eq!(
        foreign.status(),
        403,
        "another site cannot press the button"
    );
    let entered = http.post(link).send().await.unwrap();
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let again = http.post(link).send().await.unwrap();
    assert!(
        again.headers().get("set-cookie").is_none(),
        "a link works once"
    );
    cookie
}

/// A donor with a signed-in browser.
struct Donor {
    url: String,
    cookie: String,
}

impl Donor {
    /// Asks for a link, reads the mail, opens the link, presses the button.
    async fn sign_in(http: &reqwest::Client, url: &str, maildir: &Path, email: &str) -> Self {
        ask_for_a_link(http, url, email).await;
        let link = link_mailed_to(email, url, maildir).await;
        assert!(mails(maildir, "nobody@example.org").is_empty());
        let cookie = enter_by(http, &link).await;
        Self {
            url: url.to_owned(),
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }

    async fn get(&self, http: &reqwest::Client, path: &str) -> reqwest::Response {
        http.get(format!("{}{path}", self.url))
            .header("cookie", &self.cookie)
            .send()
            .await
            .unwrap()
    }
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let house = House::new(
        "wrong-settings",
        &[
            ("OBOLE_LISTEN", "nowhere".into()),
            ("OBOLE_SMTP_URL", "ftp://x".into()),
        ],
    );
    let (code, _, said) = house.run(&["check"]);
    assert_eq!(code, 2, "settings that cannot be used");
    assert!(
        said.contains("OBOLE_LISTEN: ")
            && said.contains("OBOLE_SMTP_URL: ")
            && said.contains("127.0.0.1:8080"),
        "{said}"
    );
}

/// What is mistyped, how the program ends, and a word of what it says.
const MISTAKES: &[(&[&str], i32, &str)] = &[
    (&["frobnicate"], 2, "frobnicate"),
    (&["collections", "run", "--period", "2026-13"], 2, "2026-11"),
    (&["association", "add", "/nowhere.json"], 1, "/nowhere.json"),
    (&["ledger", "export", "--format", "fec"], 1, "not built yet"),
    (
        &["login-link", "--email", "nobody@example.org"],
        1,
        "nobody here",
    ),
    (&["bank", "import", "/nowhere.xml"], 1, "/nowhere.xml"),
    (
        &[
            "merchant", "add", "--name", "S", "--email", "x", "--rule", "tip",
        ],
        1,
        "email",
    ),
    (
        &[
            "merchant",
            "add",
            "--name",
            "S",
            "--email",
            "a@example.org",
            "--collect",
            "stripe",
        ],
        1,
        "later",
    ),
    (
        &[
            "merchant",
            "add",
            "--name",
            "S",
            "--email",
            "a@example.org",
            "--dialect",
            "cobol",
        ],
        1,
        "standard",
    ),
];

#[test]
fn mistakes_are_told_with_the_right_exit_code() {
    let house = House::new("mistakes", &[]);
    for (wrong, code, told) in MISTAKES {
        let (exit, _, said) = house.run(wrong);
        assert_eq!(exit, *code, "{wrong:?}: {said}");
        assert!(
            said.contains(told),
            "{wrong:?} should tell {told:?}: {said}"
        );
    }
    assert_eq!(
        house.done(&["merchant", "list"]),
        json!([]),
        "and nothing is half done"
    );
}
