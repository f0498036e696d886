//! The two papers that a treasurer books from tell the whole truth when money went wrong: the
//! merchant's statement and the association's payout report.

use chrono::Utc;
use obole::collections::{self, Collection, LineKind};
use obole::db::settlement_lock;
use obole::mail::{
    AccountSums, ClaimLine, FailedPaymentLine, PaymentMail, PaymentTold, ReportMail, ReturnedMail,
    ReturnedPaymentLine, StatementMail,
};
use obole::mailing;
use obole::values::{
    Amount, BankLine, BankSide, Email, LineDetails, Locale, MailContent, Period, Reader, SetAside,
    euros,
};
use obole::{cases, reconciliation, refunds_due};
use uuid::Uuid;

use crate::browser::mails_to;
use crate::shop::{Service, refund};
use crate::steps::{approve, collect, give, month, on, pay_again, prepare_payouts, release};

const CAMILLE: &str = "camille@example.org";
pub const SHOP: &str = "compta@librairie.example";
pub const TREASURER: &str = "tresorier@foret-vivante.example";

/// The service's shop takes donations on the tenth of a month.
pub async fn given(s: &Service, period: &str, orders: &[(&str, &str)]) {
    for (order, amount) in orders {
        give(s, order, &format!("{period}-10T10:00:00Z"), amount, CAMILLE).await;
    }
}

/// The shop gives back an order on a day, whole or so many euros of it.
pub async fn give_back(s: &Service, order: &str, day: &str, amount: Option<&str>) {
    let mut event = refund(order);
    event["timestamp"] = format!("{day}T10:00:00Z").into();
    event["data"]["refund_id"] = Uuid::now_v7().to_string().into();
    if let Some(amount) = amount {
        event["data"]["amount"] = amount.into();
    }
    let (status, document) = s.shop.send(&Uuid::now_v7().to_string(), &event).await;
    assert_eq!(status, 200, "{document}");
    s.posted().await;
}

/// A line of the bank's is imported, and what follows is mailed.
pub async fn shown(s: &Service, side: BankSide, reference: &str, cents: i64, day: &str) {
    let line = BankLine {
        account: "FR7630006000011234567890189".into(),
        statement: "by hand".into(),
        identity: Uuid::now_v7().to_string(),
        side,
        amount: Amount::from_cents(cents).unwrap(),
        booked_on: on(day),
        references: vec![reference.into()],
        details: LineDetails::default(),
    };
    let mut tx = s.world.db.begin().await.unwrap();
    let import = reconciliation::import(&mut tx, Utc::now(), &[line])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(import.summary.matched, 1);
    let refused = mailing::send_reports(&s.app, Utc::now()).await.unwrap();
    assert_eq!(refused, [] as [SetAside; 0]);
}

pub async fn pays(s: &Service, asked: &Collection, day: &str) {
    shown(
        s,
        BankSide::Credit,
        &asked.reference,
        asked.amount_cents,
        day,
    )
    .await;
}

/// The shop is asked for a month on the second of the next.
pub async fn asked(s: &Service, period: &str) -> Collection {
    let period = month(&format!("{period}-01"));
    let day = on(&format!("{}-02", period.next()));
    collect(s, day, period).await.remove(0)
}

/// What the association is owed is paid out, and debited on a day. Returns its reference and
/// amount.
pub async fn paid_out(s: &Service, operators: &[Email; 2], day: &str) -> (String, i64) {
    let prepared = prepare_payouts(s, on(day)).await;
    approve(s, on(day), operators, &prepared).await;
    let (reference, cents) = (prepared[0].reference.clone(), prepared[0].amount_cents);
    shown(s, BankSide::Debit, &reference, cents, day).await;
    (reference, cents)
}

/// The association agrees to give back all that is claimed of it.
pub async fn agrees(s: &Service, day: &str) {
    let claims: Vec<Uuid> =
        sqlx::query_scalar("select refund_due_id from open_refund_due where origin = 'refund'")
            .fetch_all(&s.world.db)
            .await
            .unwrap();
    for id in claims {
        let decided = cases::Decision {
            decision: "association-agrees",
            by: "lea@obole.example",
            why: "by telephone",
        };
        let mut tx = s.world.db.begin().await.unwrap();
        settlement_lock::lock_exclusive(&mut tx).await.unwrap();
        refunds_due::settle_agreed(&mut tx, Utc::now(), on(day), id, decided)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
}

/// Each line of a statement that was written, as `order kind amount`.
pub fn lines(asked: &Collection) -> Vec<String> {
    let csv = std::fs::read_to_string(asked.file.as_ref().unwrap()).unwrap();
    csv.lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let order = cells[1].trim_matches('"');
            format!("{order} {} {}", cells[5], cells[4])
        })
        .collect()
}

