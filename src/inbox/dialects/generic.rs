//! A sender whose body is neither ours nor a platform's that is known here: the endpoint's
//! settings say where each field is.
//!
//! The donation is every line found by the prefix of its SKU. A state that is listed as given back
//! gives back all; a refunded sum less than the order's total is for a person to explain.

use rust_decimal::Decimal;

use super::field_path::{text_at, values_at};
use super::json::Json;
use super::json_reader::{read_json, text_of};
use super::moment::{Clock, instant};
use super::money::{cents_of, charged, euros_of};
use super::person::Person;
use super::platform_order::{
    DonationLine, FieldPaths, GivenBack, PlatformOrder, funded_by, text_id, unproven,
};
use super::sender::Sender;
use crate::inbox::endpoint::{AmountUnit, EndpointSettings};
use crate::inbox::event::{Event, ParseError};

const PATHS: FieldPaths = FieldPaths {
    currency: "paths.currency",
    total: "paths.total",
    cause: "paths.line_cause",
};

/// A body beside the settings that say where its fields are.
struct Document<'j> {
    body: &'j Json<'j>,
    settings: &'j EndpointSettings,
}

impl<'j> Document<'j> {
    fn text(&self, path: &str) -> Option<&'j str> {
        text_at(self.body, path)
    }

    /// A sum in euros; none where there is none, or it is not one.
    fn sum(&self, path: &str) -> Option<Decimal> {
        sum_at(self.body, path, self.settings.amounts)
    }

    fn lines(&self) -> Vec<&'j Json<'j>> {
        let paths = &self.settings.paths;
        let is_donation = |line: &&Json<'_>| {
            let sku = text_at(line, &paths.line_sku);
            self.settings.is_donation_sku(sku)
        };
        let mut lines = Vec::new();
        for found in values_at(self.body, &paths.lines) {
            match found {
                Json::List(list) => lines.extend(list),
                single => lines.push(single),
            }
        }
        lines.into_iter().filter(is_donation).collect()
    }

    fn person(&self) -> Person<'j> {
        let paths = &self.settings.paths;
        Person {
            email: self.text(&paths.email),
            first_name: self.text(&paths.first_name),
            last_name: self.text(&paths.last_name),
            line1: self.text(&paths.line1),
            line2: self.text(&paths.line2),
            postal_code: self.text(&paths.postal_code),
            city: self.text(&paths.city),
            country: self.text(&paths.country),
            locale: self.text(&paths.locale),
        }
    }
}

fn sum_at(from: &Json<'_>, path: &str, unit: AmountUnit) -> Option<Decimal> {
    if path.is_empty() {
        return None;
    }
    let sum = values_at(from, path).into_iter().find_map(euros_of)?;
    match unit {
        AmountUnit::Euros => Some(sum),
        AmountUnit::Cents => sum.checked_div(Decimal::ONE_HUNDRED),
    }
}

fn donation_line<'j>(
    settings: &EndpointSettings,
    line: &'j Json<'j>,
) -> Result<DonationLine<'j>, ParseError> {
    let paths = &settings.paths;
    let amount = sum_at(line, &paths.line_amount, settings.amounts);
    let cents = charged("paths.line_amount", amount)?;
    Ok(DonationLine {
        cause: text_at(line, &paths.line_cause),
        consent: text_at(line, &paths.line_consent),
        charged_cents: cents,
        left_cents: cents,
        ..DonationLine::default()
    })
}

pub(super) fn parse(sender: &Sender<'_>, body: &[u8]) -> Result<Event, ParseError> {
    let text = text_of(body);
    let body = read_json(&text)?;
    let (settings, paths) = (sender.settings, &sender.settings.paths);
    let document = Document {
        body: &body,
        settings,
    };
    let donations = document.lines();
    if donations.is_empty() {
        return Ok(Event::Ignored(
            "the order has no donation: no line whose SKU begins with the prefix",
        ));
    }
    let state = document.text(&paths.state).unwrap_or_default();
    let is_given_back = settings.is_given_back_state(state);
    if !is_given_back && !settings.is_paid_state(state) {
        return Ok(Event::Ignored("the order is not paid"));
    }
    let stated = donations.iter().map(|l| donation_line(settings, l));
    let lines = stated.collect::<Result<Vec<_>, _>>()?;
    let named = values_at(&body, &paths.order);
    let order_id = text_id("paths.order", named.first().copied().unwrap_or(&Json::Null))?;
    let total = document.sum(&paths.total);
    let back = document.sum(&paths.refunded).unwrap_or_default();
    let all = total.is_some_and(|t| t > Decimal::ZERO && back >= t);
    let at = values_at(&body, &paths.at);
    PlatformOrder {
        at: (!paths.at.is_empty())
            .then(|| at.into_iter().find_map(|t| instant(t, Clock::Utc)))
            .flatten(),
        currency: document.text(&paths.currency).or_else(|| {
            // A shop of one currency does not repeat it.
            paths.currency.is_empty().then_some("EUR")
        }),
        total_cents: total.map(cents_of),
        lines,
        amount_is_by_rule: false,
        donation_in_total: total.is_some(),
        given_back: GivenBack {
            whole: (is_given_back || all).then_some("given-back"),
            unproven: unproven(&order_id, back),
            ..GivenBack::default()
        },
        donor: document.person(),
        funded_by: funded_by(settings),
        identity: None,
        order_id,
    }
    .event(&PATHS)
}
