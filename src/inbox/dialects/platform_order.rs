//! A paid order as any platform states it, read as our events: what the dialects have in common.
//!
//! What the customer paid for the donation counts: all of its lines, those of one cause together,
//! and never more than the order's own total.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::json::Json;
use super::money::cents_of;
use super::person::{Person, tidy};
use crate::donations::{Consent, FundedBy, LAST_ORDINAL};
use crate::inbox::endpoint::EndpointSettings;
use crate::inbox::event::{Checkout, Event, ParseError, Refund, RefundProof};
use crate::inbox::order_identity::OrderIdentity;
use crate::values::{Amount, line_fits, slug_is_valid};

/// The donation's line was taxed.
const TAXED: &str = "donation-taxed";
/// A discount was taken off it.
const DISCOUNTED: &str = "donation-discounted";
/// Its lines say more than the whole order.
const ABOVE_TOTAL: &str = "above-order-total";

/// A line of the order that is a donation, in cents.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DonationLine<'a> {
    /// The cause's slug; none where the line names none.
    pub cause: Option<&'a str>,
    /// What the widget left beside the donation.
    pub consent: Option<&'a str>,
    /// What was charged for it, whatever was given back since.
    pub charged_cents: i64,
    /// What the customer still pays for it by the order as it now stands.
    pub left_cents: i64,
    pub taxed: bool,
    pub discounted: bool,
}

/// What of an order's donations was given back, as the order tells it.
#[derive(Debug, Default)]
pub(super) struct GivenBack {
    /// Refunds that name the donation's lines.
    pub by_line: Vec<Refund>,
    /// Names the refund of all that is left.
    pub whole: Option<&'static str>,
    /// The refund of all waits for its order.
    pub waits: bool,
    /// Refunds of which it is not known what they gave back.
    pub unproven: Vec<Refund>,
    /// These are to be fetched from the platform before a person is asked.
    pub is_fetched: bool,
}

impl GivenBack {
    /// Whether nothing went back.
    const fn is_empty(&self) -> bool {
        self.by_line.is_empty() && self.unproven.is_empty() && self.whole.is_none()
    }
}

/// An order with donations as a platform states it, once it is known to be paid.
pub(super) struct PlatformOrder<'a> {
    pub order_id: String,
    /// When it was paid or placed.
    pub at: Option<DateTime<Utc>>,
    pub currency: Option<&'a str>,
    /// The order's total in cents; none when it cannot be read.
    pub total_cents: Option<i64>,
    pub lines: Vec<DonationLine<'a>>,
    /// The amount is for the merchant's rule to say, and the lines only name the cause.
    pub amount_is_by_rule: bool,
    /// Whether the total counts the donation.
    pub donation_in_total: bool,
    pub given_back: GivenBack,
    pub donor: Person<'a>,
    pub funded_by: FundedBy,
    pub identity: Option<OrderIdentity>,
}

/// The paths of a platform's fields, for its mistakes.
pub(super) struct FieldPaths {
    pub currency: &'static str,
    pub total: &'static str,
    pub cause: &'static str,
}

/// Names the refund of a donation that its order no longer charges.
const REMOVED: &str = "removed";

impl<'a> PlatformOrder<'a> {
    /// What the order says; the error names the first field that is wrong.
    pub fn event(mut self, paths: &FieldPaths) -> Result<Event, ParseError> {
        let mut donations = by_cause(&self.lines);
        if !self.amount_is_by_rule {
            donations.retain(|g| g.charged_cents > 0);
        }
        let nothing_in_total =
            self.donation_in_total && self.total_cents.is_some_and(|total| total <= 0);
        if donations.is_empty() || (nothing_in_total && !self.amount_is_by_rule) {
            // Where the order gave before, that went back.
            return Ok(Event::Refund(Refund {
                waits: false,
                identity: self.identity,
                ..Refund::of_all(self.order_id, REMOVED)
            }));
        }
        if let Some(whole) = self.whole_refund(&donations) {
            return Ok(whole);
        }
        self.check(&donations, paths)?;
        let above = self.keep_within_total(&mut donations);
        let mut parts = Vec::with_capacity(donations.len());
        for (ordinal, donation) in donations.iter().enumerate() {
            parts.push(self.checkout(ordinal, donation, &donations, above));
        }
        let identity = self.identity;
        let by_line = self.given_back.by_line.drain(..);
        parts.extend(by_line.map(|r| Event::Refund(Refund { identity, ..r })));
        if self.given_back.is_fetched && !self.given_back.unproven.is_empty() {
            parts.push(Event::OrderReference {
                order_id: self.order_id,
            });
        } else {
            parts.extend(self.given_back.unproven.drain(..).map(Event::Refund));
        }
        Ok(joined(parts))
    }

