//! WooCommerce: `order.created` and `order.updated`, sent again at each change of an order.
//!
//! The donation is every fee with our meta key, else every fee of the configured label, else every
//! product by the prefix of its SKU. An order comes whole: paid, given back, or both in one body.
//! Where its refunds were fetched, it comes as `{"order": …, "refunds": […]}`.

use chrono::{DateTime, Utc};
use html_escape::decode_html_entities;
use rust_decimal::Decimal;

use super::json::Json;
use super::json_reader::{read_json, text_of};
use super::moment::{Clock, instant, is_told};
use super::money::{cents_of, charged, euros_of, euros_or_none};
use super::person::Person;
use super::platform_order::{
    DonationLine, FieldPaths, GivenBack, PlatformOrder, funded_by, number_id, refund_name,
};
use super::sender::Sender;
use crate::inbox::endpoint::{EndpointSettings, host_of};
use crate::inbox::event::{Event, ParseError, Refund, RefundProof};
use crate::inbox::order_identity::{OrderIdentity, OrderTraits};
use crate::values::{Amount, paris_day};

const PATHS: FieldPaths = FieldPaths {
    currency: "currency",
    total: "total",
    cause: "fee_lines.meta_data",
};

pub(super) fn parse(sender: &Sender<'_>, body: &[u8]) -> Result<Event, ParseError> {
    let topic = sender.topic.unwrap_or_default();
    let text = text_of(body);
    if !topic.is_empty() && topic != "order.updated" && topic != "order.created" {
        return Ok(Event::Ignored("this topic says nothing of a donation"));
    }
    let document = read_json(&text)?;
    let fetched = document.get("order");
    if topic.is_empty() && fetched.is_null() {
        return Ok(Event::Ignored("this topic says nothing of a donation"));
    }
    let order = if fetched.is_null() {
        Order {
            order: &document,
            refunds: document.get("refunds"),
            refunds_are_whole: false,
            sender,
        }
    } else {
        Order {
            order: fetched,
            refunds: document.get("refunds"),
            refunds_are_whole: true,
            sender,
        }
    };
    order.event()
}

/// An order and its refunds, which name their lines only once they are fetched.
struct Order<'j> {
    order: &'j Json<'j>,
    refunds: &'j Json<'j>,
    refunds_are_whole: bool,
    sender: &'j Sender<'j>,
}

/// A meta value of a line.
fn meta<'j>(line: &'j Json<'_>, key: &str) -> Option<&'j Json<'j>> {
    line.get("meta_data").value_of("key", key)
}

/// A label as people see it: entities decoded, typographic apostrophes and spaces made plain.
fn plain_label(label: &str) -> String {
    let decoded = decode_html_entities(label);
    let plain = decoded.chars().map(|c| match c {
        '\u{2018}' | '\u{2019}' | '\u{02bc}' | '\u{00b4}' | '`' => '\'',
        c if c.is_whitespace() || c == '\u{200b}' => ' ',
        c => c,
    });
    let plain: String = plain.collect();
    plain
        .split(' ')
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a line is a donation, by each of the three ways.
fn has_meta(settings: &EndpointSettings, line: &Json<'_>) -> bool {
    meta(line, &settings.meta_key).is_some()
}

fn has_label(settings: &EndpointSettings, line: &Json<'_>) -> bool {
    let wanted = plain_label(&settings.fee_label);
    let label = line.get("name").filled().map(plain_label);
    !wanted.is_empty() && label == Some(wanted)
}

fn has_sku(settings: &EndpointSettings, line: &Json<'_>) -> bool {
    let sku = line.get("sku").filled();
    settings.is_donation_sku(sku)
}

/// The donation's lines of an order or of a refund.
fn donation_lines<'j>(settings: &EndpointSettings, of: &'j Json<'j>) -> Vec<&'j Json<'j>> {
    let fees = || of.get("fee_lines").items();
    let products = || of.get("line_items").items();
    let by_meta: Vec<_> = fees().filter(|l| has_meta(settings, l)).collect();
    if !by_meta.is_empty() {
        return by_meta;
    }
    let by_label: Vec<_> = fees().filter(|l| has_label(settings, l)).collect();
    if !by_label.is_empty() {
        return by_label;
    }
    let is_product = |l: &&Json<'_>| has_sku(settings, l) || has_meta(settings, l);
    let by_sku: Vec<_> = products().filter(is_product).collect();
    if !by_sku.is_empty() {
        return by_sku;
    }
    fees().filter(|l| has_sku(settings, l)).collect()
}

