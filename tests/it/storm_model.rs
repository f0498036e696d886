//! What the storm should come to, reckoned apart from the product: each rule of the month in plain
//! arithmetic over a list of gifts, with no database and none of the product's code.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

/// Below this, an association is paid at most once a quarter.
const MINIMUM: i64 = 1500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Submitted,
    Settled,
    Rejected,
    Returned,
    WrittenOff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outgoing {
    Prepared,
    TakenBack,
    Submitted,
    Settled,
    Refused,
    Returned,
    PaidAgain,
}

pub struct Gift {
    pub shop: usize,
    pub association: usize,
    pub amount: i64,
    /// What was given back in all, and what of it the association is promised or owed less.
    pub refunded: i64,
    pub taken: i64,
    pub on: NaiveDate,
    pub refunds: BTreeSet<String>,
    pub collection: Option<usize>,
    pub payout: Option<usize>,
    /// The payout that was refused or came back with it, until that is paid again.
    pub held: Option<usize>,
    /// Whether the operator bears it, because its shop will not pay.
    pub borne: bool,
}

pub struct Collection {
    pub shop: usize,
    pub period: NaiveDate,
    pub count: usize,
    pub asks: i64,
    /// Given back of its gifts since it was asked for, and taken off no later statement.
    pub since: i64,
    pub state: Asked,
    /// How often it was asked for.
    pub attempts: u32,
}

pub struct Payout {
    pub association: usize,
    /// The line that it gives back, for no association.
    pub gives_back: Option<usize>,
    pub count: usize,
    pub amount: i64,
    pub on: NaiveDate,
    pub state: Outgoing,
    pub approved: BTreeSet<usize>,
}

/// A refund of what an association has, until somebody settles it.
pub struct Claim {
    pub gift: usize,
    pub amount: i64,
    pub open: bool,
}

/// A line of the bank, as the world knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Collection(usize),
    Payout(usize),
    Nobody,
}

/// A line, and what of it nothing explains.
struct Line {
    credit: bool,
    cents: i64,
    open: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    Part,
    Surplus,
    Recall,
    Return,
    Other,
}

/// What a person says that a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    NextMonth(usize),
    TopUp,
    Fee,
}

/// A line that waits for something.
struct Held {
    line: usize,
    subject: Subject,
    hold: Hold,
}

pub struct Model {
    pub shops: Vec<String>,
    pub associations: Vec<String>,
    pub gifts: Vec<Gift>,
    pub collections: Vec<Collection>,
    pub payouts: Vec<Payout>,
    pub claims: Vec<Claim>,
    /// What associations owe, to be taken from what they are owed next.
    owes: Vec<i64>,
    /// Lines of the bank, and those that are held for something.
    lines: Vec<Line>,
    held: Vec<Held>,
    /// What a person said of lines, how much of them, and that nobody undid.
    pub said: Vec<(usize, Said, i64)>,
    /// Returns that were told and that the bank has not shown: of which collection, how much, and
    /// at which attempt.
    pub told: Vec<(usize, i64, u32)>,
    /// Each account's debits less its credits.
    pub accounts: BTreeMap<String, i64>,
}

impl Model {
    pub fn new(shops: &[&str], associations: &[&str]) -> Self {
        Self {
            shops: shops.iter().map(|s| (*s).to_owned()).collect(),
            associations: associations.iter().map(|a| (*a).to_owned()).collect(),
            gifts: Vec::new(),
            collections: Vec::new(),
            payouts: Vec::new(),
            claims: Vec::new(),
            owes: vec![0; associations.len()],
            lines: Vec::new(),
            held: Vec::new(),
            said: Vec::new(),
            told: Vec::new(),
            accounts: BTreeMap::new(),
        }
    }

    fn post(&mut self, debit: &str, credit: &str, cents: i64) {
        assert!(cents >= 0, "{debit} {credit} {cents}");
        *self.accounts.entry(debit.to_owned()).or_default() += cents;
        *self.accounts.entry(credit.to_owned()).or_default() -= cents;
    }

    fn of_shop(&self, kind: &str, shop: usize) -> String {
        format!("{kind}:{}", self.shops[shop])
    }

    fn of_association(&self, kind: &str, association: usize) -> String {
        format!("{kind}:{}", self.associations[association])
    }