    /// The order as a refund, where nothing is left of its donations.
    fn whole_refund(&mut self, donations: &[DonationLine<'a>]) -> Option<Event> {
        let removed = !self.amount_is_by_rule && donations.iter().all(|g| g.left_cents <= 0);
        let name = self.given_back.whole.or(removed.then_some(REMOVED))?;
        let identity = self.identity;
        let by_line = self.given_back.by_line.drain(..);
        let mut parts: Vec<Event> = by_line
            .map(|r| Event::Refund(Refund { identity, ..r }))
            .collect();
        parts.push(Event::Refund(Refund {
            waits: self.given_back.waits,
            identity,
            ..Refund::of_all(self.order_id.clone(), name)
        }));
        Some(joined(parts))
    }

    fn check(&self, donations: &[DonationLine<'a>], paths: &FieldPaths) -> Result<(), ParseError> {
        let wrong = |field: &str, message: &str| Err(ParseError::field(field, message));
        if !self.currency.is_some_and(|c| c.eq_ignore_ascii_case("EUR")) {
            return wrong(paths.currency, "donations are in euros: \"EUR\"");
        }
        if donations
            .iter()
            .filter_map(|g| g.cause)
            .any(|c| !slug_is_valid(c))
        {
            return wrong(
                paths.cause,
                "a cause is named by its slug, such as foret-vivante",
            );
        }
        if donations.len() > usize::from(LAST_ORDINAL.unsigned_abs()) + 1 {
            return wrong(paths.cause, "an order has at most ten causes");
        }
        // The merchant's rule may need it.
        if self.amount_is_by_rule && self.total_cents.is_none() {
            return wrong(paths.total, "not an amount such as 46.90");
        }
        Ok(())
    }

    /// Takes off what the donations say beyond the order's total, from the last one on; whether
    /// they did.
    fn keep_within_total(&self, donations: &mut Vec<DonationLine<'a>>) -> bool {
        let Some(total) = self.total_cents.filter(|_| self.donation_in_total) else {
            return false;
        };
        let said: i64 = donations.iter().map(|g| g.charged_cents).sum();
        let mut beyond = said.saturating_sub(total.max(0));
        if beyond <= 0 || self.amount_is_by_rule {
            return false;
        }
        for donation in donations.iter_mut().rev() {
            let less = beyond.min(donation.charged_cents);
            beyond -= less;
            donation.charged_cents -= less;
            donation.left_cents = donation.left_cents.min(donation.charged_cents);
        }
        donations.retain(|g| g.charged_cents > 0);
        true
    }

    fn checkout(
        &self,
        ordinal: usize,
        donation: &DonationLine<'a>,
        donations: &[DonationLine<'a>],
        above: bool,
    ) -> Event {
        let counted: i64 = match self.donation_in_total && !self.amount_is_by_rule {
            true => donations.iter().map(|g| g.charged_cents).sum(),
            false => 0,
        };
        let raised = [
            (donation.taxed, TAXED),
            (donation.discounted, DISCOUNTED),
            (above, ABOVE_TOTAL),
        ];
        let is_one_of_several = donations.len() > 1;
        let left_cents =
            (!self.amount_is_by_rule && !is_one_of_several).then_some(donation.left_cents);
        Event::Checkout(Box::new(Checkout {
            at: self.at,
            order_id: self.order_id.clone(),
            order_total_cents: self
                .total_cents
                .unwrap_or(counted)
                .saturating_sub(counted)
                .max(0),
            amount: Amount::from_cents(donation.charged_cents)
                .ok()
                .filter(|_| !self.amount_is_by_rule),
            cause: donation.cause.map(str::to_owned),
            consent: consent(donation.consent),
            donor: self.donor.details(),
            funded_by: self.funded_by,
            restated: true,
            ordinal: i16::try_from(ordinal).unwrap_or(LAST_ORDINAL),
            is_one_of_several,
            left_cents,
            stands_whole: left_cents.is_some_and(|left| left > 0) && self.given_back.is_empty(),
            flags: raised
                .into_iter()
                .filter_map(|(raised, flag)| raised.then_some(flag))
                .collect(),
            identity: self.identity,
            warnings: Vec::new(),
        }))
    }
}

/// One event of several parts, or the only one.
pub(super) fn joined(mut parts: Vec<Event>) -> Event {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            Event::Order(parts)
        }
    }
}

/// The lines of each cause as one, in the order in which their causes appear.
fn by_cause<'a>(lines: &[DonationLine<'a>]) -> Vec<DonationLine<'a>> {
    let mut donations: Vec<DonationLine<'a>> = Vec::new();
    for line in lines {
        match donations.iter_mut().find(|g| g.cause == line.cause) {
            Some(donation) => {
                donation.charged_cents = donation.charged_cents.saturating_add(line.charged_cents);
                donation.left_cents = donation.left_cents.saturating_add(line.left_cents);
                donation.consent = donation.consent.or(line.consent);
                donation.taxed |= line.taxed;
                donation.discounted |= line.discounted;
            }
            None => donations.push(*line),
        }
    }
    donations
}

