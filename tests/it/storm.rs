//! A storm of operations in a random order, the same for the same seed: months of orders told late
//! and twice, refunds before their orders, statements out of order, payouts that come back. All
//! checks hold all the time, and what was told is counted once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{Days, NaiveDate, Utc};
use obole::gateways::bank::simulated::IncomingTransfer;
use obole::payouts::{ApproveError, PayoutState};
use obole::runs::{self, ReceiptOptions};
use obole::values::{Amount, Email, Period, Reader};
use obole::{checks, payouts};
use serde_json::{Value, json};

use crate::shop::{Service, Shop, checkout, refund};
use crate::steps::{another_shop, bank_day, collect, import, on, paid};

const OPERATIONS: u32 = 150;
const CHECKED_EVERY: u32 = 25;

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
    told: bool,
    refunded: bool,
}

/// The world in the storm, and what it should have counted.
struct Storm {
    s: Service,
    random: Random,
    today: NaiveDate,
    shops: Vec<Shop>,
    operators: [Email; 2],
    orders: Vec<Order>,
    /// Names deliveries.
    sent: u32,
    /// Collections whose money may come, by month and shop.
    unpaid: BTreeMap<(Period, String), IncomingTransfer>,
    /// References that were asked for.
    asked: BTreeSet<String>,
    /// What would bring a payout's money back: of payouts that wait for the bank, and of those
    /// that it executed.
    waiting: Vec<IncomingTransfer>,
    executed: Vec<IncomingTransfer>,
    /// Statements, and those of them that were not imported yet.
    statements: Vec<PathBuf>,
    fresh: Vec<PathBuf>,
    history: Vec<String>,
}

impl Storm {
    async fn new(seed: u64) -> Self {
        let s = Service::start().await;
        let shops = vec![s.shop.clone(), another_shop(&s, "Fleuriste").await];
        Self {
            operators: s.operators().await,
            s,
            random: Random(seed),
            today: on("2025-08-01"),
            shops,
            orders: Vec::new(),
            sent: 0,
            unpaid: BTreeMap::new(),
            asked: BTreeSet::new(),
            waiting: Vec::new(),
            executed: Vec::new(),
            statements: Vec::new(),
            fresh: Vec::new(),
            history: Vec::new(),
        }
    }

