//! A storm of operations in a random order, the same for the same seed: years of orders told late
//! and twice, refunds whole and in parts, before their orders and after their payouts, bank lines
//! out of order and twice, payments and payouts that come back. A pure model reckons beside it what
//! every account must say; all checks hold all the time.
//!
//! A hundred seeds of ten thousand operations, which take hours:
//! `OBOLE_STORM_SEEDS=1..=100 OBOLE_STORM_OPERATIONS=10000 cargo test --test it as_many_storms`

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, Utc};
use obole::audit::Actor;
use obole::cases::Decision;
use obole::collections::{CollectionFilter, CollectionState};
use obole::db::settlement_lock;
use obole::payouts::{ApproveError, GivenBack, NewGiveBack, PayoutState};
use obole::reconciliation::Understood;
use obole::runs::{self, PayoutAct, ReceiptOptions};
use obole::values::{
    Amount, BankLine, BankSide, CollectionId, Email, Iban, LineDetails, LineId, PayoutId, Period,
    Reader, derived_id, paris_day,
};
use obole::{checks, collections, payouts, receipts, reconciliation, refunds_due};
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::shop::{Service, Shop, checkout, refund};
use crate::steps::{another_shop, on};
use crate::storm_model::{Asked, Model, Outgoing, Said, Subject};

const OPERATIONS: u32 = 400;
const CHECKED_EVERY: u32 = 100;
const SHOPS: [&str; 2] = ["librairie", "fleuriste"];
const ASSOCIATIONS: [&str; 2] = ["foret-vivante", "abri"];
/// Causes, each with its association.
const CAUSES: [(&str, usize); 3] = [("foret-vivante", 0), ("rivieres", 0), ("abri", 1)];

/// Random numbers that a seed repeats (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % end
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Whether something happens that happens once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// An order that a shop took.
struct Order {
    shop: usize,
    id: String,
    event: Value,
    association: usize,
    cents: i64,
    on: NaiveDate,
    /// The model's gift, once it is told.
    gift: Option<usize>,
    /// Refunds told before the order.
    early: Vec<(String, Option<i64>)>,
}

/// A line that the bank will show.
#[derive(Clone)]
struct Line {
    subject: Subject,
    line: BankLine,
}

/// The world in the storm, beside what it should have counted.
struct Storm {
    s: Service,
    model: Model,
    random: Random,
    seed: u64,
    today: NaiveDate,
    shops: Vec<Shop>,
    operators: [Email; 2],
    orders: Vec<Order>,
    /// Names deliveries and lines.
    sent: u32,
    /// Ids and references of the model's collections and payouts.
    collections: Vec<(CollectionId, String)>,
    payouts: Vec<(PayoutId, String)>,
    /// Lines that were not imported yet, and those that were.
    coming: Vec<Line>,
    seen: Vec<Line>,
    /// Ids of the model's lines.
    lines: Vec<LineId>,
    history: Vec<String>,
    met: BTreeMap<&'static str, u32>,
}

impl Storm {
    async fn new(seed: u64) -> Self {
        let s = Service::start().await;
        let shops = vec![s.shop.clone(), another_shop(&s, "Fleuriste").await];
        Self {
            operators: s.operators().await,
            s,
            model: Model::new(&SHOPS, &ASSOCIATIONS),
            random: Random(seed),
            seed,
            today: on("2020-03-02"),
            shops,
            orders: Vec::new(),
            sent: 0,
            collections: Vec::new(),
            payouts: Vec::new(),
            coming: Vec::new(),
            seen: Vec::new(),
            lines: Vec::new(),
            history: Vec::new(),
            met: BTreeMap::new(),
        }
    }

    fn meet(&mut self, what: &'static str) {
        *self.met.entry(what).or_default() += 1;
    }