/// The one mail to somebody that says something, with plain spaces.
pub fn mail(s: &Service, to: &str, says: &str) -> String {
    let mails = mails_to(s, to);
    let texts = mails.into_iter().map(|m| plain(&m.text));
    let found: Vec<String> = texts.filter(|t| t.contains(says)).collect();
    assert_eq!(found.len(), 1, "{says}: {found:#?}");
    found.into_iter().next().unwrap()
}

fn plain(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
        .replace('\u{2212}', "-")
        .replace("\r\n", "\n")
}

pub fn says(mail: &str, all: &[&str]) {
    for part in all {
        assert!(mail.contains(part), "not there: {part}\n{mail}");
    }
}

pub fn says_not(mail: &str, none: &[&str]) {
    for part in none {
        assert!(!mail.contains(part), "there: {part}\n{mail}");
    }
}

#[tokio::test]
async fn a_statement_lists_what_was_taken_and_given_back_in_its_own_month() {
    let s = Service::start().await;
    given(
        &s,
        "2026-08",
        &[("A", "10.00"), ("B", "5.00"), ("C", "4.00")],
    )
    .await;
    give_back(&s, "B", "2026-08-12", None).await;
    give_back(&s, "C", "2026-08-13", Some("1.00")).await;
    let asked = asked(&s, "2026-08").await;
    assert_eq!((asked.count, asked.amount.as_str()), (2, "13.00"));
    let mut listed = lines(&asked);
    listed.sort();
    assert_eq!(
        listed,
        [
            "A donation 10.00",
            "B donation 5.00",
            "B refund -5.00",
            "C donation 4.00",
            "C refund -1.00"
        ]
    );
    let csv = std::fs::read_to_string(asked.file.as_ref().unwrap()).unwrap();
    assert!(csv.contains("2026-08-12,\"B\""), "a refund has its own day");
    let mail = mail(&s, SHOP, "août 2026");
    says(
        &mail,
        &[
            "3 dons de vos clients, 19,00 €",
            "Rendu de ces dons : -6,00 €",
            "À virer : 13,00 €",
            "Dons encaissés : débit 512 Banque 19,00 €, crédit 467 Obole 19,00 €",
            "Dons rendus aux clients : débit 467 Obole 6,00 €, crédit 512 Banque 6,00 €",
            "Virement à Obole : débit 467 Obole 13,00 €, crédit 512 Banque 13,00 €",
            &asked.reference,
        ],
    );
    says_not(&mail, &["relevés précédents", "Crédit"]);
    s.checked().await;
}

#[tokio::test]
async fn what_was_given_back_whole_in_a_month_without_a_statement_is_on_the_next() {
    let s = Service::start().await;
    given(&s, "2026-08", &[("A", "10.00")]).await;
    give_back(&s, "A", "2026-08-12", None).await;
    let none = collect(&s, on("2026-09-02"), month("2026-08-01")).await;
    assert_eq!(none.len(), 0, "nothing is asked for");
    given(&s, "2026-09", &[("B", "5.00")]).await;
    let first = asked(&s, "2026-09").await;
    assert_eq!(
        lines(&first),
        ["A donation 10.00", "A refund -10.00", "B donation 5.00"]
    );
    given(&s, "2026-10", &[("C", "3.00")]).await;
    assert_eq!(lines(&asked(&s, "2026-10").await), ["C donation 3.00"]);
    s.checked().await;
}