    /// One operation; the day may change before it.
    async fn step(&mut self) {
        self.today = self.today + Days::new(u64::try_from(self.random.below(6)).unwrap());
        let operation = self.random.below(100);
        self.history.push(format!("{} {operation}", self.today));
        // What shops tell is gathered in sets of any size; a run finds all of it counted, so that a
        // seed always makes the same storm.
        if !matches!(operation, 0..32 | 34..41) {
            self.s.posted().await;
        }
        match operation {
            0..26 => self.order().await,
            26..32 => self.repeat().await,
            32..34 => self.contradict().await,
            34..41 => self.refund().await,
            41..49 => self.collect().await,
            49..60 => self.bank(),
            60..76 => self.import().await,
            76..82 => self.prepare_payouts().await,
            82..90 => self.approve().await,
            90..97 => self.receipts().await,
            _ => self.change_wish().await,
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
        let at = format!("{}T10:00:00Z", self.today - Days::new(ago));
        let amount = self
            .random
            .of(&["0.50", "1.00", "1.00", "2.00", "7.35", "20.00"]);
        let cause = self.random.of(&["foret-vivante", "rivieres", "abri"]);
        let donor = self.random.below(6);
        let preticked = self.random.once_in(12);
        let event = checkout(&id, |event| {
            event["timestamp"] = at.into();
            event["data"]["donation"] = json!({"amount": amount, "cause": cause});
            event["data"]["consent"]["preticked"] = preticked.into();
            event["data"]["donor"]["email"] = format!("donor{donor}@example.org").into();
            if donor == 0 {
                event["data"]["donor"] = Value::Null;
            }
        });
        let told = !self.random.once_in(8);
        if told {
            self.send(shop, &event).await;
        }
        self.orders.push(Order {
            shop,
            id,
            event,
            told,
            refunded: false,
        });
    }

    /// Some order, if there is one.
    fn any_order(&mut self) -> Option<usize> {
        (!self.orders.is_empty()).then(|| self.random.below(self.orders.len()))
    }

    /// An order is told again, or for the first time.
    async fn repeat(&mut self) {
        let Some(n) = self.any_order() else { return };
        self.orders[n].told = true;
        let (shop, event) = (self.orders[n].shop, self.orders[n].event.clone());
        self.send(shop, &event).await;
    }

    /// An order that was told is told with another amount: a person must look at it.
    async fn contradict(&mut self) {
        let Some(n) = self.any_order().filter(|n| self.orders[*n].told) else {
            return;
        };
        let (shop, mut event) = (self.orders[n].shop, self.orders[n].event.clone());
        event["data"]["donation"]["amount"] = "99.00".into();
        self.send(shop, &event).await;
    }

    async fn refund(&mut self) {
        let Some(n) = self.any_order() else { return };
        self.orders[n].refunded = true;
        let mut event = refund(&self.orders[n].id);
        event["timestamp"] = format!("{}T12:00:00Z", self.today).into();
        event["data"]["refund_id"] = self.random.of(&["one", "other"]).into();
        let shop = self.orders[n].shop;
        self.send(shop, &event).await;
    }

    async fn collect(&mut self) {
        let period = Period::of(self.today).previous();
        for collection in collect(&self.s, self.today, period).await {
            if self.asked.insert(collection.reference.clone()) {
                let transfer = paid(&collection);
                let of = (collection.period, collection.merchant);
                self.unpaid.insert(of, transfer);
            }
        }
    }

    /// A day at the bank: orders leave, some of the money comes, and sometimes what nobody knows.
    fn bank(&mut self) {
        let mut incoming = Vec::new();
        let unpaid: Vec<_> = self.unpaid.keys().cloned().collect();
        for of in unpaid {
            if !self.random.once_in(4) {
                incoming.extend(self.unpaid.remove(&of));
            }
        }
        if !self.executed.is_empty() && self.random.once_in(2) {
            let n = self.random.below(self.executed.len());
            incoming.push(self.executed.swap_remove(n));
        }
        if self.random.once_in(4) {
            incoming.push(IncomingTransfer {
                from: "Who?".into(),
                reference: format!("HELLO {}", self.history.len()),
                amount: Amount::from_cents(700).unwrap(),
            });
        }
        let statement = bank_day(&self.s, self.today, &incoming);
        self.executed.append(&mut self.waiting);
        self.fresh.extend(statement.clone());
        self.statements.extend(statement);
    }

    /// Some statement is imported, in any order; perhaps one that is known.
    async fn import(&mut self) {
        if self.statements.is_empty() {
            return;
        }
        let statement = if self.fresh.is_empty() || self.random.once_in(4) {
            self.statements[self.random.below(self.statements.len())].clone()
        } else {
            let n = self.random.below(self.fresh.len());
            self.fresh.swap_remove(n)
        };
        import(&self.s, statement).await;
    }

    async fn prepare_payouts(&mut self) {
        runs::run_payouts(&self.s.app, Utc::now(), self.today)
            .await
            .unwrap();
    }

    /// Somebody approves each open payout, perhaps not for the first time.
    async fn approve(&mut self) {
        let mut db = self.s.world.db.acquire().await.unwrap();
        let all = payouts::list(&mut db, Reader::System, None).await.unwrap();
        drop(db);
        for p in all.iter().filter(|p| p.state == PayoutState::Prepared) {
            let who = &self.operators[self.random.below(2)];
            let (now, id) = (Utc::now(), p.payout_id);
            match runs::approve_payout(&self.s.app, now, self.today, id, who).await {
                Ok(after) if after[0].state == PayoutState::Submitted => {
                    self.waiting.push(IncomingTransfer {
                        from: p.association_name.clone(),
                        reference: p.reference.clone(),
                        amount: Amount::from_cents(p.amount_cents).unwrap(),
                    });
                }
                Ok(_) => {}
                Err(error) => assert!(
                    matches!(
                        error.downcast_ref(),
                        Some(ApproveError::SamePerson | ApproveError::NotThere { .. })
                    ),
                    "{error:#}"
                ),
            }
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

    /// All checks hold, and the associations are owed what arrived for them.
    async fn check(&self, seed: u64) {
        let mut owner = self.s.world.owner.acquire().await.unwrap();
        let verdicts = checks::run(&mut owner).await.unwrap();
        let broken: Vec<_> = verdicts.iter().filter(|v| !v.ok).collect();
        assert!(
            broken.is_empty(),
            "seed {seed}: {broken:?} after {:#?}",
            self.history
        );
        let owed: Vec<String> = sqlx::query_scalar(OWED_OTHERWISE)
            .fetch_all(&mut *owner)
            .await
            .unwrap();
        assert!(
            owed.is_empty(),
            "seed {seed}: {owed:?} after {:#?}",
            self.history
        );
    }

    /// The last statements come, all that was told is counted, once.
    async fn ends(mut self, seed: u64) {
        for n in 0..self.statements.len() {
            import(&self.s, self.statements[n].clone()).await;
        }
        for n in 0..self.orders.len() {
            if !std::mem::replace(&mut self.orders[n].told, true) {
                let (shop, event) = (self.orders[n].shop, self.orders[n].event.clone());
                self.send(shop, &event).await;
            }
        }
        self.s.posted().await;
        self.check(seed).await;
        let donations = self.s.count("select count(*) from donation").await;
        assert_eq!(
            usize::try_from(donations).unwrap(),
            self.orders.len(),
            "seed {seed}"
        );
        let refunded = self.orders.iter().filter(|o| o.refunded);
        let refunded: Vec<&str> = refunded.map(|o| o.id.as_str()).collect();
        let amiss: Vec<String> = sqlx::query_scalar(REFUNDED_OTHERWISE)
            .bind(refunded)
            .fetch_all(&self.s.world.db)
            .await
            .unwrap();
        assert!(amiss.is_empty(), "seed {seed}: {amiss:?}");
        let parked = "select count(*) from inbox_problem where state = 'parked'";
        assert_eq!(
            self.s.count(parked).await,
            0,
            "seed {seed}: every order has come"
        );
        let missed: Vec<String> = sqlx::query_scalar(MISSED)
            .fetch_all(&self.s.world.db)
            .await
            .unwrap();
        assert!(missed.is_empty(), "seed {seed} saw none of {missed:?}");
        self.s.checked().await;
    }
}

/// What a storm should have seen and did not.
const MISSED: &str = "select what from (values
       ('a repeated order', exists (select 1 from inbox_outcome where outcome = 'repeated')),
       ('a conflict', exists (select 1 from inbox_problem where state = 'conflict')),
       ('an early refund',
         exists (select 1 from donation_refund where not after_collection)),
       ('a late refund', exists (select 1 from donation_refund where after_collection)),
       ('a credited refund', exists (select 1 from collection_credit)),
       ('a settled collection',
         exists (select 1 from collection_state where state = 'settled')),
       ('an unknown line', exists (select 1 from bank_line where outcome = 'unknown')),
       ('a settled payout', exists (select 1 from payout_state where state = 'settled')),
       ('a payout that came back',
         exists (select 1 from payout_state where state = 'returned')),
       ('a receipt', exists (select 1 from receipt))
     ) of(what, seen) where not seen";

/// Associations whose accounts do not say what arrived for them, and what is still to come.
const OWED_OTHERWISE: &str = "with settled as (
       select d.donation_id, d.association_id, d.amount_cents
       from donation d join collection_donation l using (donation_id)
       join collection_current_state s using (collection_id)
       where l.live and s.state = 'settled'),
     stands as (
       select a.slug,
         (select coalesce(sum(amount_cents), 0) from donation d
          where d.association_id = a.association_id) as given,
         (select coalesce(sum(amount_cents), 0) from settled d
          where d.association_id = a.association_id) as arrived,
         (select coalesce(sum(r.amount_cents) filter (where not after_collection), 0)
          from donation_refund r join donation d using (donation_id)
          where d.association_id = a.association_id) as refunded,
         (select coalesce(sum(r.amount_cents) filter (where after_collection), 0)
          from donation_refund r join donation d using (donation_id)
          where d.association_id = a.association_id) as refunded_late,
         (select coalesce(sum(p.amount_cents), 0)
          from payout p join payout_current_state s using (payout_id)
          where p.association_id = a.association_id
            and s.state in ('submitted', 'settled')) as paid_out
       from association a),
     balance as (
       select owner, kind, credits_cents - debits_cents as cents
       from account join account_balance using (account_id))
     select format('%s: %s', slug, to_jsonb(stands)) from stands
     where given - refunded - arrived <> coalesce((
         select cents from balance where kind = 'association_pending' and owner = slug), 0)
       or arrived - refunded_late - paid_out <> coalesce((
         select cents from balance where kind = 'association_payable' and owner = slug), 0)";

/// Orders that were refunded more than once or unasked, or that were not although nothing of them
/// was ever with an association.
const REFUNDED_OTHERWISE: &str = "select order_id from (
       select order_id, order_id = any($1) as told,
         (select count(*) from donation_refund r where r.donation_id = d.donation_id) as refunds,
         exists (select 1 from payout_donation p where p.donation_id = d.donation_id) as paid_out
       from donation d) o
     where refunds > 1 or (refunds = 1 and not told) or (told and refunds = 0 and not paid_out)";

async fn storm(seed: u64) {
    let mut storm = Storm::new(seed).await;
    for n in 1..=OPERATIONS {
        storm.step().await;
        if n % CHECKED_EVERY == 0 {
            storm.check(seed).await;
        }
    }
    storm.ends(seed).await;
}

#[tokio::test]
async fn the_books_stand_in_a_first_storm() {
    storm(1).await;
}

#[tokio::test]
async fn the_books_stand_in_a_second_storm() {
    storm(6).await;
}

#[tokio::test]
async fn the_books_stand_in_a_third_storm() {
    storm(9).await;
}
