//! Each check is seen red: the books of a whole month are broken by hand, as only the schema's
//! owner can, and the check that should see it does.

use std::collections::BTreeSet;

use chrono::{Days, Utc};
use obole::gateways::bank::simulated::{IncomingTransfer, play_day};
use obole::values::{Amount, Period, paris_day};
use obole::{checks, runs};
use serde_json::json;

use crate::shop::{Service, checkout, refund};

/// The check that sees it, and what breaks the books.
const BREAKS: &[(&str, &str)] = &[
    (
        "balances-equal-transfers",
        "update account_balance
         set debits_cents = debits_cents + 1, credits_cents = credits_cents + 1
         where account_id =
           (select account_id from account_balance where debits_cents > 0 limit 1)",
    ),
    (
        "debits-equal-credits",
        "update account_balance set debits_cents = debits_cents + 1
         where account_id =
           (select account_id from account_balance where debits_cents > 0 limit 1)",
    ),
    (
        "every-transfer-names-two-accounts",
        "update transfer set debit_account_id = gen_random_uuid() where fact = 'payout_settled'",
    ),
    (
        "donations-never-pay-fees",
        "with fees as (
           insert into account (account_id, kind, owner, code)
           values (gen_random_uuid(), 'provider_fees', 'bank', '627000') returning account_id)
         insert into account_balance (account_id, debits_cents, credits_cents)
         select account_id, 1, 0 from fees",
    ),
    (
        "clearing-accounts-hold-only-what-is-on-its-way",
        "update account_balance set debits_cents = debits_cents + 100 where account_id =
           (select account_id from account
            where kind = 'collection_in_transit' and owner = 'transfer')",
    ),
    (
        "the-bank-is-mirrored",
        "delete from bank_line where outcome = 'collection_settled'",
    ),
    (
        "every-donation-names-what-exists",
        "update donation set cause_id = gen_random_uuid() where order_id = 'M-1'",
    ),
    (
        "every-donation-is-named-by-its-order",
        "update donation set order_id = 'another' where order_id = 'M-1'",
    ),
    ("every-link-names-what-exists", "delete from payout"),
    (
        "every-donation-is-posted-once",
        "delete from transfer where fact = 'donation_recorded' and fact_id =
           (select donation_id from donation where order_id = 'M-1')",
    ),
    (
        "every-refund-is-posted-once",
        "update donation_refund set amount_cents = amount_cents - 1",
    ),
    (
        "refunds-stay-within-their-donation",
        "insert into donation_refund (donation_id, refund_id, fact_id, amount_cents, event_id,
           after_collection, occurred_at, recorded_at)
         select donation_id, 'again', gen_random_uuid(), 1, event_id,
           after_collection, occurred_at, recorded_at
         from donation_refund",
    ),
    (
        "every-queued-event-was-received",
        "insert into inbox_queue (event_id, endpoint_id, received_at)
         select gen_random_uuid(), endpoint_id, created_at from endpoint",
    ),
    (
        "every-event-has-an-outcome",
        "insert into inbox_event (endpoint_id, delivery_key, event_id, body_hash, received_at)
         select endpoint_id, 'lost', gen_random_uuid(), '\\x00', created_at from endpoint",
    ),
    (
        "every-event-came-in-at-an-endpoint",
        "update inbox_event set endpoint_id = gen_random_uuid()",
    ),
    (
        "merchants-owe-what-is-not-asked-for",
        "delete from collection_donation",
    ),
    (
        "a-collection-is-the-sum-of-its-donations",
        "update collection set amount_cents = amount_cents + 1",
    ),
    (
        "states-are-numbered-without-a-gap",
        "update payout_state set n = n + 1 where state = 'settled'",
    ),
    (
        "a-payout-is-the-sum-of-its-donations",
        "update payout set count = count + 1",
    ),
    (
        "only-money-that-arrived-is-paid-out",
        "delete from collection_state where state = 'settled'",
    ),
    (
        "two-people-approve-what-leaves",
        "delete from payout_approval
         where operator_id = (select operator_id from operator limit 1)",
    ),
    (
        "receipts-are-only-for-money-paid-out",
        "delete from payout_state where state = 'settled'",
    ),
    (
        "a-receipt-is-the-sum-of-its-donations",
        "update receipt set amount_cents = amount_cents + 1",
    ),
    (
        "receipt-numbers-have-no-gap",
        "update receipt_counter set last = last + 1",
    ),
];

/// A month from the webhooks to the receipts, with a refund before it and a dead letter.
async fn month(s: &Service) {
    let now = Utc::now();
    let period = Period::of(paris_day(now));
    let on = period.next().first_day() + Days::new(1);
    let [lea, hugo] = s.operators().await;
    for n in 0..20 {
        let order = format!("M-{n}");
        let event = checkout(&order, |e| {
            e["data"]["donation"] = json!({"amount": "2.00"})
        });
        assert_eq!(s.shop.send(&order, &event).await.0, 200);
    }
    assert_eq!(s.shop.send("R-0", &refund("M-0")).await.0, 200);
    s.posted().await;
    let collections = runs::run_collections(&s.app, now, on, period)
        .await
        .unwrap()
        .collections;
    let incoming: Vec<IncomingTransfer> = collections
        .into_iter()
        .map(|c| IncomingTransfer {
            from: c.merchant_name,
            reference: c.reference,
            amount: Amount::from_cents(c.amount_cents).unwrap(),
        })
        .collect();
    let (bank, account) = (&s.app.settings.bank_dir, &s.app.settings.account);
    let statement = play_day(bank, account, on, &incoming).unwrap().unwrap();
    runs::import_statements(&s.app, now, &[statement])
        .await
        .unwrap();
    for payout in runs::run_payouts(&s.app, now, on).await.unwrap() {
        for operator in [&lea, &hugo] {
            runs::approve_payout(&s.app, now, on, payout.payout_id, operator)
                .await
                .unwrap();
        }
    }
    let statement = play_day(bank, account, on, &[]).unwrap().unwrap();
    runs::import_statements(&s.app, now, &[statement])
        .await
        .unwrap();
    let options = runs::ReceiptOptions::default();
    let run = runs::run_receipts(&s.app, now, on, period, options)
        .await
        .unwrap();
    assert_eq!(run.issued, 1);
}

#[tokio::test]
async fn each_check_is_seen_red_when_what_it_guards_is_broken() {
    let s = Service::start().await;
    month(&s).await;
    let tried: BTreeSet<&str> = BREAKS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        tried,
        checks::names().collect(),
        "every check has its break"
    );
    for (name, sql) in BREAKS {
        let mut tx = s.world.owner.begin().await.unwrap();
        // Triggers and foreign keys would refuse what is tried here: that is their own test.
        sqlx::query("set local session_replication_role = replica")
            .execute(&mut *tx)
            .await
            .unwrap();
        let broken = sqlx::query(*sql).execute(&mut *tx).await.unwrap();
        assert!(broken.rows_affected() > 0, "{name}: nothing was broken");
        let verdicts = checks::run_in(&mut tx).await.unwrap();
        let red: Vec<_> = verdicts.iter().filter(|v| !v.ok).map(|v| v.name).collect();
        assert!(red.contains(name), "{name} did not see it; red are {red:?}");
        tx.rollback().await.unwrap();
    }
    s.checked().await;
}