    fn balance(&self, account: &str) -> i64 {
        self.accounts.get(account).copied().unwrap_or(0)
    }

    fn payable(&self, association: usize) -> i64 {
        -self.balance(&self.of_association("association_payable", association))
    }

    fn due(&self, gift: usize) -> i64 {
        self.gifts[gift].amount - self.gifts[gift].taken
    }

    pub fn left(&self, gift: usize) -> bool {
        let payout = self.gifts[gift].payout;
        payout.is_some_and(|p| {
            matches!(
                self.payouts[p].state,
                Outgoing::Submitted | Outgoing::Settled
            )
        })
    }

    fn arrived(&self, gift: usize) -> bool {
        let collection = self.gifts[gift].collection;
        let settled = collection.is_some_and(|c| self.collections[c].state == Asked::Settled);
        settled || self.gifts[gift].borne
    }

    /// Whether its money was written off.
    fn given_up(&self, gift: usize) -> bool {
        let collection = self.gifts[gift].collection;
        let written_off =
            collection.is_some_and(|c| self.collections[c].state == Asked::WrittenOff);
        written_off && !self.gifts[gift].borne
    }

    /// Whether a shop is asked for nothing, because a payment of it failed.
    pub fn is_held(&self, shop: usize) -> bool {
        let failed = |c: &Collection| matches!(c.state, Asked::Rejected | Asked::Returned);
        self.collections.iter().any(|c| c.shop == shop && failed(c))
    }

    fn gifts_where(&self, wanted: impl Fn(usize, &Gift) -> bool) -> Vec<usize> {
        (0..self.gifts.len())
            .filter(|n| wanted(*n, &self.gifts[*n]))
            .collect()
    }

    pub fn give(&mut self, shop: usize, association: usize, amount: i64, on: NaiveDate) -> usize {
        let receivable = self.of_shop("merchant_receivable", shop);
        let pending = self.of_association("association_pending", association);
        self.post(&receivable, &pending, amount);
        self.gifts.push(Gift {
            shop,
            association,
            amount,
            refunded: 0,
            taken: 0,
            on,
            refunds: BTreeSet::new(),
            collection: None,
            payout: None,
            held: None,
            borne: false,
        });
        self.gifts.len() - 1
    }

    pub fn refund(&mut self, gift: usize, name: &str, told: Option<i64>) {
        let g = &self.gifts[gift];
        let rest = g.amount - g.refunded;
        if rest == 0 || g.refunds.contains(name) {
            return;
        }
        let (shop, association) = (g.shop, g.association);
        let amount = told.unwrap_or(rest).min(rest);
        let receivable = self.of_shop("merchant_receivable", shop);
        let due = self.of_association("refund_due", association);
        if self.left(gift) {
            let credit = self.of_shop("merchant_credit", shop);
            self.post(&due, &credit, amount);
            self.claims.push(Claim {
                gift,
                amount,
                open: true,
            });
        } else if self.arrived(gift) {
            let payable = self.of_association("association_payable", association);
            let held = amount.min(self.payable(association).max(0));
            self.post(&payable, &receivable, held);
            self.post(&due, &receivable, amount - held);
            self.owes[association] += amount - held;
            self.gifts[gift].taken += amount;
            self.give_back_since(gift, amount);
        } else if self.given_up(gift) {
            // Nobody owes it any more; should it come after all, it is less that.
            self.gifts[gift].taken += amount;
        } else {
            let pending = self.of_association("association_pending", association);
            self.post(&pending, &receivable, amount);
            self.gifts[gift].taken += amount;
            self.give_back_since(gift, amount);
        }
        self.gifts[gift].refunded += amount;
        self.gifts[gift].refunds.insert(name.to_owned());
        if let Some(p) = self.gifts[gift].payout
            && self.payouts[p].state == Outgoing::Prepared
        {
            self.take_back(p);
        }
    }

    pub fn take_back(&mut self, payout: usize) {
        self.payouts[payout].state = Outgoing::TakenBack;
        for g in &mut self.gifts {
            if g.payout == Some(payout) {
                g.payout = None;
            }
        }
    }