    /// One operation; the day may change before it.
    async fn step(&mut self) {
        if self.random.once_in(4) && self.today < paris_day(Utc::now()) - Days::new(40) {
            self.today = self.today + Days::new(u64::try_from(self.random.below(5)).unwrap());
        }
        let operation = self.random.below(100);
        self.history.push(format!("{} {operation}", self.today));
        // What shops tell is gathered in sets of any size; a run finds all of it counted, so that a
        // seed always makes the same storm.
        if operation >= 46 {
            self.s.posted().await;
        }
        match operation {
            0..26 => self.order().await,
            26..31 => self.repeat().await,
            31..33 => self.contradict().await,
            33..46 => self.refund().await,
            46..52 => self.collect().await,
            52..56 => self.fail().await,
            56..64 => self.bank(),
            64..78 => self.import().await,
            78..84 => self.prepare_payouts().await,
            84..91 => self.approve().await,
            91..94 => self.agree().await,
            94..96 => self.act_on_payout().await,
            96 => self.receipts().await,
            97 => self.change_wish().await,
            _ => self.decide().await,
        }
    }

    async fn send(&mut self, shop: usize, event: &Value) {
        self.sent += 1;
        let id = format!("sent-{}", self.sent);
        let (status, document) = self.shops[shop].send(&id, event).await;
        assert_eq!(status, 200, "{document}");
        // Sometimes twice under one name, as networks do.
        if self.random.once_in(5) {
            assert_eq!(self.shops[shop].send(&id, event).await.0, 200);
        }
    }

    /// A shop takes an order; it tells of it now, or later, or after its refund.
    async fn order(&mut self) {
        let shop = self.random.below(self.shops.len());
        let id = format!("N-{}", self.orders.len());
        let ago = u64::try_from(self.random.below(20)).unwrap();
        let on = self.today - Days::new(ago);
        let cents = self.random.of(&[50, 100, 100, 200, 735, 2000]);
        let (cause, association) = self.random.of(&CAUSES);
        let donor = self.random.below(6);
        let preticked = self.random.once_in(12);
        let event = checkout(&id, |event| {
            event["timestamp"] = format!("{on}T10:00:00Z").into();
            let amount = Amount::from_cents(cents).unwrap().to_string();
            event["data"]["donation"] = json!({"amount": amount, "cause": cause});
            event["data"]["consent"]["preticked"] = preticked.into();
            event["data"]["donor"]["email"] = format!("donor{donor}@example.org").into();
            if donor == 0 {
                event["data"]["donor"] = Value::Null;
            }
        });
        self.orders.push(Order {
            shop,
            id,
            event,
            association,
            cents,
            on,
            gift: None,
            early: Vec::new(),
        });
        if !self.random.once_in(8) {
            self.tell(self.orders.len() - 1).await;
        }
    }

    /// An order is told, perhaps not for the first time.
    async fn tell(&mut self, n: usize) {
        let (shop, event) = (self.orders[n].shop, self.orders[n].event.clone());
        self.send(shop, &event).await;
        let order = &mut self.orders[n];
        if order.gift.is_some() {
            return;
        }
        let gift = self
            .model
            .give(shop, order.association, order.cents, order.on);
        order.gift = Some(gift);
        let early = std::mem::take(&mut order.early);
        for (name, cents) in early {
            self.model.refund(gift, &name, cents);
        }
    }

    /// Some order, if there is one.
    fn any_order(&mut self) -> Option<usize> {
        (!self.orders.is_empty()).then(|| self.random.below(self.orders.len()))
    }

    async fn repeat(&mut self) {
        if let Some(n) = self.any_order() {
            self.tell(n).await;
        }
    }

    /// An order that was told is told with another amount: a person must look at it.
    async fn contradict(&mut self) {
        let Some(n) = self.any_order().filter(|n| self.orders[*n].gift.is_some()) else {
            return;
        };
        let (shop, mut event) = (self.orders[n].shop, self.orders[n].event.clone());
        event["data"]["donation"]["amount"] = "99.00".into();
        self.send(shop, &event).await;
    }

    /// A shop gives back an order or a part of it; mostly a recent one, sometimes more than was
    /// given.
    async fn refund(&mut self) {
        let Some(mut n) = self.any_order() else {
            return;
        };
        if !self.random.once_in(3) {
            n = self.orders.len() - 1 - self.random.below(self.orders.len().min(40));
        }
        let name = self.random.of(&["one", "two", "three"]).to_owned();
        let told = self.random.of(&[None, Some(20), Some(45), Some(150)]);
        let mut event = refund(&self.orders[n].id);
        event["timestamp"] = format!("{}T12:00:00Z", self.today).into();
        event["data"]["refund_id"] = name.as_str().into();
        if let Some(cents) = told {
            event["data"]["amount"] = Amount::from_cents(cents).unwrap().to_string().into();
        }
        let shop = self.orders[n].shop;
        self.send(shop, &event).await;
        match self.orders[n].gift {
            None => self.orders[n].early.push((name, told)),
            Some(gift) => {
                if self.model.left(gift) {
                    self.meet("a refund after its payout");
                }
                self.model.refund(gift, &name, told);
            }
        }
    }