#[tokio::test]
async fn a_statement_that_credit_covers_asks_for_nothing_and_says_what_carries_on() {
    let s = Service::start().await;
    given(&s, "2026-07", &[("A", "10.00"), ("B", "5.00")]).await;
    let july = asked(&s, "2026-07").await;
    give_back(&s, "A", "2026-08-03", None).await;
    pays(&s, &july, "2026-08-04").await;
    given(&s, "2026-08", &[("C", "4.00")]).await;
    let august = asked(&s, "2026-08").await;
    assert_eq!(
        lines(&august),
        ["A refund -10.00", "C donation 4.00", " credit_left 6.00"]
    );
    let nothing = mail(&s, SHOP, "août 2026");
    says(
        &nothing,
        &[
            "Rendu de dons de relevés précédents : -10,00 €",
            "Crédit laissé au relevé suivant : 6,00 €",
            "À virer : 0,00 €",
            "Il n’y a rien à virer",
            "crédit de 6,00 €",
        ],
    );
    let iban = s.app.settings.account.iban.as_str();
    says_not(
        &nothing,
        &["Virement à", iban, &august.reference, "Rendu de ces dons"],
    );
    given(&s, "2026-09", &[("D", "8.00")]).await;
    let september = asked(&s, "2026-09").await;
    assert_eq!(
        lines(&september),
        ["D donation 8.00", " credit_before -6.00"]
    );
    says(
        &mail(&s, SHOP, "septembre 2026"),
        &[
            "Crédit laissé par le relevé précédent : -6,00 €",
            "À virer : 2,00 €",
            &september.reference,
        ],
    );
    s.checked().await;
}

#[tokio::test]
async fn a_statement_tells_of_a_payment_that_did_not_stay_and_of_a_credit_that_waits() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(&s, "2026-07", &[("A", "20.00")]).await;
    let july = asked(&s, "2026-07").await;
    pays(&s, &july, "2026-08-04").await;
    paid_out(&s, &operators, "2026-08-05").await;
    give_back(&s, "A", "2026-08-06", Some("3.00")).await;
    given(&s, "2026-08", &[("B", "20.00")]).await;
    let august = asked(&s, "2026-08").await;
    says(
        &mail(&s, SHOP, "août 2026"),
        &["Vous avez aussi rendu 3,00 €", "À virer : 20,00 €"],
    );
    pays(&s, &august, "2026-09-03").await;
    shown(&s, BankSide::Debit, &august.reference, 2000, "2026-09-04").await;
    give_back(&s, "B", "2026-09-05", Some("6.00")).await;
    given(&s, "2026-09", &[("C", "16.00")]).await;
    release(&s).await;
    let september = asked(&s, "2026-09").await;
    assert_eq!(september.amount, "16.00");
    assert_eq!(
        lines(&september),
        [
            &format!("{} asked_apart -20.00", august.reference),
            &format!("{} payment_returned 20.00", august.reference),
            "B refund -6.00",
            "C donation 16.00",
            " taken_elsewhere 6.00"
        ]
    );
    says(
        &mail(&s, SHOP, "relevé de Librairie pour septembre 2026"),
        &[
            "Déjà déduit d’un paiement refusé ou repris : 6,00 €",
            "À virer : 16,00 €",
            &format!(
                "Le paiement de 20,00 € pour août 2026 (référence {}) a été repris par la banque \
                 le 4 septembre 2026",
                august.reference
            ),
            &format!(
                "Paiement repris par la banque le 4 septembre 2026 (référence {}) : 20,00 €",
                august.reference
            ),
            "Paiement repris, demandé à part : -20,00 €",
            &format!(
                "Paiement repris le 4 septembre 2026 (référence {}) : débit 512 Banque 20,00 €, \
                 crédit 467 Obole 20,00 €",
                august.reference
            ),
        ],
    );
    s.checked().await;
}