    /// A refund lowers what the gift's collection is asked for again, should it fail, unless the
    /// next statement takes it off before.
    fn give_back_since(&mut self, gift: usize, amount: i64) {
        if let Some(c) = self.gifts[gift].collection {
            self.collections[c].since += amount;
        }
    }

    /// What is left of a collection that failed.
    fn rest(&self, c: &Collection) -> i64 {
        (c.asks - c.since).max(0)
    }

    /// What each shop is asked for a month.
    pub fn collect(&mut self, period: NaiveDate, ends: NaiveDate) {
        for shop in 0..self.shops.len() {
            if self
                .collections
                .iter()
                .any(|c| c.shop == shop && c.period == period)
                || self.is_held(shop)
            {
                continue;
            }
            let free = self
                .gifts_where(|n, g| g.shop == shop && g.collection.is_none() && self.due(n) > 0);
            let (now, later): (Vec<_>, Vec<_>) =
                free.into_iter().partition(|n| self.gifts[*n].on < ends);
            if now.is_empty() {
                continue;
            }
            let later: i64 = later.iter().map(|n| self.due(*n)).sum();
            let receivable = self.of_shop("merchant_receivable", shop);
            let asks = (self.balance(&receivable) - later).max(0);
            // None of the shop's has failed: it would be asked for nothing.
            for c in self.collections.iter_mut().filter(|c| c.shop == shop) {
                c.since = 0;
            }
            let id = self.collections.len();
            self.collections.push(Collection {
                since: 0,
                shop,
                period,
                count: now.len(),
                asks,
                state: Asked::Submitted,
                attempts: 0,
            });
            for n in now {
                self.gifts[n].collection = Some(id);
            }
            self.ask(id);
        }
    }

    /// The request leaves; one for nothing settles at once.
    fn ask(&mut self, collection: usize) {
        let c = &mut self.collections[collection];
        c.state = Asked::Submitted;
        c.attempts += 1;
        let (shop, asks) = (c.shop, c.asks);
        let receivable = self.of_shop("merchant_receivable", shop);
        self.post("collection_in_transit:transfer", &receivable, asks);
        if asks == 0 {
            self.settle(collection);
        }
    }

    /// What of a collection that is written off no association has and nobody bears.
    pub fn promised(&self, collection: usize) -> i64 {
        self.parts(collection).values().sum()
    }

    pub fn ask_again(&mut self, collection: usize) {
        let shop = self.collections[collection].shop;
        if self.collections[collection].state == Asked::WrittenOff {
            let receivable = self.of_shop("merchant_receivable", shop);
            for (a, cents) in self.parts(collection) {
                let pending = self.of_association("association_pending", a);
                self.post(&receivable, &pending, cents);
            }
            let promised = self.promised(collection);
            let c = &mut self.collections[collection];
            (c.asks, c.since) = (c.asks.min(promised), 0);
        }
        let free = self.gifts_where(|_, g| g.shop == shop && g.collection.is_none());
        let free: i64 = free.iter().map(|n| self.due(*n)).sum();
        let owed = self.balance(&self.of_shop("merchant_receivable", shop)) - free;
        let failed = |(n, c): &(usize, &Collection)| {
            let failed = matches!(c.state, Asked::Rejected | Asked::Returned);
            *n != collection && c.shop == shop && failed
        };
        let others = self.collections.iter().enumerate().filter(failed);
        let others: i64 = others.map(|(_, c)| self.rest(c)).sum();
        let own = self.rest(&self.collections[collection]);
        let asks = own.min(owed - others).max(0);
        self.collections[collection].asks = asks;
        self.collections[collection].since = 0;
        self.ask(collection);
    }

    pub fn reject(&mut self, collection: usize) {
        let c = &mut self.collections[collection];
        c.state = Asked::Rejected;
        let (shop, asks) = (c.shop, c.asks);
        let receivable = self.of_shop("merchant_receivable", shop);
        self.post(&receivable, "collection_in_transit:transfer", asks);
    }

    /// A person says that the money went, before the bank shows it.
    pub fn tell_return(&mut self, collection: usize) {
        self.return_(collection);
        let c = &self.collections[collection];
        self.told.push((collection, c.asks, c.attempts));
    }

    /// The last return that was told and that no line has shown.
    pub fn told_last(&self, collection: usize) -> Option<usize> {
        self.told.iter().rposition(|(of, ..)| *of == collection)
    }