/// The name of a refund, or of its part for one cause where it gives back several: each is counted
/// once, in whatever order the refund and its order come.
pub(super) fn refund_name(refund_id: &str, cause: Option<&str>, is_one_of_several: bool) -> String {
    match cause {
        Some(cause) if is_one_of_several => format!("{refund_id}:{cause}"),
        _ => refund_id.to_owned(),
    }
}

/// Who pays the donations of an endpoint's orders.
pub(super) const fn funded_by(settings: &EndpointSettings) -> FundedBy {
    if settings.merchant_funded {
        FundedBy::Merchant
    } else {
        FundedBy::Donor
    }
}

/// The number of an order or a refund as text. One that is no whole number, or that does not fit
/// 64 bits, names nothing: JSON allows numbers of any length.
pub(super) fn number_id(field: &str, number: &Json<'_>) -> Result<String, ParseError> {
    number
        .filled()
        .and_then(|text| text.parse::<u64>().ok())
        .map(|n| n.to_string())
        .ok_or_else(|| ParseError::field(field, "a whole number of at most 20 digits is needed"))
}

/// The name of an order as text, or as a number as it is written.
pub(super) fn text_id(field: &str, id: &Json<'_>) -> Result<String, ParseError> {
    id.filled()
        .filter(|text| line_fits(text, 200))
        .map(str::to_owned)
        .ok_or_else(|| {
            ParseError::field(
                field,
                "1 to 200 characters are needed, without control characters",
            )
        })
}

/// A sum of an order that went back, and that does not say of what.
pub(super) fn unproven(order_id: &str, back: Decimal) -> Vec<Refund> {
    let amount = Amount::from_cents(cents_of(back)).ok();
    let refund = amount.map(|amount| Refund {
        amount: Some(amount),
        proof: RefundProof::Unproven,
        waits: false,
        ..Refund::of_all(order_id.to_owned(), format!("refunded-{amount}"))
    });
    refund.into_iter().collect()
}

/// The consent that the widget leaves beside the donation as `<text version> <time shown>`: it is
/// there only when the donor ticked a box that was not ticked.
fn consent(text: Option<&str>) -> Option<Consent> {
    let (version, shown_at) = text?.trim().split_once(' ')?;
    Some(Consent {
        shown_at: Some(shown_at.trim().parse().ok()?),
        text_version: tidy(Some(version), 100),
        preticked: false,
    })
}