    async fn collect(&mut self) {
        let period = Period::of(self.today).previous();
        let run = runs::run_collections(&self.s.app, Utc::now(), self.today, period).await;
        let run = run.unwrap();
        for held in &run.set_aside {
            let shop = SHOPS.iter().position(|slug| *slug == held.subject).unwrap();
            assert!(self.model.is_held(shop), "seed {} {held:?}", self.seed);
            self.meet("a shop that is held");
        }
        let asked = run.collections;
        self.model
            .collect(period.first_day(), period.next().first_day());
        for n in self.collections.len()..self.model.collections.len() {
            let expected = &self.model.collections[n];
            let of = asked.iter().find(|c| c.merchant == SHOPS[expected.shop]);
            let of = of.unwrap_or_else(|| panic!("{} {:#?}", self.seed, self.history));
            assert_eq!(
                (usize::try_from(of.count).unwrap(), of.amount_cents),
                (expected.count, expected.asks),
                "seed {} {} after {:#?}",
                self.seed,
                of.merchant,
                self.history
            );
            self.collections
                .push((of.collection_id, of.reference.clone()));
            if of.amount_cents == 0 {
                self.meet("a collection that the credit paid");
            }
        }
        assert_eq!(
            asked.len(),
            self.model
                .collections
                .iter()
                .filter(|c| c.period == period.first_day())
                .count()
        );
    }

    /// A request for payment is refused, or a payment is said to be taken back; one that failed is
    /// asked for again, or given up.
    async fn fail(&mut self) {
        let states: &[Asked] = match self.random.below(8) {
            0..2 => &[Asked::Submitted],
            2 => &[Asked::Settled],
            3 => &[Asked::WrittenOff],
            _ => &[Asked::Rejected, Asked::Returned],
        };
        let found: Vec<usize> = (0..self.model.collections.len())
            .filter(|n| states.contains(&self.model.collections[*n].state))
            .collect();
        if found.is_empty() {
            return;
        }
        let n = self.random.of(&found);
        let (id, on, now) = (self.collections[n].0, self.today, Utc::now());
        let mut tx = self.s.world.db.begin().await.unwrap();
        settlement_lock::lock_exclusive(&mut tx).await.unwrap();
        match states {
            [Asked::Submitted] => {
                collections::reject(&mut tx, now, on, id).await.unwrap();
                self.model.reject(n);
            }
            [Asked::Settled] => {
                let told = collections::return_told(&mut tx, now, on, id).await;
                assert_eq!(told.is_ok(), self.model.collections[n].asks > 0);
                if told.is_err() {
                    return;
                }
                payouts::take_back_of_collections(&mut tx, now, &[id])
                    .await
                    .unwrap();
                self.model.tell_return(n);
                self.meet("a return that was told");
            }
            [Asked::WrittenOff] => {
                if !self.ask_after_all(&mut tx, n).await {
                    return;
                }
            }
            _ if self.random.once_in(4) => {
                if !self.withdraw(&mut tx, n).await {
                    return;
                }
            }
            _ if self.random.once_in(5) => {
                let left = payouts::cover(&mut tx).await.unwrap().left_cents();
                let decided = decision("write-off");
                let written_off = collections::write_off(&mut tx, now, on, id, left, decided).await;
                assert_eq!(written_off.is_ok(), self.model.can_write_off(n));
                if written_off.is_err() {
                    return;
                }
                self.model.write_off(n);
                self.meet("a collection written off");
            }
            _ => {
                let decided = decision("ask-again");
                collections::ask_again(&mut tx, now, on, id, None, decided)
                    .await
                    .unwrap();
                self.model.ask_again(n);
                self.meet("a collection asked for again");
            }
        }
        tx.commit().await.unwrap();
    }