    /// A person says that it did not happen: the money settles the collection again, or is the
    /// shop's credit where it was asked for again since.
    pub fn withdraw_return(&mut self, told: usize) {
        let (collection, cents, attempt) = self.told.remove(told);
        let c = &mut self.collections[collection];
        if c.state == Asked::Returned && attempt == c.attempts {
            (c.asks, c.since) = (cents, 0);
            self.ask(collection);
            self.settle(collection);
        } else if c.state == Asked::Submitted && c.asks == cents {
            self.settle(collection);
        } else {
            let shop = c.shop;
            let receivable = self.of_shop("merchant_receivable", shop);
            self.post("suspense:bank", &receivable, cents);
        }
    }

    /// The gifts of a collection that their associations have.
    fn out(&self, collection: usize) -> Vec<usize> {
        let of = |n, g: &Gift| {
            g.collection == Some(collection) && self.left(n) && !g.borne && self.due(n) > 0
        };
        self.gifts_where(of)
    }

    /// Whether the operator's float bears what associations have of a collection.
    pub fn can_write_off(&self, collection: usize) -> bool {
        let borne: i64 = self.out(collection).iter().map(|n| self.due(*n)).sum();
        let uncovered = self.uncovered(self.collections[collection].shop);
        let credit = |uncovered: i64| (-uncovered).max(0);
        borne == 0 || credit(uncovered - borne) - credit(uncovered) <= self.cover()
    }

    /// Nothing will come: what associations have is borne, the rest is promised no more.
    pub fn write_off(&mut self, collection: usize) {
        let receivable = self.of_shop("merchant_receivable", self.collections[collection].shop);
        for (a, cents) in self.parts(collection) {
            let pending = self.of_association("association_pending", a);
            self.post(&pending, &receivable, cents);
        }
        for n in self.out(collection) {
            self.post("operator_losses:bank", &receivable, self.due(n));
            self.gifts[n].borne = true;
        }
        self.collections[collection].state = Asked::WrittenOff;
    }

    /// What associations have of a collection that is not with them, by association.
    fn parts(&self, collection: usize) -> BTreeMap<usize, i64> {
        let mut parts = BTreeMap::new();
        let of = |n, g: &Gift| g.collection == Some(collection) && !self.left(n) && !g.borne;
        for n in self.gifts_where(of) {
            *parts.entry(self.gifts[n].association).or_default() += self.due(n);
        }
        parts
    }

    /// Money comes for it, or none where it asks for none.
    fn settle(&mut self, collection: usize) {
        let (asks, parts) = (self.collections[collection].asks, self.parts(collection));
        self.collections[collection].state = Asked::Settled;
        self.post("suspense:bank", "collection_in_transit:transfer", asks);
        for (a, cents) in parts {
            let pending = self.of_association("association_pending", a);
            let payable = self.of_association("association_payable", a);
            self.post(&pending, &payable, cents);
        }
    }

    fn return_(&mut self, collection: usize) {
        let (asks, parts) = (self.collections[collection].asks, self.parts(collection));
        let receivable = self.of_shop("merchant_receivable", self.collections[collection].shop);
        self.collections[collection].state = Asked::Returned;
        self.post(&receivable, "suspense:bank", asks);
        for (a, cents) in parts {
            self.promise_again(a, cents);
        }
        for p in 0..self.payouts.len() {
            let holds = |g: &Gift| g.payout == Some(p) && g.collection == Some(collection);
            if self.payouts[p].state == Outgoing::Prepared && self.gifts.iter().any(holds) {
                self.take_back(p);
            }
        }
    }

    fn promise_again(&mut self, association: usize, cents: i64) {
        let held = cents.min(self.payable(association).max(0));
        let pending = self.of_association("association_pending", association);
        let payable = self.of_association("association_payable", association);
        let due = self.of_association("refund_due", association);
        self.post(&payable, &pending, held);
        self.post(&due, &pending, cents - held);
        self.owes[association] += cents - held;
    }

    fn prepared(&self, association: usize) -> i64 {
        let prepared = self
            .payouts
            .iter()
            .filter(|p| p.association == association && p.state == Outgoing::Prepared);
        prepared.map(|p| p.amount).sum()
    }