#[tokio::test]
async fn a_report_tells_what_was_given_back_before_its_payout_left() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(
        &s,
        "2026-07",
        &[("A", "20.00"), ("B", "10.00"), ("C", "5.00")],
    )
    .await;
    let july = asked(&s, "2026-07").await;
    pays(&s, &july, "2026-08-02").await;
    // Of what arrived, one is given back in part and one whole, before the payout.
    give_back(&s, "B", "2026-08-03", Some("4.00")).await;
    give_back(&s, "C", "2026-08-03", None).await;
    let (reference, cents) = paid_out(&s, &operators, "2026-08-05").await;
    assert_eq!(cents, 2600);
    let first = mail(&s, TREASURER, &reference);
    says(
        &first,
        &[
            "Forêt Vivante a reçu 26,00 € le 5 août 2026 par virement, sans aucuns frais",
            "3 dons : 35,00 €",
            "Rendu de ces dons avant le virement : -9,00 €",
            "Versé : 26,00 €",
            "Dû au début : 0,00 €",
            "Dons arrivés des boutiques : 35,00 €",
            "Rendu par les boutiques avant de vous être versé : -9,00 €",
            "Virement arrivé : -26,00 €",
            "Dû à la fin : 0,00 €",
            "débit 512 Banque 26,00 €, crédit 754 Collectes et dons 26,00 €",
        ],
    );
    says_not(&first, &["entier", "Retenu", "658", "accord"]);
    s.checked().await;
}

#[tokio::test]
async fn a_refund_of_what_was_paid_before_is_in_the_report_of_the_payout_that_bears_it() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(&s, "2026-07", &[("A", "20.00")]).await;
    let july = asked(&s, "2026-07").await;
    pays(&s, &july, "2026-08-02").await;
    paid_out(&s, &operators, "2026-08-05").await;
    // One of what it has is given back; it agrees once there is something to take it from.
    give_back(&s, "A", "2026-08-20", Some("6.00")).await;
    given(&s, "2026-08", &[("D", "30.00")]).await;
    let august = asked(&s, "2026-08").await;
    pays(&s, &august, "2026-09-02").await;
    agrees(&s, "2026-09-03").await;
    let (reference, cents) = paid_out(&s, &operators, "2026-09-05").await;
    assert_eq!(cents, 2400);
    let second = mail(&s, TREASURER, &reference);
    says(
        &second,
        &[
            "1 don : 30,00 €",
            "Retenu pour d’autres dons rendus : -6,00 €",
            "Versé : 24,00 €",
            "après vous avoir été versé, retenu avec votre accord : -6,00 €",
            "Dû à la fin : 0,00 €",
            "débit 512 Banque 24,00 €, crédit 754 Collectes et dons 24,00 €",
            "débit 512 Banque 24,00 €, débit 658 Charges diverses de gestion courante 6,00 €, \
             crédit 754 Collectes et dons 30,00 €",
        ],
    );
    let payout = sqlx::query_scalar("select payout_id from payout where reference = $1")
        .bind(&reference)
        .fetch_one(&s.world.db)
        .await
        .unwrap();
    let mut db = s.world.db.acquire().await.unwrap();
    let lines = obole::payouts::report_lines(&mut db, Reader::System, payout)
        .await
        .unwrap();
    drop(db);
    assert_eq!(
        obole::payouts::report_csv(&lines),
        "date,shop,order,cause,amount,kind\r\n\
         2026-08-10,\"Librairie\",\"D\",\"Cause foret-vivante\",30.00,donation\r\n\
         2026-08-20,\"Librairie\",\"A\",\"Cause foret-vivante\",-6.00,earlier_refund\r\n"
    );
    s.checked().await;
}

#[tokio::test]
async fn a_payout_that_came_back_after_its_report_is_told_and_the_next_report_goes_on_from_it() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(&s, "2026-07", &[("A", "20.00")]).await;
    let july = asked(&s, "2026-07").await;
    pays(&s, &july, "2026-08-02").await;
    let (reference, _) = paid_out(&s, &operators, "2026-08-05").await;
    give_back(&s, "A", "2026-08-06", Some("3.00")).await;
    shown(&s, BankSide::Credit, &reference, 2000, "2026-08-07").await;
    let back = mail(&s, TREASURER, "est revenu le");
    says(
        &back,
        &[
            &format!(
                "Le virement de 20,00 € à Forêt Vivante, annoncé pour le 5 août 2026 sous la \
                 référence {reference}, est revenu le 7 août 2026"
            ),
            "Virement revenu : 20,00 €",
            "Rendu par les boutiques avant de vous être versé : -3,00 €",
            "Dû à la fin : 17,00 €",
            "débit 754 Collectes et dons 20,00 €, crédit 512 Banque 20,00 €",
        ],
    );
    let again = mailing::send_reports(&s.app, Utc::now()).await.unwrap();
    assert_eq!(again, [] as [SetAside; 0]);
    assert_eq!(mails_to(&s, TREASURER).len(), 2, "each is told once");
    pay_again(&s, on("2026-08-10")).await;
    let (reference, cents) = paid_out(&s, &operators, "2026-08-10").await;
    assert_eq!(cents, 1700);
    says(
        &mail(&s, TREASURER, &format!("virement est {reference}")),
        &[
            "1 don : 20,00 €",
            "Rendu de ces dons avant le virement : -3,00 €",
            "Versé : 17,00 €",
            "Dû au début : 17,00 €",
            "Dû à la fin : 0,00 €",
        ],
    );
    s.checked().await;
}

