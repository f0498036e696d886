//! Each check is seen red: the books of two months are broken by hand, in many ways, as only the
//! schema's owner can, and the check that should see it does. Each way is one row of the table.

use std::collections::BTreeSet;

use obole::checks;

use crate::shop::{Service, refund};
use crate::steps::{
    another_shop, approve, bank_day, collect, collect_and_settle, give, give_at, import,
    issue_receipts, month, on, prepare_payouts,
};
use obole::gateways::bank::simulated::IncomingTransfer;
use obole::values::Amount;

/// A way to break the books by hand.
struct Break {
    what: &'static str,
    /// The check that sees it; others may as well.
    check: &'static str,
    sql: &'static str,
}

const BREAKS: &[Break] = &[
    Break {
        what: "a balance is moved on both sides",
        check: "balances-equal-transfers",
        sql: "update account_balance set debits_cents = debits_cents + 1, credits_cents =
         credits_cents + 1 where account_id = (select account_id from account_balance where
         debits_cents > 0 limit 1)",
    },
    Break {
        what: "a balance is moved on one side",
        check: "debits-equal-credits",
        sql: "update account_balance set debits_cents = debits_cents + 1 where account_id =
         (select account_id from account_balance where debits_cents > 0 limit 1)",
    },
    Break {
        what: "a balance row is gone",
        check: "balances-equal-transfers",
        sql: "delete from account_balance where account_id = (select account_id from account where
         kind = 'safeguarded_cash' and owner = 'bank')",
    },
    Break {
        what: "a transfer names no account",
        check: "every-transfer-names-two-accounts",
        sql: "update transfer set debit_account_id = gen_random_uuid() where fact =
         'payout_settled'",
    },
    Break {
        what: "a transfer is forged, its balances with it",
        check: "every-transfer-belongs-to-a-fact",
        sql: "with two as (select min(account_id::text)::uuid as one, max(account_id::text)::uuid
         as other from account where kind = 'association_payable'), forged as (insert into
         transfer (fact_id, fact, leg, debit_account_id, credit_account_id, amount_cents,
         occurred_at, recorded_at) select gen_random_uuid(), 'payout_submitted', 0, one,
         other, 100, now(), now() from two) update account_balance b set debits_cents =
         debits_cents + case account_id when one then 100 else 0 end, credits_cents =
         credits_cents + case account_id when other then 100 else 0 end from two where
         account_id in (one, other)",
    },
    Break {
        what: "a transfer is forged with a word of nobody's",
        check: "every-transfer-belongs-to-a-fact",
        sql: "update transfer set fact = 'gift' where fact = 'bank_credit_unknown'",
    },
    Break {
        what: "a transfer is made larger, its balances with it",
        check: "every-state-of-a-payout-is-posted",
        sql: "with changed as (update transfer set amount_cents = amount_cents + 1 where fact =
         'payout_settled' returning debit_account_id as debit, credit_account_id as credit)
         update account_balance set debits_cents = debits_cents + (select count(*) from
         changed where debit = account_id), credits_cents = credits_cents + (select count(*)
         from changed where credit = account_id)",
    },
    Break {
        what: "a donation's posting is given to another association",
        check: "every-donation-is-posted-once",
        sql: "with other as (select account_id from account where kind = 'association_pending' and
         owner = 'abri'), changed as (update transfer set credit_account_id = (select
         account_id from other) where fact = 'donation_recorded' and fact_id = (select
         donation_id from donation where order_id = 'M-2') returning amount_cents) update
         account_balance b set credits_cents = credits_cents + case owner when 'abri' then
         200 else -200 end from account a where a.account_id = b.account_id and a.kind =
         'association_pending' and a.owner in ('abri', 'foret-vivante')",
    },
    Break {
        what: "the operator pays fees with donations",
        check: "donations-never-pay-fees",
        sql: "with fees as (insert into account (account_id, kind, owner, code) values
         (gen_random_uuid(), 'provider_fees', 'bank', '627000') returning account_id) insert
         into account_balance (account_id, debits_cents, credits_cents) select account_id, 1,
         0 from fees",
    },
    Break {
        what: "an association's payable is below nothing",
        check: "accounts-stand-on-their-side",
        sql: "update account_balance set debits_cents = credits_cents + 1 where account_id =
         (select account_id from account where kind = 'association_payable' and owner =
         'abri')",
    },
    Break {
        what: "a shop's debt is forgotten",
        check: "merchants-owe-what-they-charged",
        sql: "update account_balance set credits_cents = debits_cents where account_id = (select
         account_id from account where kind = 'merchant_receivable' and owner = 'librairie')",
    },
    Break {
        what: "a shop's credit that waits is forgotten",
        check: "merchants-wait-for-what-is-due",
        sql: "update account_balance set credits_cents = 0 where account_id = (select account_id
         from account where kind = 'merchant_credit')",
    },
    Break {
        what: "a promise is forgotten",
        check: "associations-are-promised-what-did-not-arrive",
        sql: "update account_balance set debits_cents = credits_cents where account_id = (select
         account_id from account where kind = 'association_pending' and owner =
         'foret-vivante')",
    },
    Break {
        what: "what arrived is not owed",
        check: "associations-are-owed-what-arrived",
        sql: "update account_balance set debits_cents = credits_cents where account_id = (select
         account_id from account where kind = 'association_payable' and owner =
         'foret-vivante')",
    },
    Break {
        what: "a claim is forgotten",
        check: "associations-owe-what-is-due",
        sql: "update account_balance set credits_cents = debits_cents where account_id = (select
         account_id from account where kind = 'refund_due')",
    },
    Break {
        what: "money is on its way that nobody asked for",
        check: "clearing-accounts-hold-only-what-is-on-its-way",
        sql: "update account_balance set debits_cents = debits_cents + 100 where account_id =
         (select account_id from account where kind = 'collection_in_transit' and owner =
         'transfer')",
    },
    Break {
        what: "a payout is on its way that nobody sent",
        check: "clearing-accounts-hold-only-what-is-on-its-way",
        sql: "update account_balance set credits_cents = credits_cents + 100 where account_id =
         (select account_id from account where kind = 'payout_in_transit' and owner =
         'transfer')",
    },
    Break {
        what: "suspense is emptied",
        check: "clearing-accounts-hold-only-what-is-on-its-way",
        sql: "update account_balance set debits_cents = credits_cents where account_id = (select
         account_id from account where kind = 'suspense' and owner = 'bank')",
    },
    Break {
        what: "cash leaves and somebody is owed it",
        check: "cash-covers-what-may-be-asked-of-it",
        sql: "update account_balance set credits_cents = credits_cents + 100 where account_id =
         (select account_id from account where kind = 'safeguarded_cash' and owner = 'bank')",
    },
    Break {
        what: "a line of the bank is gone",
        check: "the-bank-is-mirrored",
        sql: "delete from bank_line where outcome = 'collection_settled'",
    },
    Break {
        what: "a line of the bank is larger",
        check: "the-bank-is-mirrored",
        sql: "update bank_line set amount_cents = amount_cents + 1 where outcome =
         'payout_settled'",
    },
    Break {
        what: "a line is said to be another's",
        check: "every-bank-line-is-posted",
        sql: "update bank_match set fact_id = gen_random_uuid() where meaning =
         'collection_settled'",
    },
    Break {
        what: "a line is said to be the operator's money, and nothing is posted",
        check: "every-match-is-posted",
        sql: "insert into bank_match (match_id, line_id, n, meaning, side, amount_cents, fact_id,
         fact, from_suspense, matched_by, why, matched_at) select gen_random_uuid(), line_id, 1,
         'top_up', side, amount_cents, gen_random_uuid(), 'bank_top_up', true, 'nobody', '',
         now() from bank_line where outcome = 'unknown'",
    },
    Break {
        what: "more of a line is explained than it is",
        check: "no-line-is-explained-beyond-itself",
        sql: "update bank_match set amount_cents = amount_cents + 1 where meaning =
         'payout_settled'",
    },
    Break {
        what: "a line is undone by one that knows nothing of it",
        check: "lines-that-undo-each-other-do-so-both",
        sql: "insert into bank_match (match_id, line_id, n, meaning, side, amount_cents,
         other_line_id, fact_id, from_suspense, matched_by, why, matched_at) select
         gen_random_uuid(), line_id, 1, 'reversal', side, amount_cents, (select line_id from
         bank_line where outcome = 'payout_settled' limit 1), gen_random_uuid(), true,
         'nobody', '', now() from bank_line where outcome = 'unknown'",
    },
    Break {
        what: "a line goes the other way",
        check: "every-bank-line-moves-its-own-way",
        sql: "update bank_line set side = 'debit' where outcome = 'collection_settled'",
    },
    Break {
        what: "a give-back names a debit",
        check: "what-is-given-back-came",
        sql: "insert into payout (payout_id, line_id, name, iban, count, amount_cents, reference,
         prepared_on, prepared_at) select gen_random_uuid(), line_id, 'Nobody', 'FR00', 0, 1,
         'GIVEN', '2026-09-01', now() from bank_line where side = 'debit' limit 1",
    },
    Break {
        what: "a closing balance is falsified",
        check: "the-banks-balance-is-the-ledgers",
        sql: "update bank_statement set closing_cents = closing_cents + 1 where statement_id =
         (select statement_id from bank_statement order by n limit 1)",
    },
    Break {
        what: "a line and its posting are gone together",
        check: "the-banks-balance-is-the-ledgers",
        sql: "with gone as (delete from bank_line where outcome = 'unknown' returning line_id,
         amount_cents), posting as (delete from transfer where fact_id in (select line_id
         from gone)), closed as (delete from case_file where subject in (select line_id from
         gone)) update account_balance b set debits_cents = debits_cents - case kind when
         'safeguarded_cash' then g.amount_cents else 0 end, credits_cents = credits_cents -
         case kind when 'suspense' then g.amount_cents else 0 end from gone g, account a
         where a.account_id = b.account_id and a.owner = 'bank' and a.kind in
         ('safeguarded_cash', 'suspense')",
    },
    Break {
        what: "a donation names no cause",
        check: "every-donation-names-what-exists",
        sql: "update donation set cause_id = gen_random_uuid() where order_id = 'M-1'",
    },
    Break {
        what: "a donation names no donor",
        check: "every-donation-names-what-exists",
        sql: "update donation set donor_id = gen_random_uuid() where order_id = 'M-1'",
    },
    Break {
        what: "a donation is another order's",
        check: "every-donation-is-named-by-its-order",
        sql: "update donation set order_id = 'another' where order_id = 'M-1'",
    },
    Break {
        what: "a donation is another shop's",
        check: "every-donation-is-told-by-its-merchant",
        sql: "update donation set merchant_id = (select merchant_id from merchant where slug =
         'fleuriste') where order_id = 'M-1'",
    },
    Break {
        what: "a donation is from before any",
        check: "donations-are-of-plausible-days",
        sql: "update donation set occurred_at = '1999-12-31' where order_id = 'M-1'",
    },
    Break {
        what: "a donation's posting is gone",
        check: "every-donation-is-posted-once",
        sql: "delete from transfer where fact = 'donation_recorded' and fact_id = (select
         donation_id from donation where order_id = 'M-1')",
    },
    Break {
        what: "a donation is larger",
        check: "every-donation-is-posted-once",
        sql: "update donation set amount_cents = amount_cents + 100 where order_id = 'M-1'",
    },
    Break {
        what: "a donation is gone",
        check: "every-donation-is-posted-once",
        sql: "delete from donation where order_id = 'M-1'",
    },
    Break {
        what: "a refund is smaller",
        check: "every-refund-is-posted-once",
        sql: "update donation_refund set amount_cents = amount_cents - 1",
    },
    Break {
        what: "a refund's stage is another",
        check: "every-refund-is-posted-once",
        sql: "update donation_refund set stage = 'arrived' where stage = 'pending'",
    },
    Break {
        what: "a refund is gone",
        check: "every-refund-is-posted-once",
        sql: "delete from donation_refund where stage = 'pending'",
    },
    Break {
        what: "more is given back than was given",
        check: "refunds-stay-within-their-donation",
        sql: "insert into donation_refund (donation_id, refund_id, fact_id, amount_cents,
         event_id, after_collection, stage, occurred_at, recorded_at) select donation_id,
         'again', gen_random_uuid(), 1, event_id, after_collection, stage, occurred_at,
         recorded_at from donation_refund where stage = 'pending'",
    },
    Break {
        what: "what is due of a refund is gone",
        check: "every-refund-after-a-payout-is-due",
        sql: "delete from refund_due",
    },
    Break {
        what: "a claim is settled twice",
        check: "refunds-due-are-settled-within-their-amount",
        sql: "insert into refund_due_settlement (refund_due_id, n, way, amount_cents, recorded_at)
         select refund_due_id, 1, 'association', amount_cents + 1, now() from refund_due",
    },
    Break {
        what: "an event waits that never came",
        check: "every-queued-event-was-received",
        sql: "insert into inbox_queue (event_id, endpoint_id, received_at) select
         gen_random_uuid(), endpoint_id, created_at from endpoint limit 1",
    },
    Break {
        what: "an event was accepted and lost",
        check: "every-event-has-an-outcome",
        sql: "insert into inbox_event (endpoint_id, delivery_key, event_id, body_hash,
         received_at) select endpoint_id, 'lost', gen_random_uuid(), '\\x00', created_at from
         endpoint limit 1",
    },
    Break {
        what: "an outcome is gone",
        check: "every-event-has-an-outcome",
        sql: "delete from inbox_outcome",
    },
    Break {
        what: "events came in nowhere",
        check: "every-event-came-in-at-an-endpoint",
        sql: "update inbox_event set endpoint_id = gen_random_uuid()",
    },
    Break {
        what: "a test reached the books",
        check: "no-donation-came-in-at-a-test-endpoint",
        sql: "update endpoint set test = true",
    },
    Break {
        what: "payouts are gone",
        check: "every-link-names-what-exists",
        sql: "delete from payout",
    },
    Break {
        what: "a receipt's link names no donation",
        check: "every-link-names-what-exists",
        sql: "update receipt_donation set donation_id = gen_random_uuid() where donation_id =
         (select donation_id from donation where order_id = 'M-3')",
    },
    Break {
        what: "a collection asks for another shop's donation",
        check: "every-link-stays-with-its-party",
        sql: "update collection set merchant_id = (select merchant_id from merchant where slug =
         'fleuriste')",
    },
    Break {
        what: "a payout pays another association's donations",
        check: "every-link-stays-with-its-party",
        sql: "update payout set association_id = (select association_id from association where
         slug = 'abri')",
    },
    Break {
        what: "a donation of a settled collection is free",
        check: "links-live-as-long-as-their-states",
        sql: "update collection_donation set live = false where donation_id = (select donation_id
         from donation where order_id = 'M-3')",
    },
    Break {
        what: "a donation that was paid out is free",
        check: "links-live-as-long-as-their-states",
        sql: "update payout_donation set live = false where donation_id = (select donation_id from
         donation where order_id = 'M-3')",
    },
    Break {
        what: "a state of a payout is missing",
        check: "states-are-numbered-without-a-gap",
        sql: "update payout_state set n = n + 1 where state = 'settled'",
    },
    Break {
        what: "a collection is smaller than its donations",
        check: "a-collection-is-the-sum-of-its-donations",
        sql: "update collection set amount_cents = amount_cents - 1, carried_cents = 0",
    },
    Break {
        what: "links of a collection are gone",
        check: "a-collection-is-the-sum-of-its-donations",
        sql: "delete from collection_donation",
    },
    Break {
        what: "an attempt asks for more",
        check: "an-attempt-asks-what-its-collection-asks",
        sql: "update collection_attempt set amount_cents = amount_cents + 1",
    },
    Break {
        what: "a collection settled without a posting",
        check: "every-state-of-a-collection-is-posted",
        sql: "insert into collection_state (collection_id, n, state, occurred_on, recorded_at)
         select collection_id, n + 1, 'settled', occurred_on, recorded_at from
         collection_current_state where state = 'submitted'",
    },
    Break {
        what: "a payout counts another donation",
        check: "a-payout-is-the-sum-of-its-donations",
        sql: "update payout set count = count + 1",
    },
    Break {
        what: "a payout is larger",
        check: "a-payout-is-the-sum-of-its-donations",
        sql: "update payout set amount_cents = amount_cents + 1",
    },
    Break {
        what: "a payout's settling is gone",
        check: "every-state-of-a-payout-is-posted",
        sql: "delete from payout_state where state = 'settled'",
    },
    Break {
        what: "a payout pays what did not arrive",
        check: "only-money-that-arrived-is-paid-out",
        sql: "delete from collection_state where state = 'settled'",
    },
    Break {
        what: "one person approved alone",
        check: "two-people-approve-what-leaves",
        sql: "delete from payout_approval where operator_id = (select operator_id from operator
         limit 1)",
    },
    Break {
        what: "the second person is nobody",
        check: "two-people-approve-what-leaves",
        sql: "delete from operator where operator_id = (select operator_id from operator limit 1)",
    },
    Break {
        what: "a statement lists what was not given back",
        check: "a-statement-only-lists-what-was-given-back-whole",
        sql: "insert into collection_given_back (donation_id, collection_id) select donation_id,
         collection_id from collection_donation limit 1",
    },
    Break {
        what: "a statement leaves a credit and asks for money",
        check: "a-statement-only-lists-what-was-given-back-whole",
        sql: "update collection set credit_left_cents = 1",
    },
    Break {
        what: "a report tells another sum paid",
        check: "a-report-closes-where-the-next-opens",
        sql: "update payout_report set paid_cents = 0, returned_cents = 1",
    },
    Break {
        what: "a report is missing",
        check: "a-report-closes-where-the-next-opens",
        sql: "update payout_report set number = number + 1",
    },
    Break {
        what: "a report is another association's",
        check: "a-report-closes-where-the-next-opens",
        sql: "update payout_report set association_id = (select association_id from association
         where slug = 'abri')",
    },
    Break {
        what: "an association is owed what nothing explains",
        check: "reports-tell-all-that-moved",
        sql: "update account_balance set debits_cents = debits_cents + 1 where account_id =
         (select account_id from account where kind = 'association_payable' and owner =
         'foret-vivante')",
    },
    Break {
        what: "a report was sent of nothing",
        check: "reports-tell-all-that-moved",
        sql: "update payout_mail set n = 1",
    },
    Break {
        what: "a report lists a refund that is none",
        check: "reports-tell-all-that-moved",
        sql: "insert into payout_report_refund (fact_id, payout_id, n) select gen_random_uuid(),
         payout_id, n from payout_report limit 1",
    },
    Break {
        what: "a receipt is for money that did not reach the association",
        check: "receipts-are-only-for-money-paid-out",
        sql: "delete from payout_state where state = 'settled'",
    },
    Break {
        what: "a receipt is larger",
        check: "a-receipt-is-the-sum-of-its-donations",
        sql: "update receipt set amount_cents = amount_cents + 1",
    },
    Break {
        what: "a receipt says more of a donation than was given",
        check: "receipts-match-their-donations",
        sql: "update receipt_donation set amount_cents = amount_cents + 100",
    },
    Break {
        what: "a receipt is another donor's",
        check: "receipts-match-their-donations",
        sql: "update receipt set donor_id = gen_random_uuid()",
    },
    Break {
        what: "a receipt is another year's",
        check: "receipts-match-their-donations",
        sql: "update receipt set tax_year = tax_year - 1",
    },
    Break {
        what: "a receipt's number is another",
        check: "receipts-match-their-donations",
        sql: "update receipt set number = number || '0'",
    },
    Break {
        what: "a receipt is for a ticked box",
        check: "receipts-match-their-donations",
        sql: "update donation set consent_preticked = true where order_id = 'M-3'",
    },
    Break {
        what: "a number is missing",
        check: "receipt-numbers-have-no-gap",
        sql: "update receipt_counter set last = last + 1",
    },
    Break {
        what: "a cancelled receipt carries its donations",
        check: "a-receipt-carries-its-donations-as-long-as-it-stands",
        sql: "insert into receipt_state (receipt_id, n, state, decided_by, reason, why,
         occurred_on, recorded_at) select receipt_id, 1, 'cancelled', 'nobody', 'mistake',
         'none', issued_on, issued_at from receipt",
    },
    Break {
        what: "a donation was on two receipts and neither follows the other",
        check: "a-successor-names-what-it-replaces",
        sql: "insert into receipt_donation (donation_id, receipt_id, amount_cents, live) select
         donation_id, (select receipt_id from receipt where sequence = 1), amount_cents, false
         from receipt_donation where receipt_id = (select receipt_id from receipt where
         sequence = 2)",
    },
    Break {
        what: "a receipt follows one that stands",
        check: "a-successor-names-what-it-replaces",
        sql:
            "insert into receipt_succession (successor_id, receipt_id) select max(receipt_id::text)
         ::uuid, min(receipt_id::text)::uuid from receipt",
    },
    Break {
        what: "a receipt's content is gone too early",
        check: "receipts-are-destroyed-oldest-first",
        sql: "delete from receipt_content where receipt_id in (select receipt_id from receipt
         where sequence = 2)",
    },
    Break {
        what: "a receipt is mailed to another",
        check: "a-message-brings-receipts-to-their-donor",
        sql: "update mailing set donor_id = gen_random_uuid()",
    },
    Break {
        what: "a payout says that it pays again what never failed",
        check: "what-fails-is-paid-again-once",
        sql: "update payout set again_of = (select payout_id from payout order by payout_id limit
         1) where payout_id = (select payout_id from payout order by payout_id desc limit 1)",
    },
    Break {
        what: "a donation is borne whose payment came",
        check: "what-is-borne-was-written-off",
        sql: "insert into borne_donation (donation_id, collection_id, amount_cents, recorded_at)
         select donation_id, collection_id, 1, now() from collection_donation limit 1",
    },
    Break {
        what: "a case is about nothing",
        check: "every-case-names-what-exists",
        sql: "update case_file set subject = gen_random_uuid() where kind = 'refund-after-payout'",
    },
    Break {
        what: "a case is gone and nobody decided",
        check: "what-needs-a-person-has-a-case",
        sql: "delete from case_file where kind = 'receipt-in-question'",
    },
    Break {
        what: "a case is closed and nothing settled it",
        check: "what-needs-a-person-has-a-case",
        sql: "insert into case_decision (case_id, decision, decided_by, why, decided_at) select
         case_id, 'association-agrees', 'nobody', 'none', opened_at from open_case where kind
         = 'refund-after-payout'",
    },
];