    pub fn prepare(&mut self, on: NaiveDate) {
        let quarter = NaiveDate::from_ymd_opt(on.year(), (on.month() - 1) / 3 * 3 + 1, 1).unwrap();
        for a in 0..self.associations.len() {
            if self.prepared(a) > self.payable(a) {
                for p in 0..self.payouts.len() {
                    if self.payouts[p].association == a
                        && self.payouts[p].state == Outgoing::Prepared
                    {
                        self.take_back(p);
                    }
                }
            }
            let recovered = self.owes[a].min(self.payable(a) - self.prepared(a)).max(0);
            let payable = self.of_association("association_payable", a);
            let due = self.of_association("refund_due", a);
            self.post(&payable, &due, recovered);
            self.owes[a] -= recovered;
            let gifts = self.gifts_where(|n, g| {
                let free = g.payout.is_none() && g.held.is_none();
                g.association == a && self.arrived(n) && free && self.due(n) > 0
            });
            let whole: i64 = gifts.iter().map(|n| self.due(*n)).sum();
            let amount = whole.min(self.payable(a) - self.prepared(a));
            let this_quarter = self.payouts.iter().any(|p| {
                p.association == a
                    && p.on >= quarter
                    && matches!(
                        p.state,
                        Outgoing::Prepared | Outgoing::Submitted | Outgoing::Settled
                    )
            });
            if amount <= 0 || (amount < MINIMUM && this_quarter) {
                continue;
            }
            self.prepare_of(a, &gifts, amount, on);
        }
        self.submit_waiting();
    }

    pub fn submit_waiting(&mut self) {
        for p in 0..self.payouts.len() {
            if self.payouts[p].state == Outgoing::Prepared && self.payouts[p].approved.len() >= 2 {
                self.submit(p);
            }
        }
    }

    /// Somebody approves; the second approval lets it leave, if the account covers it.
    pub fn approve(&mut self, payout: usize, who: usize) {
        self.payouts[payout].approved.insert(who);
        if self.payouts[payout].approved.len() >= 2 {
            self.submit(payout);
        }
    }

    /// What is left of the account beside all that may be asked of it.
    fn cover(&self) -> i64 {
        let of = |kind: &str| -> i64 {
            let accounts = self
                .accounts
                .iter()
                .filter(|(name, _)| name.starts_with(kind));
            accounts.map(|(_, cents)| cents).sum()
        };
        of("safeguarded_cash:") + of("payout_in_transit:") + of("association_payable:")
            - self.unexplained_credits()
            - self.told.iter().map(|(_, cents, _)| cents).sum::<i64>()
            - self.usable_credit()
    }

    /// The operator's own money less what others owe it to have.
    fn float_less_shortage(&self) -> i64 {
        let debits = self.lines.iter().filter(|l| !l.credit);
        self.cover() + debits.map(|l| l.open).sum::<i64>()
    }

    fn usable_credit(&self) -> i64 {
        (0..self.shops.len())
            .map(|shop| (-self.uncovered(shop)).max(0))
            .sum()
    }

    /// What a shop owes and is asked for beside its gifts that did not arrive.
    fn uncovered(&self, shop: usize) -> i64 {
        let unarrived = self.gifts_where(|n, g| {
            g.shop == shop && !self.arrived(n) && !self.left(n) && !self.given_up(n)
        });
        let unarrived: i64 = unarrived.iter().map(|n| self.due(*n)).sum();
        let on_its_way = self
            .collections
            .iter()
            .filter(|c| c.shop == shop && c.state == Asked::Submitted);
        let on_its_way: i64 = on_its_way.map(|c| c.asks).sum();
        self.balance(&self.of_shop("merchant_receivable", shop)) + on_its_way - unarrived
    }

    fn submit(&mut self, payout: usize) {
        let (a, amount) = (
            self.payouts[payout].association,
            self.payouts[payout].amount,
        );
        let cash =
            self.balance("safeguarded_cash:bank") + self.balance("payout_in_transit:transfer");
        if self.cover() < 0 || amount > cash {
            return;
        }
        if let Some(line) = self.payouts[payout].gives_back {
            self.post("suspense:bank", "payout_in_transit:transfer", amount);
            self.lines[line].open -= amount;
            self.payouts[payout].state = Outgoing::Submitted;
            return;
        }
        if amount > self.payable(a) {
            return;
        }
        let payable = self.of_association("association_payable", a);
        self.post(&payable, "payout_in_transit:transfer", amount);
        self.payouts[payout].state = Outgoing::Submitted;
    }