#[tokio::test]
async fn a_payout_that_came_back_before_its_report_left_is_not_told_at_all() {
    let s = Service::start().await;
    let operators = s.operators().await;
    given(&s, "2026-07", &[("A", "20.00")]).await;
    let july = asked(&s, "2026-07").await;
    pays(&s, &july, "2026-08-02").await;
    let prepared = prepare_payouts(&s, on("2026-08-05")).await;
    approve(&s, on("2026-08-05"), &operators, &prepared).await;
    let line = |side, day: &str| BankLine {
        account: "FR7630006000011234567890189".into(),
        statement: "by hand".into(),
        identity: day.into(),
        side,
        amount: Amount::from_cents(2000).unwrap(),
        booked_on: on(day),
        references: vec![prepared[0].reference.clone()],
        details: LineDetails::default(),
    };
    let both = [
        line(BankSide::Debit, "2026-08-05"),
        line(BankSide::Credit, "2026-08-06"),
    ];
    let mut tx = s.world.db.begin().await.unwrap();
    reconciliation::import(&mut tx, Utc::now(), &both)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    mailing::send_reports(&s.app, Utc::now()).await.unwrap();
    assert_eq!(mails_to(&s, TREASURER).len(), 0);
    pay_again(&s, on("2026-08-10")).await;
    let (reference, _) = paid_out(&s, &operators, "2026-08-10").await;
    let report = mail(&s, TREASURER, &reference);
    says(&report, &["Dû au début : 0,00 €", "Dû à la fin : 0,00 €"]);
    says_not(&report, &["revenu"]);
    s.checked().await;
}

/// The words of an HTML document's body, as text.
fn words_of(html: &str) -> String {
    let body = html
        .split_once("<body")
        .unwrap()
        .1
        .split_once('>')
        .unwrap()
        .1;
    let text = body.replace("<br>", "\n").replace("</p>", "\n\n");
    let mut words = String::new();
    let mut in_tag = false;
    for c in text.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            _ if !in_tag => words.push(c),
            _ => {}
        }
    }
    words.replace("&amp;", "&").trim().to_owned()
}

/// The merchant's messages.
fn to_merchants(locale: Locale) -> [MailContent; 3] {
    let day = on("2026-08-05");
    let period = Period::of(day);
    let payment = |told| {
        PaymentMail {
            merchant: "Librairie & Cie",
            told,
            period,
            amount_cents: 123_456,
            reference: "RF71",
            holder: "Obole",
            iban: "FR76",
            bic: "AGRIFRPP",
            locale,
        }
        .message()
    };
    let statement = StatementMail {
        merchant: "Librairie & Cie",
        period,
        count: 2,
        donated_cents: 123_456,
        refunded_cents: 1,
        refunded_earlier_cents: 2,
        refunded_late_cents: 8,
        returned: vec![ReturnedPaymentLine {
            on: day,
            amount_cents: 9,
            reference: "RF18",
        }],
        credit_before_cents: 3,
        taken_elsewhere_cents: 4,
        other_credit_cents: 5,
        credit_left_cents: 6,
        amount_cents: 123_455,
        failed: vec![FailedPaymentLine {
            period,
            amount_cents: 100,
            reference: "RF18",
            returned_on: Some(day),
        }],
        waiting_cents: 7,
        reference: "RF71",
        holder: "Obole",
        iban: "FR76",
        bic: "AGRIFRPP",
        locale,
    };
    [
        statement.message(),
        payment(PaymentTold::AskedAgain),
        payment(PaymentTold::Returned {
            on: day,
            reason: Some("MS03"),
        }),
    ]
}