/// What was charged for a line: its total and its tax, which WooCommerce tells apart whatever its
/// prices include.
fn with_tax(line: &Json<'_>) -> Option<Decimal> {
    Some(euros_of(line.get("total"))? + euros_or_none(line.get("total_tax")))
}

fn donation_line<'j>(
    settings: &EndpointSettings,
    line: &'j Json<'_>,
) -> Result<DonationLine<'j>, ParseError> {
    let cents = charged("fee_lines.total", with_tax(line))?;
    let before = euros_of(line.get("subtotal"));
    let total = euros_or_none(line.get("total"));
    Ok(DonationLine {
        cause: meta(line, &settings.meta_key).and_then(Json::filled),
        consent: meta(line, "_obole_consent").and_then(Json::filled),
        charged_cents: cents,
        left_cents: cents,
        taxed: euros_or_none(line.get("total_tax")) > Decimal::ZERO,
        discounted: before.is_some_and(|b| b > total),
    })
}

impl<'j> Order<'j> {
    fn event(&self) -> Result<Event, ParseError> {
        let settings = self.sender.settings;
        let lines = donation_lines(settings, self.order);
        if lines.is_empty() {
            return Ok(self.without_donation());
        }
        let host = self.sender.source.map(host_of);
        if let (Some(host), Some(store)) = (&host, settings.store_host())
            && *host != store
        {
            let message = format!("the order came from {host}, and the shop is {store}");
            return Err(ParseError::field("x-wc-webhook-source", message));
        }
        let state = self.state();
        if self.paid().is_none() || settings.is_unpaid_state(&state) {
            return Ok(Event::Ignored("the order is not paid"));
        }
        let order_id = number_id("id", self.order.get("id"))?;
        let stated = lines.iter().map(|line| donation_line(settings, line));
        let lines = stated.collect::<Result<Vec<_>, _>>()?;
        let given_back = self.given_back(&order_id, &state)?;
        let paid_at = self.paid_at();
        let paid_on = paid_at.map(|at| paris_day(at).to_string());
        PlatformOrder {
            order_id,
            at: paid_at,
            currency: self.order.get("currency").filled(),
            total_cents: euros_of(self.order.get("total")).map(cents_of),
            lines,
            amount_is_by_rule: false,
            donation_in_total: true,
            given_back,
            donor: self.person(),
            funded_by: funded_by(settings),
            identity: Some(OrderIdentity::of(OrderTraits {
                source: host.as_deref(),
                key: self.order.get("order_key").filled(),
                paid_on: paid_on.as_deref(),
                payer: self.order.get("billing").get("email").filled(),
            })),
        }
        .event(&PATHS)
    }

    /// An order without a donation: where it gave before, its line was taken off since, and a
    /// person is asked what became of the money.
    fn without_donation(&self) -> Event {
        let order_id = number_id("id", self.order.get("id"));
        match order_id {
            Ok(order_id) if self.paid().is_some() && !self.sender.test => Event::Refund(Refund {
                proof: RefundProof::Unproven,
                waits: false,
                ..Refund::of_all(order_id, "line-removed")
            }),
            _ => Event::Ignored(
                "the order has no donation: no fee with our meta key or label, and no product by \
                 SKU",
            ),
        }
    }

    /// Its state, as the shop calls it.
    fn state(&self) -> String {
        let state = self.order.get("status").filled().unwrap_or_default();
        state.strip_prefix("wc-").unwrap_or(state).to_lowercase()
    }

    /// When it was paid, as the order writes it; in UTC, or as clocks in the shop showed it.
    fn paid(&self) -> Option<(&'j Json<'j>, Clock)> {
        let all = [("date_paid_gmt", Clock::Utc), ("date_paid", Clock::Paris)];
        let mut told = all
            .into_iter()
            .map(|(name, clock)| (self.order.get(name), clock));
        told.find(|(time, _)| is_told(time))
    }

    fn paid_at(&self) -> Option<DateTime<Utc>> {
        let (time, clock) = self.paid()?;
        instant(time, clock)
    }

    fn given_back(&self, order_id: &str, state: &str) -> Result<GivenBack, ParseError> {
        let settings = self.sender.settings;
        let mut given_back = GivenBack {
            is_fetched: settings.fetch_refunds && !self.refunds_are_whole,
            ..GivenBack::default()
        };
        if settings.is_given_back_state(state) {
            given_back.whole = Some(if state == "cancelled" {
                "cancelled"
            } else {
                "refunded"
            });
        }
        let mut sum = Decimal::ZERO;
        for refund in self.refunds.items() {
            let total = self.refund_total(refund);
            sum += total;
            let (by_line, beyond) = self.refund_lines(order_id, refund, total)?;
            given_back.by_line.extend(by_line);
            given_back.unproven.extend(beyond);
        }
        let total = euros_or_none(self.order.get("total"));
        if given_back.whole.is_none() && total > Decimal::ZERO && sum >= total {
            given_back.whole = Some("refunded");
        }
        Ok(given_back)
    }