    /// Whether the association can agree to a claim out of what it is owed.
    pub fn can_agree(&self, claim: usize) -> bool {
        let a = self.gifts[self.claims[claim].gift].association;
        self.payable(a) - self.prepared(a) > 0
    }

    /// It agrees, and gives back what it is owed.
    pub fn agree(&mut self, claim: usize) {
        let a = self.gifts[self.claims[claim].gift].association;
        let amount = self.payable(a) - self.prepared(a);
        self.settle_claim(claim, amount.min(self.claims[claim].amount));
    }

    fn settle_claim(&mut self, claim: usize, amount: i64) {
        let gift = self.claims[claim].gift;
        let (shop, a) = (self.gifts[gift].shop, self.gifts[gift].association);
        let payable = self.of_association("association_payable", a);
        let due = self.of_association("refund_due", a);
        let credit = self.of_shop("merchant_credit", shop);
        let receivable = self.of_shop("merchant_receivable", shop);
        self.post(&payable, &due, amount);
        self.post(&credit, &receivable, amount);
        self.claims[claim].amount -= amount;
        self.claims[claim].open = self.claims[claim].amount > 0;
    }

    fn pay(&mut self, payout: usize) {
        let amount = self.payouts[payout].amount;
        self.post("payout_in_transit:transfer", "suspense:bank", amount);
        self.payouts[payout].state = Outgoing::Settled;
    }

    fn back(&mut self, payout: usize) {
        self.unmake(payout, "suspense:bank", Outgoing::Returned);
    }

    /// The bank refused the order.
    pub fn refuse(&mut self, payout: usize) {
        self.unmake(payout, "payout_in_transit:transfer", Outgoing::Refused);
    }

    /// What was refused or came back goes with a payout of its own. Returns whether there is one.
    pub fn pay_again(&mut self, payout: usize, on: NaiveDate) -> bool {
        self.payouts[payout].state = Outgoing::PaidAgain;
        if let Some(line) = self.payouts[payout].gives_back {
            let amount = self.payouts[payout].amount.min(self.free(line));
            if amount > 0 {
                self.give_back(line, amount, on);
            }
            return amount > 0;
        }
        let a = self.payouts[payout].association;
        let held = self.gifts_where(|_, g| g.held == Some(payout));
        for n in &held {
            self.gifts[*n].held = None;
        }
        let gifts: Vec<usize> = held
            .into_iter()
            .filter(|n| self.arrived(*n) && self.due(*n) > 0)
            .collect();
        let whole: i64 = gifts.iter().map(|n| self.due(*n)).sum();
        let amount = whole.min(self.payable(a) - self.prepared(a));
        if amount <= 0 {
            return false;
        }
        self.prepare_of(a, &gifts, amount, on);
        true
    }

    fn prepare_of(&mut self, association: usize, gifts: &[usize], amount: i64, on: NaiveDate) {
        let id = self.payouts.len();
        self.payouts.push(Payout {
            association,
            gives_back: None,
            count: gifts.len(),
            amount,
            on,
            state: Outgoing::Prepared,
            approved: BTreeSet::new(),
        });
        for n in gifts {
            self.gifts[*n].payout = Some(id);
        }
    }

    /// What of a line is unexplained and not prepared to be given back.
    pub fn free(&self, line: usize) -> i64 {
        let of_it = self
            .payouts
            .iter()
            .filter(|p| p.gives_back == Some(line) && p.state == Outgoing::Prepared);
        self.lines[line].open - of_it.map(|p| p.amount).sum::<i64>()
    }

    /// Whether a line is held for anything.
    pub fn is_line_held(&self, line: usize) -> bool {
        self.held.iter().any(|h| h.line == line)
    }

    /// A payout of its own gives back what nobody asked for.
    pub fn give_back(&mut self, line: usize, amount: i64, on: NaiveDate) {
        self.payouts.push(Payout {
            association: usize::MAX,
            gives_back: Some(line),
            count: 0,
            amount,
            on,
            state: Outgoing::Prepared,
            approved: BTreeSet::new(),
        });
    }