/// Two months: the first from the webhooks to the receipts, with a refund before it, one after the
/// payout, and an unknown line; the second on its way, beside a prepared payout.
async fn months(s: &Service) {
    let operators = s.operators().await;
    let day = "2026-08-10T10:00:00Z";
    for n in 0..20 {
        let donor = if n == 19 { "hugo" } else { "camille" };
        give(
            s,
            &format!("M-{n}"),
            day,
            "2.00",
            &format!("{donor}@example.org"),
        )
        .await;
    }
    // Told twice under two names: an event whose outcome is stored.
    give_again(s, "M-1", day).await;
    assert_eq!(s.shop.send("R-0", &refund("M-0")).await.0, 200);
    s.posted().await;
    collect_and_settle(s, on("2026-09-02"), month("2026-08-01")).await;
    let prepared = prepare_payouts(s, on("2026-09-03")).await;
    approve(s, on("2026-09-03"), &operators, &prepared).await;
    let stray = IncomingTransfer {
        from: "Who?".into(),
        reference: "HELLO".into(),
        amount: Amount::from_cents(500).unwrap(),
    };
    import(s, bank_day(s, on("2026-09-04"), &[stray]).unwrap()).await;
    assert_eq!(
        issue_receipts(s, on("2026-09-05"), month("2026-08-01"))
            .await
            .issued,
        2
    );
    let mut part = refund("M-1");
    part["data"]["amount"] = "0.50".into();
    assert_eq!(s.shop.send("R-1", &part).await.0, 200);
    let other = another_shop(s, "Fleuriste").await;
    give_at(s, &other, "F-1", "2026-09-10T10:00:00Z", |event| {
        event["data"]["donation"]["amount"] = "30.00".into();
    })
    .await;
    collect_and_settle(s, on("2026-10-02"), month("2026-09-01")).await;
    assert_eq!(prepare_payouts(s, on("2026-10-03")).await.len(), 1);
    give(
        s,
        "O-1",
        "2026-10-10T10:00:00Z",
        "1.00",
        "camille@example.org",
    )
    .await;
    collect(s, on("2026-11-02"), month("2026-10-01")).await;
    give(
        s,
        "P-1",
        "2026-11-10T10:00:00Z",
        "1.00",
        "camille@example.org",
    )
    .await;
}