    /// What was written off is asked for after all; whether anything of it is promised.
    async fn ask_after_all(&mut self, tx: &mut PgConnection, n: usize) -> bool {
        let (id, on) = (self.collections[n].0, self.today);
        let decided = decision("ask-again");
        let asked = collections::ask_again(tx, Utc::now(), on, id, None, decided).await;
        assert_eq!(asked.is_ok(), self.model.promised(n) > 0);
        if asked.is_ok() {
            self.model.ask_again(n);
            self.meet("a collection asked for after it was written off");
        }
        asked.is_ok()
    }

    /// A return that was told is withdrawn, if it was.
    async fn withdraw(&mut self, tx: &mut PgConnection, n: usize) -> bool {
        let (id, on) = (self.collections[n].0, self.today);
        let decided = decision("return-withdrawn");
        let withdrawn = collections::withdraw_return(tx, Utc::now(), on, id, decided).await;
        let told = self.model.told_last(n);
        assert_eq!(withdrawn.is_ok(), told.is_some());
        if let Some(told) = told {
            self.model.withdraw_return(told);
            self.meet("a return that is withdrawn");
        }
        told.is_some()
    }

    /// A person takes a payout back, says that it was refused, or pays one again.
    async fn act_on_payout(&mut self) {
        let (states, act): (&[Outgoing], PayoutAct) = match self.random.below(4) {
            0 => (&[Outgoing::Prepared], PayoutAct::TakeBack),
            1 => (&[Outgoing::Submitted], PayoutAct::Refuse),
            _ => (
                &[Outgoing::Refused, Outgoing::Returned],
                PayoutAct::PayAgain,
            ),
        };
        let found: Vec<usize> = (0..self.payouts.len())
            .filter(|n| states.contains(&self.model.payouts[*n].state))
            .collect();
        if found.is_empty() {
            return;
        }
        let n = self.random.of(&found);
        let (id, on, now) = (self.payouts[n].0, self.today, Utc::now());
        let actor = Actor::system();
        let who = (&actor, "the storm");
        let done = runs::act_on_payout(&self.s.app, now, on, id, act, who).await;
        if act == PayoutAct::PayAgain && self.model.left_after_all(n) {
            assert!(done.is_err(), "seed {}", self.seed);
            return self.meet("a payout that left after all");
        }
        let done = done.unwrap();
        match act {
            PayoutAct::TakeBack => self.model.take_back(n),
            PayoutAct::Refuse => self.model.refuse(n),
            PayoutAct::PayAgain => {
                let again = self.model.pay_again(n, on);
                assert_eq!(done.len() == 2, again, "seed {}", self.seed);
                if again {
                    let expected = self.model.payouts.last().unwrap();
                    assert_eq!(done[1].amount_cents, expected.amount, "seed {}", self.seed);
                    let reference = done[1].reference.clone();
                    self.payouts.push((done[1].payout_id, reference));
                }
            }
        }
        self.meet(match act {
            PayoutAct::TakeBack => "a payout taken back",
            PayoutAct::Refuse => "a payout refused",
            PayoutAct::PayAgain => "a payout paid again",
        });
    }

    /// A line that will come, unless the same is coming already.
    fn announce(&mut self, subject: Subject, side: BankSide, cents: i64) {
        let same = |l: &Line| l.subject == subject && l.line.side == side;
        if cents == 0 || (subject != Subject::Nobody && self.coming.iter().any(same)) {
            return;
        }
        self.sent += 1;
        let reference = match subject {
            Subject::Collection(n) => self.collections[n].1.clone(),
            Subject::Payout(n) => self.payouts[n].1.clone(),
            Subject::Nobody => "HELLO".into(),
        };
        self.coming.push(Line {
            subject,
            line: BankLine {
                account: "FR7630006000011234567890189".into(),
                statement: "storm".into(),
                identity: format!("line {}", self.sent),
                side,
                amount: Amount::from_cents(cents).unwrap(),
                booked_on: self.today,
                references: vec!["NOTPROVIDED".into(), reference],
                details: LineDetails::default(),
            },
        });
    }

    /// What is paid beside the first part: the rest, or more.
    fn random_rest(&mut self) -> i64 {
        self.random.of(&[30, 30, 45])
    }

    /// A credit that comes beside another of the same collection.
    fn announce_part(&mut self, subject: Subject, cents: i64) {
        let others = std::mem::take(&mut self.coming);
        self.announce(subject, BankSide::Credit, cents);
        self.coming.extend(others);
    }

