//! Plans what lines do to the collections and payouts that they name. Pure: the order in which a
//! bank tells things, and in which people import them, changes nothing.

use super::known::{Held, Known, KnownCollection, KnownPayout};
use super::meaning::{HoldMeaning, Meaning, NewHold, NewMatch, Piece};
use crate::collections::{CollectionState, Payment, Return, ShownReturn, ToldReturn};
use crate::ledger::{Arrived, MoneyAt};
use crate::payouts::{PayoutChange, PayoutEvent, PayoutState};
use crate::values::BankSide;

/// The largest fee that a bank keeps of a payout that it brings back, in cents, without saying so.
const LARGEST_FEE_CENTS: i64 = 5000;

/// What is to be written, posted and held.
#[derive(Default)]
pub(super) struct Plan {
    pub payments: Vec<Payment>,
    pub returns: Vec<Return>,
    pub shown: Vec<ShownReturn>,
    pub changes: Vec<PayoutChange>,
    pub matches: Vec<NewMatch>,
    pub holds: Vec<NewHold>,
}

/// Plans line by line, with what each changes for the next.
pub(super) struct Planner {
    known: Known,
    pub plan: Plan,
}

impl Planner {
    pub fn new(known: Known) -> Self {
        Self {
            known,
            plan: Plan::default(),
        }
    }

    /// A credit that names collections: it pays them, whole or in part, or holds what does not fit.
    /// Returns whether it names any.
    pub fn pay(&mut self, line: &Piece, references: &[String]) -> bool {
        let named = self.collections_named(references);
        let Some(first) = named.first() else {
            return false;
        };
        let dues: Vec<(String, i64)> = named
            .iter()
            .filter_map(|r| {
                let due = self.known.collections.get(r)?.due()?;
                Some((r.clone(), due))
            })
            .collect();
        let sum: i64 = dues.iter().map(|(_, due)| due).sum();
        let exact: Vec<_> = dues.iter().filter(|(_, due)| *due == line.cents).collect();
        let paid = match (&dues[..], &exact[..]) {
            ([], _) => {
                self.hold_for_collection(line, HoldMeaning::Second, first, line.cents);
                return true;
            }
            (all, _) if sum == line.cents => all.to_vec(),
            ([one], _) if line.cents > one.1 => vec![one.clone()],
            (_, [one]) => vec![(*one).clone()],
            ([one], _) => {
                self.hold_for_collection(line, HoldMeaning::Part, &one.0, line.cents);
                return true;
            }
            _ => {
                self.hold_for_collection(line, HoldMeaning::Other, first, line.cents);
                return true;
            }
        };
        let mut rest = line.cents;
        for (reference, due) in &paid {
            self.settle(line, reference, *due);
            rest -= due;
        }
        if let Some((reference, _)) = paid.last().filter(|_| rest > 0) {
            self.hold_for_collection(line, HoldMeaning::Rest, reference, rest);
        }
        true
    }

    /// A debit that names a collection: its money is taken back. Returns whether it names any.
    pub fn recall(&mut self, line: &Piece, references: &[String]) -> bool {
        let named = self.collections_named(references);
        let Some(first) = named.first() else {
            return false;
        };
        for reference in &named {
            let Some(c) = self.known.collections.get_mut(reference) else {
                continue;
            };
            // What a person told of before is known by it, and not taken back twice.
            if let Some(told) = c.take_told(line.cents) {
                self.plan.matches.push(NewMatch {
                    collection_id: Some(told.collection_id.0),
                    fact_id: told.fact_id,
                    ..NewMatch::new(line, Meaning::CollectionReturnShown, line.cents)
                });
                self.plan.shown.push(ShownReturn {
                    told,
                    on: line.on,
                    from: line.at,
                });
                return true;
            }
            // What was paid beyond what was asked goes back first: the collection stays paid.
            let is_same =
                |h: &Held| h.piece.side == BankSide::Credit && h.piece.cents == line.cents;
            let surplus = c
                .take_held(|h| is_same(h) && h.meaning != HoldMeaning::Part)
                .or_else(|| c.take_held(is_same));
            if let Some(surplus) = surplus {
                self.undo_each_other(line, &surplus.piece);
                return true;
            }
            if c.asked.state == CollectionState::Settled && c.asked.amount_cents == line.cents {
                self.return_(line, reference);
                return true;
            }
        }
        let waits = |r: &&String| {
            let c = self.known.collections.get(*r);
            c.is_some_and(|c| {
                c.asked.state == CollectionState::Submitted && c.asked.amount_cents == line.cents
            })
        };
        match named.iter().find(waits).cloned() {
            Some(reference) => {
                self.hold_for_collection(line, HoldMeaning::Recall, &reference, line.cents);
            }
            None => self.hold_for_collection(line, HoldMeaning::Other, first, line.cents),
        }
        true
    }