    fn unmake(&mut self, payout: usize, from: &str, state: Outgoing) {
        if let Some(line) = self.payouts[payout].gives_back {
            let amount = self.payouts[payout].amount;
            self.post(from, "suspense:bank", amount);
            self.lines[line].open += amount;
            self.payouts[payout].state = state;
            return;
        }
        let (a, amount) = (
            self.payouts[payout].association,
            self.payouts[payout].amount,
        );
        let payable = self.of_association("association_payable", a);
        self.post(from, &payable, amount);
        self.payouts[payout].state = state;
        let gifts = self.gifts_where(|_, g| g.payout == Some(payout));
        for n in &gifts {
            self.gifts[*n].payout = None;
            self.gifts[*n].held = Some(payout);
        }
        for claim in 0..self.claims.len() {
            if self.claims[claim].open && gifts.contains(&self.claims[claim].gift) {
                let (gift, amount) = (self.claims[claim].gift, self.claims[claim].amount);
                self.settle_claim(claim, amount);
                self.gifts[gift].taken += amount;
            }
        }
        let unarrived: i64 = gifts
            .iter()
            .filter(|n| !self.arrived(**n))
            .map(|n| self.due(*n))
            .sum();
        self.promise_again(a, unarrived);
    }

    fn unexplained_credits(&self) -> i64 {
        let credits = self.lines.iter().filter(|l| l.credit);
        credits.map(|l| l.open).sum()
    }

    /// The lines of which something is unexplained, with their sides.
    pub fn open_lines(&self) -> Vec<(usize, bool)> {
        let lines = self.lines.iter().enumerate();
        let open = lines.filter(|(n, _)| self.free(*n) > 0);
        open.map(|(n, l)| (n, l.credit)).collect()
    }

    fn post_said(&mut self, said: Said, cents: i64, is_undone: bool) {
        let (debit, credit) = match said {
            Said::NextMonth(shop) => (
                "suspense:bank".to_owned(),
                self.of_shop("merchant_receivable", shop),
            ),
            Said::TopUp => (
                "suspense:bank".to_owned(),
                "operator_current:bank".to_owned(),
            ),
            Said::Fee => ("provider_fees:bank".to_owned(), "suspense:bank".to_owned()),
        };
        if is_undone {
            self.post(&credit, &debit, cents);
        } else {
            self.post(&debit, &credit, cents);
        }
    }

    pub fn say(&mut self, line: usize, said: Said) {
        let cents = self.free(line);
        self.lines[line].open -= cents;
        self.post_said(said, cents, false);
        self.said.push((line, said, cents));
    }

    /// Undoes what was said nth; returns whether it can be.
    pub fn unsay(&mut self, nth: usize) -> bool {
        let (line, said, cents) = self.said[nth];
        let before = self.float_less_shortage();
        self.post_said(said, cents, true);
        self.lines[line].open += cents;
        let after = self.float_less_shortage();
        if after < 0 && after < before {
            self.post_said(said, cents, false);
            self.lines[line].open -= cents;
            return false;
        }
        self.held.retain(|h| h.line != line);
        self.said.remove(nth);
        true
    }

    /// Whether something of a line was understood.
    pub fn understood(&self, line: usize) -> bool {
        self.lines[line].open < self.lines[line].cents
    }

    fn hold(&mut self, line: usize, subject: Subject, hold: Hold) {
        self.held.push(Held {
            line,
            subject,
            hold,
        });
    }

    /// Whether a debit stands open that names a payout: its money is not back with us.
    pub fn left_after_all(&self, payout: usize) -> bool {
        let names = |h: &Held| {
            let line = &self.lines[h.line];
            h.subject == Subject::Payout(payout) && !line.credit && line.open > 0
        };
        self.held.iter().any(names)
    }

    /// Takes the first line that is held so and is open.
    fn take(&mut self, subject: Subject, wanted: impl Fn(&Held, &Line) -> bool) -> Option<usize> {
        let at = self.held.iter().position(|h| {
            let line = &self.lines[h.line];
            h.subject == subject && line.open > 0 && wanted(h, line)
        })?;
        Some(self.held.remove(at).line)
    }