    /// What happens at the bank: payments come, some are taken back; payouts leave, some come back.
    fn bank(&mut self) {
        for n in 0..self.model.collections.len() {
            let (state, asks) = (
                self.model.collections[n].state,
                self.model.collections[n].asks,
            );
            let subject = Subject::Collection(n);
            match state {
                // Somebody pays in two parts, or too much.
                Asked::Submitted if self.random.once_in(8) && asks > 30 => {
                    self.announce_part(subject, asks - 30);
                    let rest = self.random_rest();
                    self.announce_part(subject, rest);
                }
                Asked::Submitted if !self.random.once_in(4) => {
                    self.announce(subject, BankSide::Credit, asks);
                }
                Asked::Settled if self.random.once_in(60) => {
                    self.announce(subject, BankSide::Debit, asks);
                }
                // Somebody pays a second time.
                Asked::Settled if self.random.once_in(80) => {
                    self.announce(subject, BankSide::Credit, asks);
                }
                _ => {}
            }
        }
        for (n, cents, _) in self.model.told.clone() {
            if self.random.once_in(2) {
                self.announce(Subject::Collection(n), BankSide::Debit, cents);
            }
        }
        for n in 0..self.model.payouts.len() {
            let (state, amount) = (self.model.payouts[n].state, self.model.payouts[n].amount);
            let subject = Subject::Payout(n);
            match state {
                Outgoing::Submitted => {
                    self.announce(subject, BankSide::Debit, amount);
                    if self.random.once_in(12) {
                        self.announce(subject, BankSide::Credit, amount);
                    }
                }
                Outgoing::Settled if self.random.once_in(20) => {
                    self.announce(subject, BankSide::Credit, amount);
                }
                _ => {}
            }
        }
        if self.random.once_in(6) {
            self.announce(Subject::Nobody, BankSide::Credit, 700);
        }
        // The bank takes a fee.
        if self.random.once_in(12) {
            self.announce(Subject::Nobody, BankSide::Debit, 25);
        }
    }