    /// A line that names payouts: they left, or came back. Returns whether it names any.
    pub fn pay_out(&mut self, line: &Piece, references: &[String], why: &str) -> bool {
        let named: Vec<String> = distinct(references, |r| self.known.payouts.contains_key(r));
        match (&named[..], line.side) {
            ([], _) => return false,
            ([one], BankSide::Credit) => self.come_back(line, one, why),
            (several, BankSide::Credit) => {
                let exact = several.iter().find(|r| self.returns_whole(r, line.cents));
                let reference = exact.unwrap_or(&several[0]).clone();
                self.come_back(line, &reference, why);
            }
            (several, BankSide::Debit) => self.leave(line, several),
        }
        true
    }

    fn collections_named(&self, references: &[String]) -> Vec<String> {
        distinct(references, |r| self.known.collections.contains_key(r))
    }

    /// A collection is paid with a part of a line, and with the parts that were held for it.
    fn settle(&mut self, line: &Piece, reference: &str, take: i64) {
        let Some(c) = self.known.collections.get_mut(reference) else {
            return;
        };
        let (id, fact_id) = (c.asked.collection_id.0, c.asked.fact_id);
        let parts = c.take_parts();
        let mut arrived = Arrived::default();
        let taken = [(*line, take)].into_iter();
        for (piece, cents) in taken.chain(parts.iter().map(|p| (*p, p.cents))) {
            match piece.at {
                MoneyAt::Cash => arrived.now_cents += cents,
                MoneyAt::Suspense => arrived.before_cents += cents,
            }
            self.plan.matches.push(NewMatch {
                collection_id: Some(id),
                fact_id,
                ..NewMatch::new(&piece, Meaning::CollectionSettled, cents)
            });
        }
        self.plan.payments.push(Payment {
            collection: c.asked.clone(),
            on: line.on,
            arrived,
        });
        c.asked.state = CollectionState::Settled;
        let asked = c.asked.amount_cents;
        let recall = c.take_held(|h| h.meaning == HoldMeaning::Recall && h.piece.cents == asked);
        if let Some(recall) = recall {
            self.return_(&recall.piece, reference);
        }
    }

    fn return_(&mut self, line: &Piece, reference: &str) {
        let Some(c) = self.known.collections.get_mut(reference) else {
            return;
        };
        self.plan.matches.push(NewMatch {
            collection_id: Some(c.asked.collection_id.0),
            fact_id: c.asked.fact_id,
            ..NewMatch::new(line, Meaning::CollectionReturned, line.cents)
        });
        self.plan.returns.push(Return {
            collection: c.asked.clone(),
            on: line.on,
            from: line.at,
        });
        c.asked.state = CollectionState::Returned;
    }