    /// What a refund gave back of the order, in euros above zero.
    fn refund_total(&self, refund: &Json<'_>) -> Decimal {
        let told = euros_of(refund.get("total")).or_else(|| euros_of(refund.get("amount")));
        told.unwrap_or_default().abs()
    }

    /// The donation's part of a refund by its lines; without lines, the refund as one that proves
    /// nothing.
    fn refund_lines(
        &self,
        order_id: &str,
        refund: &Json<'_>,
        total: Decimal,
    ) -> Result<(Vec<Refund>, Option<Refund>), ParseError> {
        let refund_id = number_id("refunds.id", refund.get("id"))?;
        let told = |amount, proof| Refund {
            // The order says when it was paid, not when it was refunded: the time of receipt
            // stands for it.
            at: instant(refund.get("date_created_gmt"), Clock::Utc),
            amount,
            proof,
            waits: false,
            ..Refund::of_all(order_id.to_owned(), refund_id.clone())
        };
        let names_lines = ["fee_lines", "line_items"]
            .iter()
            .any(|lines| refund.get(lines).items().next().is_some());
        if !names_lines {
            let amount = Amount::from_cents(cents_of(total)).ok();
            return Ok((
                Vec::new(),
                amount.map(|a| told(Some(a), RefundProof::Unproven)),
            ));
        }
        let mut by_cause: Vec<(Option<&str>, i64)> = Vec::new();
        for line in self.donation_lines_of(refund) {
            let cents = cents_of(with_tax(line).unwrap_or_default().abs());
            let cause = self.cause_of(line);
            match by_cause.iter_mut().find(|(c, _)| *c == cause) {
                Some((_, sum)) => *sum += cents,
                None => by_cause.push((cause, cents)),
            }
        }
        let several = by_cause.len() > 1;
        let parts = by_cause.into_iter().filter_map(|(cause, cents)| {
            Some(Refund {
                refund_id: refund_name(&refund_id, cause, several),
                cause: cause.map(str::to_owned),
                ..told(Some(Amount::from_cents(cents).ok()?), RefundProof::Proven)
            })
        });
        Ok((parts.collect(), None))
    }

    /// The order's own line that a refund's line gives back.
    fn refunded_line(&self, line: &Json<'_>) -> Option<&'j Json<'j>> {
        let id = meta(line, "_refunded_item_id")?.filled()?;
        let all = ["fee_lines", "line_items"].into_iter();
        let mut lines = all.flat_map(|lines| self.order.get(lines).items());
        lines.find(|l| l.get("id").filled() == Some(id))
    }

    /// The lines of a refund that give back a donation: those that name a line of it, else those
    /// that are one by themselves.
    fn donation_lines_of<'r>(&self, refund: &'r Json<'r>) -> Vec<&'r Json<'r>> {
        let settings = self.sender.settings;
        let donations = donation_lines(settings, self.order);
        let by_themselves = donation_lines(settings, refund);
        let all = ["fee_lines", "line_items"].into_iter();
        let lines = all.flat_map(|lines| refund.get(lines).items());
        lines
            .filter(|line| match self.refunded_line(line) {
                Some(of) => donations.iter().any(|d| std::ptr::eq::<Json<'_>>(*d, of)),
                None => by_themselves
                    .iter()
                    .any(|l| std::ptr::eq::<Json<'_>>(*l, *line)),
            })
            .collect()
    }

    fn cause_of<'r>(&'r self, line: &'r Json<'r>) -> Option<&'r str> {
        let key = &self.sender.settings.meta_key;
        let of_order = self.refunded_line(line);
        of_order
            .and_then(|l| meta(l, key))
            .or_else(|| meta(line, key))
            .and_then(Json::filled)
    }

    fn person(&self) -> Person<'j> {
        let billing = self.order.get("billing");
        Person {
            email: billing.get("email").filled(),
            first_name: billing.get("first_name").filled(),
            last_name: billing.get("last_name").filled(),
            line1: billing.get("address_1").filled(),
            line2: billing.get("address_2").filled(),
            postal_code: billing.get("postcode").filled(),
            city: billing.get("city").filled(),
            country: billing.get("country").filled(),
            locale: None,
        }
    }
}