    /// Some lines are imported, in any order; perhaps one that is known.
    async fn import(&mut self) {
        let mut lines: Vec<Line> = Vec::new();
        for _ in 0..=self.random.below(3) {
            if !self.coming.is_empty() {
                let n = self.random.below(self.coming.len());
                lines.push(self.coming.swap_remove(n));
            }
        }
        // Payments are settled first, then taken back, and then payouts in their order.
        lines.sort_by_key(|l| match (l.subject, l.line.side) {
            (Subject::Collection(_), BankSide::Credit) => 0,
            (Subject::Collection(_), BankSide::Debit) => 1,
            _ => 2,
        });
        let mut told = Vec::new();
        for l in &lines {
            let (credit, cents) = (l.line.side == BankSide::Credit, l.line.amount.cents());
            let identity = format!("bank_line:{}", l.line.identity);
            self.lines.push(LineId(derived_id(&identity)));
            told.push((l.subject, credit, self.model.line(l.subject, credit, cents)));
        }
        let mut matched = 0;
        for (subject, credit, line) in told {
            let meant = self.model.understood(line);
            matched += usize::from(meant);
            self.meet(match (subject, credit, meant) {
                (Subject::Collection(_), true, true) => "a payment",
                (Subject::Collection(_), false, true) => "a payment taken back",
                (Subject::Payout(_), false, true) => "a payout that left",
                (Subject::Payout(_), true, true) => "a payout that came back",
                (Subject::Nobody, ..) => "an unknown line",
                _ => "a line that is held",
            });
        }
        self.seen.extend(lines.iter().cloned());
        if self.random.once_in(4) && !self.seen.is_empty() {
            let n = self.random.below(self.seen.len());
            lines.push(self.seen[n].clone());
        }
        let lines: Vec<BankLine> = lines.into_iter().map(|l| l.line).collect();
        let mut tx = self.s.world.db.begin().await.unwrap();
        let now = Utc::now();
        let import = reconciliation::import(&mut tx, now, &lines).await.unwrap();
        receipts::question_unpaid(&mut tx, now, &import.returned_payouts)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            import.summary.matched, matched,
            "seed {} {:#?}",
            self.seed, self.history
        );
    }

    async fn prepare_payouts(&mut self) {
        let now = Utc::now();
        runs::run_payouts(&self.s.app, now, self.today)
            .await
            .unwrap();
        self.model.prepare(self.today);
        let mut db = self.s.world.db.acquire().await.unwrap();
        let all = payouts::list(&mut db, Reader::System, None).await.unwrap();
        drop(db);
        let known: Vec<PayoutId> = self.payouts.iter().map(|p| p.0).collect();
        let new: Vec<_> = all
            .iter()
            .filter(|p| !known.contains(&p.payout_id))
            .collect();
        let made = |slug: &str, cents: i64| format!("{slug} {cents}");
        let (mut found, mut wanted): (Vec<_>, Vec<_>) = (
            new.iter()
                .map(|p| made(p.association.as_deref().unwrap_or_default(), p.amount_cents))
                .collect(),
            self.model.payouts[self.payouts.len()..]
                .iter()
                .map(|p| made(ASSOCIATIONS[p.association], p.amount))
                .collect(),
        );
        found.sort();
        wanted.sort();
        assert_eq!(
            found, wanted,
            "seed {} after {:#?}",
            self.seed, self.history
        );
        for n in self.payouts.len()..self.model.payouts.len() {
            let expected = &self.model.payouts[n];
            let slug = ASSOCIATIONS[expected.association];
            let of = new
                .iter()
                .find(|p| p.association.as_deref() == Some(slug))
                .unwrap();
            assert_eq!(
                (usize::try_from(of.count).unwrap(), of.amount_cents),
                (expected.count, expected.amount),
                "seed {} {slug} after {:#?}",
                self.seed,
                self.history
            );
            self.payouts.push((of.payout_id, of.reference.clone()));
        }
    }

    /// Somebody approves each open payout, perhaps not for the first time.
    async fn approve(&mut self) {
        for n in 0..self.payouts.len() {
            if self.model.payouts[n].state != Outgoing::Prepared {
                continue;
            }
            let who = self.random.below(2);
            let (now, id) = (Utc::now(), self.payouts[n].0);
            let again = self.model.payouts[n].approved.contains(&who);
            let email = &self.operators[who];
            let approved = runs::approve_payout(&self.s.app, now, self.today, id, email).await;
            if again {
                let error = approved.unwrap_err();
                let refused = error.downcast_ref::<ApproveError>();
                assert!(
                    matches!(refused, Some(ApproveError::SamePerson)),
                    "{error:#}"
                );
                continue;
            }
            self.model.approve(n, who);
            let waits = self.model.payouts[n].state == Outgoing::Prepared
                && self.model.payouts[n].approved.len() == 2;
            if waits {
                self.meet("a payout that waits for cover");
            }
            assert_eq!(
                approved.is_err(),
                waits,
                "seed {} {:#?}",
                self.seed,
                self.history
            );
        }
    }

    /// An association agrees to give back what it has, out of what it is owed.
    async fn agree(&mut self) {
        let open: Vec<usize> = (0..self.model.claims.len())
            .filter(|n| self.model.claims[*n].open)
            .collect();
        if open.is_empty() {
            return;
        }
        let n = self.random.of(&open);
        let (gift, amount) = (self.model.claims[n].gift, self.model.claims[n].amount);
        let order = self.orders.iter().find(|o| o.gift == Some(gift)).unwrap();
        let mut tx = self.s.world.db.begin().await.unwrap();
        settlement_lock::lock_exclusive(&mut tx).await.unwrap();
        let id = sqlx::query_scalar(
            "select refund_due_id from open_refund_due o join donation d using (donation_id)
             where d.order_id = $1 and o.open_cents = $2 order by o.recorded_at limit 1",
        )
        .bind(&order.id)
        .bind(amount)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        let decided = decision("association-agrees");
        let agreed = refunds_due::settle_agreed(&mut tx, Utc::now(), self.today, id, decided).await;
        assert_eq!(
            agreed.is_ok(),
            self.model.can_agree(n),
            "seed {}",
            self.seed
        );
        if agreed.is_ok() {
            tx.commit().await.unwrap();
            self.model.agree(n);
            self.meet(match self.model.claims[n].open {
                true => "an association that gives back a part",
                false => "an association that agrees",
            });
        }
    }

    async fn receipts(&mut self) {
        let options = ReceiptOptions {
            dry_run: self.random.once_in(5),
            no_mail: self.random.once_in(3),
        };
        let period = Period::of(self.today).previous();
        runs::run_receipts(&self.s.app, Utc::now(), self.today, period, options)
            .await
            .unwrap();
    }

    /// A person says what a line is, or another undoes it.
    async fn decide(&mut self) {
        let open = self.model.open_lines();
        let (now, actor) = (Utc::now(), Actor::system());
        let mut tx = self.s.world.db.begin().await.unwrap();
        if !self.model.said.is_empty() && self.random.once_in(3) {
            let nth = self.random.below(self.model.said.len());
            let id = self.lines[self.model.said[nth].0];
            // Something of the line may be matched beside, which would be undone as well.
            let others = "select count(*) from bank_match m where line_id = $1 and not exists
                (select 1 from bank_match_undone u where u.match_id = m.match_id)";
            let live: i64 = sqlx::query_scalar(others)
                .bind(id)
                .fetch_one(&mut *tx)
                .await
                .unwrap();
            if live == 1 {
                let undone =
                    reconciliation::unmatch_line(&mut tx, now, id, &actor, "the storm").await;
                assert_eq!(undone.is_ok(), self.model.unsay(nth), "seed {}", self.seed);
                if undone.is_ok() {
                    tx.commit().await.unwrap();
                    self.meet("a decision that is undone");
                }
            }
        } else if !open.is_empty() {
            let (line, credit) = self.random.of(&open);
            if credit && !self.model.is_line_held(line) && self.random.once_in(2) {
                drop(tx);
                return self.give_back(line).await;
            }
            let shop = self.random.below(SHOPS.len());
            let (said, understood) = match (credit, self.random.once_in(2)) {
                (true, true) => {
                    let understood = Understood::NextMonth(SHOPS[shop].into());
                    (Said::NextMonth(shop), understood)
                }
                (true, false) => (Said::TopUp, Understood::TopUp),
                (false, _) => (Said::Fee, Understood::Fee),
            };
            let id = self.lines[line];
            reconciliation::match_line(&mut tx, now, id, &understood, &actor, "the storm")
                .await
                .unwrap();
            tx.commit().await.unwrap();
            self.model.say(line, said);
            self.meet("a decision about a line");
        }
    }

    /// Somebody has a credit given back, or a part of it.
    async fn give_back(&mut self, line: usize) {
        let free = self.model.free(line);
        let cents = if self.random.once_in(2) && free > 10 {
            free - 10
        } else {
            free
        };
        let account = Iban::parse("DE89370400440532013000").unwrap();
        let new = NewGiveBack {
            of: GivenBack::Line(self.lines[line]),
            amount: Amount::from_cents(cents).ok(),
            name: Some("Somebody"),
            iban: Some(&account),
            bic: None,
        };
        let who = (&Actor::system(), "the storm");
        let prepared = runs::give_back(&self.s.app, Utc::now(), self.today, &new, who).await;
        let prepared = prepared.unwrap().remove(0);
        self.settle_failed(line);
        self.model.give_back(line, cents, self.today);
        self.payouts.push((prepared.payout_id, prepared.reference));
        self.meet("a give-back");
    }

    /// What failed of a line's give-backs is paid by the next.
    fn settle_failed(&mut self, line: usize) {
        for p in &mut self.model.payouts {
            let failed = [Outgoing::Refused, Outgoing::Returned].contains(&p.state);
            if p.gives_back == Some(line) && failed {
                p.state = Outgoing::PaidAgain;
            }
        }
    }

    async fn change_wish(&mut self) {
        let donor = format!("donor{}@example.org", self.random.below(6));
        let wish = self.random.of(&["monthly", "annual", "none"]);
        sqlx::query("update donor set receipt_frequency = $2 where email = $1")
            .bind(donor)
            .bind(wish)
            .execute(&self.s.world.owner)
            .await
            .unwrap();
    }

    /// All checks hold, every account says what the model says, every state is the model's.
    async fn check(&self) {
        let seed = self.seed;
        let mut owner = self.s.world.owner.acquire().await.unwrap();
        let verdicts = checks::run(&mut owner).await.unwrap();
        let broken: Vec<_> = verdicts.iter().filter(|v| !v.ok).collect();
        assert!(
            broken.is_empty(),
            "seed {seed}: {broken:?} after {:#?}",
            self.history
        );
        let accounts: Vec<(String, i64)> = sqlx::query_as(
            "select kind || ':' || owner, debits_cents - credits_cents
             from account join account_balance using (account_id)
             where debits_cents <> credits_cents",
        )
        .fetch_all(&mut *owner)
        .await
        .unwrap();
        let accounts: BTreeMap<String, i64> = accounts.into_iter().collect();
        let mut expected = self.model.accounts.clone();
        expected.retain(|_, cents| *cents != 0);
        assert_eq!(accounts, expected, "seed {seed} after {:#?}", self.history);
        let asked = collections::list(&mut owner, Reader::System, CollectionFilter::All)
            .await
            .unwrap();
        for (n, (id, _)) in self.collections.iter().enumerate() {
            let state = asked.iter().find(|c| c.collection_id == *id).unwrap().state;
            let expected = match self.model.collections[n].state {
                Asked::Submitted => CollectionState::Submitted,
                Asked::Settled => CollectionState::Settled,
                Asked::Rejected => CollectionState::Rejected,
                Asked::Returned => CollectionState::Returned,
                Asked::WrittenOff => CollectionState::WrittenOff,
            };
            assert_eq!(state, expected, "seed {seed}");
        }
        let paid = payouts::list(&mut owner, Reader::System, None)
            .await
            .unwrap();
        for (n, (id, _)) in self.payouts.iter().enumerate() {
            let state = paid.iter().find(|p| p.payout_id == *id).unwrap().state;
            let expected = match self.model.payouts[n].state {
                Outgoing::Prepared => PayoutState::Prepared,
                Outgoing::TakenBack => PayoutState::TakenBack,
                Outgoing::Submitted => PayoutState::Submitted,
                Outgoing::Settled => PayoutState::Settled,
                Outgoing::Refused => PayoutState::Refused,
                Outgoing::Returned => PayoutState::Returned,
                Outgoing::PaidAgain => PayoutState::PaidAgain,
            };
            assert_eq!(state, expected, "seed {seed}");
        }
    }

    /// All that was told is counted, once.
    async fn ends(mut self) {
        for n in 0..self.orders.len() {
            if self.orders[n].gift.is_none() {
                self.tell(n).await;
            }
        }
        self.s.posted().await;
        self.check().await;
        let seed = self.seed;
        let donations = self.s.count("select count(*) from donation").await;
        assert_eq!(
            usize::try_from(donations).unwrap(),
            self.orders.len(),
            "seed {seed}"
        );
        let parked = "select count(*) from inbox_problem where state = 'parked'";
        assert_eq!(
            self.s.count(parked).await,
            0,
            "seed {seed}: every order has come"
        );
        println!(
            "seed {seed}: {} operations, {:?}",
            self.history.len(),
            self.met
        );
        self.s.checked().await;
    }
}