    /// A debit for one payout, or for several together.
    fn leave(&mut self, line: &Piece, named: &[String]) {
        let submitted: Vec<(String, i64)> = named
            .iter()
            .filter_map(|r| {
                let sent = &self.known.payouts.get(r)?.sent;
                let waits = sent.state == PayoutState::Submitted;
                waits.then(|| (r.clone(), sent.amount_cents))
            })
            .collect();
        let sum: i64 = submitted.iter().map(|(_, cents)| cents).sum();
        let exact = submitted.iter().filter(|(_, cents)| *cents == line.cents);
        let left: Vec<(String, i64)> = if !submitted.is_empty() && sum == line.cents {
            submitted
        } else {
            exact.take(1).cloned().collect()
        };
        for (reference, cents) in &left {
            self.settle_payout(line, reference, *cents);
        }
        if !left.is_empty() {
            return;
        }
        for reference in named {
            let Some(p) = self.known.payouts.get_mut(reference) else {
                continue;
            };
            let back =
                p.take_held(|h| h.piece.side == BankSide::Credit && h.piece.cents == line.cents);
            if let Some(back) = back {
                self.undo_each_other(line, &back.piece);
                return;
            }
        }
        let reference = &named[0];
        let unmade = self
            .known
            .payouts
            .get(reference)
            .is_some_and(|p| p.sent.state.is_unmade());
        let meaning = if unmade {
            HoldMeaning::Debit
        } else {
            HoldMeaning::Other
        };
        self.hold_for_payout(line, meaning, reference, "");
    }

    fn settle_payout(&mut self, line: &Piece, reference: &str, cents: i64) {
        let Some(p) = self.known.payouts.get_mut(reference) else {
            return;
        };
        let sent = p.sent.clone();
        self.plan.matches.push(NewMatch {
            payout_id: Some(sent.payout_id.0),
            fact_id: sent.payout_id.0,
            ..NewMatch::new(line, Meaning::PayoutSettled, cents)
        });
        self.plan.changes.push(PayoutChange {
            payout: sent,
            event: PayoutEvent::Settled(line.at),
            on: line.on,
        });
        p.sent.state = PayoutState::Settled;
        let back = p.take_held(|h| h.meaning == HoldMeaning::Return);
        if let Some(back) = back {
            self.return_payout(&back.piece, reference, &back.why);
        }
    }

    /// Whether a credit of so many cents brings back a payout, whole or less a fee.
    fn returns_whole(&self, reference: &str, cents: i64) -> bool {
        let payout = self.known.payouts.get(reference);
        payout.is_some_and(|p| returns(p.sent.amount_cents, cents))
    }

    /// A credit that names a payout.
    fn come_back(&mut self, line: &Piece, reference: &str, why: &str) {
        let fits = self.returns_whole(reference, line.cents);
        let Some(p) = self.known.payouts.get_mut(reference) else {
            return;
        };
        match p.sent.state {
            PayoutState::Settled if fits => self.return_payout(line, reference, why),
            PayoutState::Submitted if fits => {
                self.hold_for_payout(line, HoldMeaning::Return, reference, why);
            }
            _ => {
                let left =
                    p.take_held(|h| h.piece.side == BankSide::Debit && h.piece.cents == line.cents);
                match left {
                    Some(left) => self.undo_each_other(line, &left.piece),
                    None => self.hold_for_payout(line, HoldMeaning::Other, reference, why),
                }
            }
        }
    }

    /// A payout came back, whole or less a fee, which is the operator's.
    fn return_payout(&mut self, line: &Piece, reference: &str, why: &str) {
        let Some(p) = self.known.payouts.get_mut(reference) else {
            return;
        };
        let (sent, whole) = (p.sent.clone(), p.sent.amount_cents);
        self.plan.matches.push(NewMatch {
            payout_id: Some(sent.payout_id.0),
            fact_id: sent.payout_id.0,
            ..NewMatch::new(line, Meaning::PayoutReturned, whole)
        });
        if whole > line.cents {
            self.plan.matches.push(NewMatch {
                side: BankSide::Debit,
                ..NewMatch::new(line, Meaning::Fee, whole - line.cents)
            });
        }
        self.plan.changes.push(PayoutChange {
            payout: sent,
            event: PayoutEvent::Returned(line.at, why.to_owned()),
            on: line.on,
        });
        p.sent.state = PayoutState::Returned;
    }