    /// Two lines undo each other.
    fn undo(&mut self, one: usize, other: usize) {
        self.lines[one].open = 0;
        self.lines[other].open = 0;
    }

    /// The bank shows a line, which stands in suspense as far as it is not understood. Returns it.
    pub fn line(&mut self, subject: Subject, credit: bool, cents: i64) -> usize {
        if credit {
            self.post("safeguarded_cash:bank", "suspense:bank", cents);
        } else {
            self.post("suspense:bank", "safeguarded_cash:bank", cents);
        }
        let line = self.lines.len();
        self.lines.push(Line {
            credit,
            cents,
            open: cents,
        });
        match (subject, credit) {
            (Subject::Collection(c), true) => self.payment(line, c),
            (Subject::Collection(c), false) => self.recall(line, c),
            (Subject::Payout(p), true) => self.came_back(line, p),
            (Subject::Payout(p), false) => self.went(line, p),
            (Subject::Nobody, _) => {}
        }
        line
    }

    fn payment(&mut self, line: usize, c: usize) {
        let subject = Subject::Collection(c);
        let parts: Vec<usize> = self
            .held
            .iter()
            .filter(|h| h.subject == subject && h.hold == Hold::Part)
            .map(|h| h.line)
            .filter(|l| self.lines[*l].open > 0)
            .collect();
        let came: i64 = parts.iter().map(|l| self.lines[*l].open).sum();
        let (due, cents) = (self.collections[c].asks - came, self.lines[line].cents);
        if self.collections[c].state != Asked::Submitted || due <= 0 {
            return self.hold(line, subject, Hold::Surplus);
        }
        if cents < due {
            return self.hold(line, subject, Hold::Part);
        }
        for part in parts {
            self.lines[part].open = 0;
        }
        self.lines[line].open = cents - due;
        let asks = self.collections[c].asks;
        self.settle(c);
        if cents > due {
            self.hold(line, subject, Hold::Surplus);
        }
        if let Some(back) = self.take(subject, |h, l| h.hold == Hold::Recall && l.open == asks) {
            self.lines[back].open = 0;
            self.return_(c);
        }
    }

    fn recall(&mut self, line: usize, c: usize) {
        let (subject, cents) = (Subject::Collection(c), self.lines[line].cents);
        if let Some(shown) = self.told.iter().position(|t| (t.0, t.1) == (c, cents)) {
            self.told.remove(shown);
            self.lines[line].open = 0;
            return;
        }
        let surplus = self
            .take(subject, |h, l| {
                l.credit && l.open == cents && h.hold != Hold::Part
            })
            .or_else(|| self.take(subject, |_, l| l.credit && l.open == cents));
        let (state, asks) = (self.collections[c].state, self.collections[c].asks);
        match (surplus, state) {
            (Some(surplus), _) => self.undo(line, surplus),
            (None, Asked::Settled) if asks == cents => {
                self.lines[line].open = 0;
                self.return_(c);
            }
            (None, Asked::Submitted) if asks == cents => self.hold(line, subject, Hold::Recall),
            _ => self.hold(line, subject, Hold::Other),
        }
    }

    fn went(&mut self, line: usize, p: usize) {
        let (subject, cents) = (Subject::Payout(p), self.lines[line].cents);
        if self.payouts[p].state == Outgoing::Submitted {
            self.lines[line].open = 0;
            self.pay(p);
            if let Some(back) = self.take(subject, |h, _| h.hold == Hold::Return) {
                self.lines[back].open = 0;
                self.back(p);
            }
            return;
        }
        match self.take(subject, |_, l| l.credit && l.open == cents) {
            Some(back) => self.undo(line, back),
            None => self.hold(line, subject, Hold::Other),
        }
    }

    fn came_back(&mut self, line: usize, p: usize) {
        let (subject, cents) = (Subject::Payout(p), self.lines[line].cents);
        match self.payouts[p].state {
            Outgoing::Settled => {
                self.lines[line].open = 0;
                self.back(p);
            }
            Outgoing::Submitted => self.hold(line, subject, Hold::Return),
            _ => match self.take(subject, |_, l| !l.credit && l.open == cents) {
                Some(left) => self.undo(line, left),
                None => self.hold(line, subject, Hold::Other),
            },
        }
    }
}