/// The association's messages.
fn to_associations(locale: Locale) -> [MailContent; 2] {
    let day = on("2026-08-05");
    let account = AccountSums {
        opening_cents: 1,
        arrived_cents: 2,
        refunded_cents: 3,
        claimed_cents: 4,
        withdrawn_cents: 5,
        returned_cents: 6,
        paid_cents: 7,
        closing_cents: -10,
        undecided_cents: 123_456,
    };
    let claim = || ClaimLine {
        order: "FR-1",
        merchant: "Librairie",
        on: day,
        amount_cents: 123_456,
    };
    let claims: Vec<ClaimLine<'_>> = (0..22).map(|_| claim()).collect();
    let report = ReportMail {
        association: "Abri & Cœur",
        count: 1,
        donated_cents: 123_456,
        refunded_cents: 1,
        deducted_cents: 2,
        amount_cents: 123_453,
        paid_on: day,
        reference: "OBOLE1",
        account,
        claims: &claims,
        locale,
    };
    let returned = ReturnedMail {
        association: "Abri & Cœur",
        amount_cents: 123_456,
        paid_on: day,
        returned_on: day,
        reference: "OBOLE1",
        reason: Some("AC04"),
        account,
        claims: &claims,
        locale,
    };
    [report.message(), returned.message()]
}

#[test]
fn both_parts_of_each_paper_say_the_same_in_the_readers_language() {
    for locale in Locale::ALL {
        let to_merchants = to_merchants(locale).into_iter();
        for message in to_merchants.chain(to_associations(locale)) {
            assert_eq!(words_of(&message.html), message.text, "{locale}");
            let (own, other) = match locale {
                Locale::Fr => ("1\u{202f}234,56\u{a0}€", "€1,234.56"),
                Locale::En => ("€1,234.56", "1\u{202f}234,56\u{a0}€"),
            };
            assert!(message.text.contains(own), "{locale}: {}", message.text);
            assert!(!message.text.contains(other), "{locale}: {}", message.text);
        }
    }
}

/// The sum of a statement's lines, and of its kinds, is what its collection asks for.
pub async fn statement_adds_up(s: &Service, asked: &Collection) -> collections::StatementSums {
    let mut db = s.world.db.acquire().await.unwrap();
    let id = asked.collection_id;
    let lines = collections::lines(&mut db, Reader::System, id)
        .await
        .unwrap();
    let sums = collections::sums(&mut db, &[id]).await.unwrap()[&id];
    let of = |kind| -> i64 {
        let of = lines.iter().filter(|l| l.kind == kind);
        of.map(|l| l.amount_cents).sum()
    };
    let all: i64 = lines.iter().map(|l| l.amount_cents).sum();
    assert_eq!(all, asked.amount_cents, "{lines:#?}");
    assert_eq!(sums.asked_cents(), asked.amount_cents, "{sums:?}");
    assert_eq!(of(LineKind::Donation), sums.donated_cents);
    assert_eq!(
        -of(LineKind::Refund),
        sums.refunded_cents + sums.refunded_earlier_cents
    );
    assert_eq!(-of(LineKind::LateRefund), sums.refunded_late_cents);
    let returned = collections::returned_payments(&mut db, &[id]).await;
    let returned: i64 = returned.unwrap().iter().map(|r| r.amount_cents).sum();
    assert_eq!(of(LineKind::PaymentReturned), returned);
    assert_eq!(of(LineKind::AskedApart), -returned);
    assert_eq!(-of(LineKind::CreditBefore), sums.credit_before_cents);
    assert_eq!(of(LineKind::TakenElsewhere), sums.taken_elsewhere_cents);
    assert_eq!(-of(LineKind::OtherCredit), sums.other_credit_cents);
    assert_eq!(of(LineKind::CreditLeft), sums.credit_left_cents);
    // The file that is attached says the same.
    let csv = collections::csv(&lines);
    if let Some(file) = &asked.file {
        assert_eq!(std::fs::read_to_string(file).unwrap(), csv);
    }
    let told: i64 = csv
        .lines()
        .skip(1)
        .map(|l| {
            let cents = l.rsplit(',').nth(1).unwrap().replace('.', "");
            cents.parse::<i64>().unwrap()
        })
        .sum();
    assert_eq!(euros(told), asked.amount);
    sums
}