    /// Two lines undo each other: nothing is left of either, and nothing is to post.
    fn undo_each_other(&mut self, line: &Piece, other: &Piece) {
        self.plan.matches.extend(reversal(line, other));
    }

    fn hold_for_collection(
        &mut self,
        line: &Piece,
        meaning: HoldMeaning,
        reference: &str,
        cents: i64,
    ) {
        if let Some(c) = self.known.collections.get_mut(reference) {
            self.plan.holds.push(NewHold {
                line_id: line.line_id,
                meaning,
                collection_id: Some(c.asked.collection_id.0),
                payout_id: None,
            });
            c.held.push(held(line, meaning, cents, ""));
        }
    }

    fn hold_for_payout(&mut self, line: &Piece, meaning: HoldMeaning, reference: &str, why: &str) {
        if let Some(p) = self.known.payouts.get_mut(reference) {
            self.plan.holds.push(NewHold {
                line_id: line.line_id,
                meaning,
                collection_id: None,
                payout_id: Some(p.sent.payout_id.0),
            });
            p.held.push(held(line, meaning, line.cents, why));
        }
    }
}

/// The two matches of lines that undo each other.
pub(super) fn reversal(line: &Piece, other: &Piece) -> [NewMatch; 2] {
    [(line, other), (other, line)].map(|(one, another)| NewMatch {
        other_line_id: Some(another.line_id),
        at: MoneyAt::Suspense,
        ..NewMatch::new(one, Meaning::Reversal, line.cents)
    })
}

/// Whether so many cents are a payout that comes back, whole or less a fee.
pub(super) fn returns(payout_cents: i64, cents: i64) -> bool {
    let fee = payout_cents - cents;
    fee == 0 || (0 < fee && fee <= LARGEST_FEE_CENTS && fee < payout_cents / 2)
}

fn held(line: &Piece, meaning: HoldMeaning, cents: i64, why: &str) -> Held {
    Held {
        meaning,
        piece: Piece {
            cents,
            at: MoneyAt::Suspense,
            ..*line
        },
        why: why.to_owned(),
    }
}

fn distinct(references: &[String], known: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for reference in references {
        if known(reference) && !found.contains(reference) {
            found.push(reference.clone());
        }
    }
    found
}

impl KnownCollection {
    /// What is missing of it, in cents; none while it waits for nothing.
    fn due(&self) -> Option<i64> {
        let parts = self.held.iter().filter(|h| h.meaning == HoldMeaning::Part);
        let came: i64 = parts.map(|h| h.piece.cents).sum();
        let due = self.asked.amount_cents - came;
        (self.asked.state == CollectionState::Submitted && due > 0).then_some(due)
    }

    /// The oldest return of so many cents that was told and that no line has shown.
    fn take_told(&mut self, cents: i64) -> Option<ToldReturn> {
        let at = self.told.iter().position(|t| t.amount_cents == cents)?;
        Some(self.told.remove(at))
    }

    fn take_parts(&mut self) -> Vec<Piece> {
        let is_part = |h: &Held| h.meaning == HoldMeaning::Part;
        let parts = self.held.iter().filter(|h| is_part(h)).map(|h| h.piece);
        let parts = parts.collect();
        self.held.retain(|h| !is_part(h));
        parts
    }

    fn take_held(&mut self, wanted: impl Fn(&Held) -> bool) -> Option<Held> {
        let at = self.held.iter().position(wanted)?;
        Some(self.held.remove(at))
    }
}

impl KnownPayout {
    fn take_held(&mut self, wanted: impl Fn(&Held) -> bool) -> Option<Held> {
        let at = self.held.iter().position(wanted)?;
        Some(self.held.remove(at))
    }
}