async fn give_again(s: &Service, order: &str, at: &str) {
    let event = crate::shop::checkout(order, |event| {
        event["timestamp"] = at.into();
        event["data"]["donation"]["amount"] = "2.00".into();
    });
    assert_eq!(s.shop.send("again", &event).await.0, 200);
    s.posted().await;
}

#[tokio::test]
async fn each_way_to_break_the_books_by_hand_is_seen() {
    let s = Service::start().await;
    months(&s).await;
    let before = checks::run(&mut s.world.owner.acquire().await.unwrap())
        .await
        .unwrap();
    assert!(before.iter().all(|v| v.ok), "{before:#?}");
    let tried: BTreeSet<&str> = BREAKS.iter().map(|b| b.check).collect();
    assert_eq!(
        tried,
        checks::names().collect(),
        "every check has its break"
    );
    let mut unseen = Vec::new();
    for b in BREAKS {
        let mut tx = s.world.owner.begin().await.unwrap();
        // Triggers and foreign keys would refuse what is tried here: that is their own test.
        sqlx::query("set local session_replication_role = replica")
            .execute(&mut *tx)
            .await
            .unwrap();
        let broken = sqlx::query(b.sql).execute(&mut *tx).await;
        let broken = broken.unwrap_or_else(|error| panic!("{}: {error}", b.what));
        let verdicts = checks::run_in(&mut tx).await.unwrap();
        let red: Vec<_> = verdicts.iter().filter(|v| !v.ok).map(|v| v.name).collect();
        println!(
            "{}: {} rows, seen by {}",
            b.what,
            broken.rows_affected(),
            red.join(", ")
        );
        if broken.rows_affected() == 0 || !red.contains(&b.check) {
            unseen.push((b.what, b.check, broken.rows_affected(), red));
        }
        tx.rollback().await.unwrap();
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
    assert!(BREAKS.len() >= 40);
    s.checked().await;
}
