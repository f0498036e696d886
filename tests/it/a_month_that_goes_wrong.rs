//! A month in which everything goes wrong that the design names: what waits for a person is ended
//! by commands alone, and then every clearing account is empty, nothing is open, and other
//! people's tools accept the books.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::program::{House, free_port};
use crate::shop::{Shop, association, checkout};
use crate::support::tool;

const LEA: &str = "lea@obole.example";
const HUGO: &str = "hugo@obole.example";

/// One entry of a statement.
struct Entry {
    side: &'static str,
    cents: i64,
    reference: String,
    from: &'static str,
}

fn entry(side: &'static str, cents: i64, reference: &str, from: &'static str) -> Entry {
    Entry {
        side,
        cents,
        reference: reference.to_owned(),
        from,
    }
}

fn euros(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Our bank, which chains its statements by their balances.
struct Bank {
    folder: PathBuf,
    holds: i64,
    number: u32,
}

impl Bank {
    /// Writes the statement of a day; returns its path.
    fn statement(&mut self, day: &str, entries: &[Entry]) -> String {
        self.number += 1;
        let (number, opening) = (self.number, self.holds);
        let mut lines = String::new();
        for (n, e) in entries.iter().enumerate() {
            self.holds += if e.side == "CRDT" { e.cents } else { -e.cents };
            let (side, amount, from, reference) = (e.side, euros(e.cents), e.from, &e.reference);
            write!(
                lines,
                r#"<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>
<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>S{number}-{n}</AcctSvcrRef>
<NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>
<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>
<RltdPties><Dbtr><Pty><Nm>{from}</Nm></Pty></Dbtr></RltdPties></TxDtls></NtryDtls></Ntry>"#
            )
            .unwrap();
        }
        let balance = |code: &str, cents: i64| {
            let amount = euros(cents);
            format!(
                r#"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"#
            )
        };
        let text = format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M{number}</MsgId><CreDtTm>{day}T20:00:00</CreDtTm></GrpHdr>
<Stmt><Id>S{number}</Id><CreDtTm>{day}T20:00:00</CreDtTm>
<Acct><Id><IBAN>FR1420041010050500013M02606</IBAN></Id><Ccy>EUR</Ccy></Acct>
{}{}{lines}</Stmt></BkToCstmrStmt></Document>"#,
            balance("OPBD", opening),
            balance("CLBD", self.holds)
        );
        let path = self.folder.join(format!("statement-{number}.xml"));
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

/// The team at its shell.
struct Team {
    house: House,
    bank: Bank,
    shops: Vec<Shop>,
    told: u32,
}

impl Team {
    /// Runs a command, given as one line.
    fn does(&self, line: &str) -> Value {
        let words: Vec<&str> = line.split(' ').collect();
        self.house.done(&words)
    }

    /// Decides something, by one person or another.
    fn decides(&self, line: &str, who: &str) -> Value {
        let mut words: Vec<&str> = line.split(' ').collect();
        words.extend(["--as", who, "--why", "it was told by telephone"]);
        self.house.done(&words)
    }

    /// The open cases of a kind.
    fn open(&self, kind: &str) -> Vec<Value> {
        let open = self.does(&format!("cases --open --kind {kind}"));
        open.as_array().unwrap().clone()
    }

    /// Decides the only open case of a kind.
    fn decides_case(&self, kind: &str, decision: &str) {
        let open = self.open(kind);
        assert_eq!(open.len(), 1, "{kind}: {open:#?}");
        let id = open[0]["case_id"].as_str().unwrap();
        self.decides(&format!("case decide {id} {decision}"), LEA);
        assert_eq!(self.open(kind), [] as [Value; 0], "{kind}");
    }

    /// Says what the only unexplained line of an amount is.
    fn explains(&self, cents: i64, as_: &str) {
        let lines = self.does("bank lines --unmatched");
        let amount = euros(cents);
        let found = lines.as_array().unwrap().iter();
        let found: Vec<_> = found.filter(|l| l["open"] == amount.as_str()).collect();
        assert_eq!(found.len(), 1, "{amount}: {lines:#}");
        let id = found[0]["line_id"].as_str().unwrap();
        self.decides(&format!("bank match {id} {as_}"), LEA);
    }

    /// A shop tells an event; all of it is posted.
    async fn tells(&mut self, shop: usize, event: Value) {
        self.told += 1;
        let (status, document) = self.shops[shop]
            .send(&format!("told-{}", self.told), &event)
            .await;
        assert_eq!(status, 200, "{document}");
        let queued = || self.does("inbox list --state queued");
        assert!((0..200).any(|_| queued() == serde_json::json!([])));
    }

    /// A shop takes donations of so many cents of a cause.
    async fn takes(&mut self, shop: usize, order: &str, cents: i64, cause: &str, at: &str) {
        let event = order_of(order, cents, cause, at);
        self.tells(shop, event).await;
    }

    fn imports(&mut self, day: &str, entries: &[Entry]) {
        let path = self.bank.statement(day, entries);
        self.does(&format!("bank import {path}"));
    }

    /// Asks for a month; returns each shop's reference, amount and id.
    fn asks(&self, period: &str, day: &str) -> Vec<(String, i64, String)> {
        let run = self.does(&format!("collections run --period {period} --on {day}"));
        let asked = run["collections"].as_array().unwrap().iter();
        asked
            .map(|c| {
                (
                    c["reference"].as_str().unwrap().to_owned(),
                    cents(&c["amount"]),
                    c["collection_id"].as_str().unwrap().to_owned(),
                )
            })
            .collect()
    }

    /// Prepares payouts and has two people approve each; returns references and amounts.
    fn pays(&self, day: &str) -> Vec<(String, i64)> {
        let run = self.does(&format!("payouts run --on {day}"));
        let all = run["payouts"].as_array().unwrap().iter();
        let prepared = all.filter(|p| p["state"] == "prepared");
        prepared
            .map(|p| {
                let id = p["payout_id"].as_str().unwrap();
                self.does(&format!("payouts approve {id} --as {LEA} --on {day}"));
                self.does(&format!("payouts approve {id} --as {HUGO} --on {day}"));
                let reference = p["reference"].as_str().unwrap().to_owned();
                (reference, cents(&p["amount"]))
            })
            .collect()
    }
}

fn cents(amount: &Value) -> i64 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}

fn order_of(order: &str, cents: i64, cause: &str, at: &str) -> Value {
    checkout(order, |e| {
        e["timestamp"] = at.into();
        e["data"]["order_total"] = "20000.00".into();
        e["data"]["donation"]["amount"] = euros(cents).into();
        e["data"]["donation"]["cause"] = cause.into();
        e["data"]["donor"]["email"] = format!("{}@example.org", order.to_lowercase()).into();
    })
}

fn refund_of(order: &str, refund: &str, cents: i64) -> Value {
    serde_json::json!({"type": "checkout.refunded", "timestamp": "2026-08-25T10:00:00Z",
        "data": {"order_id": order, "refund_id": refund, "donation_refunded": true,
            "amount": euros(cents)}})
}

impl Team {
    /// Two associations, three shops and two operators; the service runs.
    fn sets_up(house: House) -> Self {
        let mut shops = vec![shop_of(&house.with_a_shop())];
        let abri = house.data.join("abri.json");
        std::fs::write(&abri, association("abri", "Abri & Cœur").to_string()).unwrap();
        house.done(&["association", "add", abri.to_str().unwrap()]);
        let cause = "cause add --slug abri --theme exclusion --association abri --title Toits";
        house.done(&cause.split(' ').collect::<Vec<_>>());
        for name in ["Papeterie", "Primeur"] {
            let email = format!("compta@{}.example", name.to_lowercase());
            let added = house.done(&["merchant", "add", "--name", name, "--email", &email]);
            shops.push(shop_of(&added));
        }
        for who in [LEA, HUGO] {
            house.done(&["operator", "add", "--email", who]);
        }
        let folder = house.data.clone();
        Self {
            house,
            bank: Bank {
                folder,
                holds: 0,
                number: 0,
            },
            shops,
            told: 0,
        }
    }

    /// What shops tell in August, with five things that wait for a person.
    async fn august(&mut self) {
        const FOREST: &str = "foret-vivante";
        self.takes(0, "L1", 3000, FOREST, "2026-08-03T10:00:00Z")
            .await;
        self.takes(0, "L2", 2000, FOREST, "2026-08-04T10:00:00Z")
            .await;
        self.takes(0, "L3", 1_500_000, FOREST, "2026-08-05T10:00:00Z")
            .await;
        self.decides_case("donation-above-ceiling", "correct --amount 1.50");
        self.takes(0, "L4", 200, FOREST, "2026-08-06T10:00:00Z")
            .await;
        self.tells(0, refund_of("L4", "R4", 200)).await;
        self.takes(0, "L4", 200, FOREST, "2026-08-26T10:00:00Z")
            .await;
        self.decides_case("second-order", "accept");
        self.takes(0, "L5", 200, FOREST, "2026-08-08T10:00:00Z")
            .await;
        self.takes(0, "L5", 300, FOREST, "2026-08-08T10:00:00Z")
            .await;
        self.decides_case("donation-raised", "accept");
        for order in ["P1", "P2", "P3", "P4", "P5"] {
            self.takes(1, order, 800, "abri", "2026-08-09T10:00:00Z")
                .await;
        }
        self.takes(2, "E1", 2500, FOREST, "2026-08-10T10:00:00Z")
            .await;
        let mut unclear = order_of("E2", 2000, "abri", "2026-08-11T10:00:00Z");
        unclear["data"]["consent"]["preticked"] = true.into();
        self.tells(2, unclear).await;
        self.takes(2, "E3", 200, FOREST, "2026-08-12T10:00:00Z")
            .await;
        self.tells(2, refund_of("E3", "R3", 500)).await;
        self.decides_case("refund-beyond-donation", "not-given-back");
    }

    /// Money comes twice, in part, without its reference and from a stranger; a fee goes.
    fn september_comes_in(&mut self) -> Vec<(String, i64, String)> {
        let asked = self.asks("2026-08", "2026-09-02");
        let amounts: Vec<i64> = asked.iter().map(|a| a.1).collect();
        assert_eq!(amounts, [5650, 4000, 4500]);
        self.imports(
            "2026-09-03",
            &[
                entry("CRDT", 5650, &asked[0].0, "Librairie"),
                entry("CRDT", 5650, &asked[0].0, "Librairie"),
                entry("CRDT", 2400, &asked[1].0, "Papeterie"),
                entry("CRDT", 4500, "NOTPROVIDED", "Primeur"),
                entry("CRDT", 5000, "NOTPROVIDED", "Fondatrice"),
                entry("DBIT", 25, "NOTPROVIDED", "Banque"),
            ],
        );
        assert_eq!(self.open("bank-line-unmatched").len(), 5);
        self.explains(5650, "--next-month");
        self.explains(2400, "--accept-part");
        let third = asked[2].2.clone();
        self.explains(4500, &third);
        self.explains(5000, "--top-up");
        self.explains(25, "--fee");
        assert_eq!(self.open("bank-line-unmatched"), [] as [Value; 0]);
        asked
    }

    /// A payment is taken back and a payout comes back, in statements that come in the wrong order.
    fn september_goes_back(&mut self, third: &str, payouts: &[(String, i64)]) {
        let lost = [entry("DBIT", 4500, third, "Primeur")];
        let lost = self.bank.statement("2026-09-10", &lost);
        let (reference, cents) = &payouts[0];
        self.imports("2026-09-12", &[entry("CRDT", *cents, reference, "Abri")]);
        assert_eq!(self.open("statement-gap").len(), 1);
        self.does(&format!("bank import {lost}"));
        if !self.open("statement-gap").is_empty() {
            self.decides_case("statement-gap", "explain");
        }
        let (iban, name) = ("FR7630006000011020304161158", "Abri");
        let change = format!("association iban abri {iban} --name {name} --on 2026-09-12");
        self.decides(&change, LEA);
        self.decides(
            &format!("{change} --confirm").replace(" --name Abri", ""),
            HUGO,
        );
        self.decides_case("payout-failed", "pay-again --on 2026-09-15");
        self.decides_case("collection-failed", "ask-again --on 2026-09-15");
        self.imports("2026-09-16", &[entry("CRDT", 4500, third, "Primeur")]);
    }

    /// Each account that is passed through is empty, and nothing waits for anybody.
    fn is_done(&self) {
        assert_eq!(self.does("cases --open"), serde_json::json!([]));
        assert_eq!(self.does("bank lines --open"), serde_json::json!([]));
        assert_eq!(self.does("runs --open"), serde_json::json!([]));
        let passed = [
            "collection_in_transit",
            "payout_in_transit",
            "internal_transfer",
            "refund_due",
            "merchant_credit",
            "suspense",
        ];
        let balances = self.does("ledger balances");
        for account in balances.as_array().unwrap() {
            let name = account["name"].as_str().unwrap();
            if passed.iter().any(|kind| name.starts_with(kind)) {
                assert_eq!(account["balance"], "0.00", "{name}");
            }
        }
        assert_eq!(self.does("check")["ok"], true);
        for (format, program, arguments) in [
            ("hledger", "hledger", &["check", "--strict", "-f"][..]),
            ("ledger", "ledger", &["--pedantic", "bal", "-f"]),
            ("beancount", "bean-check", &[]),
        ] {
            let file = self.house.data.join(format!("books.{format}"));
            let file = file.to_str().unwrap();
            self.does(&format!("ledger export --format {format} --output {file}"));
            let package = if format == "beancount" {
                "beancount"
            } else {
                format
            };
            tool(program, package, &[arguments, &[file]].concat());
        }
    }
}

fn shop_of(added: &Value) -> Shop {
    let text = |name: &str| added[name].as_str().unwrap().to_owned();
    Shop::of(&text("webhook_url"), &text("secret"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_in_a_month_is_ended_by_commands_alone() {
    let listen = format!("127.0.0.1:{}", free_port());
    let settings = [
        ("OBOLE_LISTEN", listen),
        ("OBOLE_GIFT_DATE", "donor-payment".to_owned()),
        ("OBOLE_ALERT_MAIL", "equipe@obole.example".to_owned()),
    ];
    let mut team = Team::sets_up(House::new("goes-wrong", &settings));
    let (serving, log) = team.house.serve();
    team.august().await;
    let asked = team.september_comes_in();
    let payouts = team.pays("2026-09-05");
    let mut cents: Vec<i64> = payouts.iter().map(|p| p.1).collect();
    assert_eq!(cents.len(), 2);
    cents.sort_unstable();
    assert_eq!(cents, [4400, 8150]);
    let left: Vec<Entry> = payouts
        .iter()
        .map(|(reference, cents)| entry("DBIT", *cents, reference, "Obole"))
        .collect();
    team.imports("2026-09-07", &left);
    team.does("receipts run --period 2026-08 --on 2026-09-08");
    team.decides_case("consent-unclear", "accept");

    team.tells(0, refund_of("L1", "R1", 3000)).await;
    team.decides_case("refund-after-payout", "operator-bears");
    team.decides_case("receipt-in-question", "cancel");
    team.tells(0, refund_of("L2", "R2", 500)).await;
    team.decides_case("receipt-in-question", "replace");
    team.september_goes_back(&asked[2].0, &payouts);
    let again = team.pays("2026-09-19");
    assert_eq!(again.iter().map(|p| p.1).collect::<Vec<_>>(), [2000, 2400]);

    team.takes(0, "L6", 10_000, "foret-vivante", "2026-09-20T10:00:00Z")
        .await;
    team.takes(1, "P6", 200, "abri", "2026-09-20T10:00:00Z")
        .await;
    let asked = team.asks("2026-09", "2026-10-02");
    let mut comes: Vec<Entry> = asked
        .iter()
        .map(|(reference, cents, _)| entry("CRDT", *cents, reference, "a shop"))
        .collect();
    comes.extend(again.iter().map(|(r, c)| entry("DBIT", *c, r, "Obole")));
    team.imports("2026-10-03", &comes);
    team.decides_case("refund-after-payout", "association-agrees");
    let last = team.pays("2026-10-05");
    let last: Vec<Entry> = last
        .iter()
        .map(|(reference, cents)| entry("DBIT", *cents, reference, "Obole"))
        .collect();
    team.imports("2026-10-06", &last);
    team.does("receipts run --period 2026-09 --on 2026-10-08");
    // The payout that came back was in three receipts; it is paid now.
    for case in team.open("receipt-in-question") {
        let id = case["case_id"].as_str().unwrap();
        team.decides(&format!("case decide {id} replace --on 2026-10-09"), LEA);
    }
    team.is_done();
    drop(serving);
    drop(log.join());
}