fn decision(decision: &str) -> Decision<'_> {
    Decision {
        decision,
        by: "lea@obole.example",
        why: "the storm",
    }
}

async fn storm(seed: u64, operations: u32) {
    let mut storm = Storm::new(seed).await;
    for n in 1..=operations {
        storm.step().await;
        if n % CHECKED_EVERY == 0 {
            storm.s.posted().await;
            storm.check().await;
        }
    }
    storm.ends().await;
}

fn operations() -> u32 {
    let asked = std::env::var("OBOLE_STORM_OPERATIONS").ok();
    asked.map_or(OPERATIONS, |text| text.parse().unwrap())
}

#[tokio::test]
async fn the_books_stand_in_a_first_storm() {
    storm(1, operations()).await;
}

#[tokio::test]
async fn the_books_stand_in_a_second_storm() {
    storm(6, operations()).await;
}

/// One seed, or those of `OBOLE_STORM_SEEDS`, such as `1..=100`.
#[tokio::test]
async fn the_books_stand_in_as_many_storms_as_are_asked_for() {
    let asked = std::env::var("OBOLE_STORM_SEEDS").unwrap_or_else(|_| "9..=9".into());
    let (first, last) = asked.split_once("..=").unwrap();
    for seed in first.parse::<u64>().unwrap()..=last.parse().unwrap() {
        storm(seed, operations()).await;
    }
}
