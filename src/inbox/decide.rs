//! Deciding what a checkout gives: the amount the merchant charged and the cause it goes to. Pure:
//! all facts are loaded before, for the whole batch.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::event::Checkout;
use crate::cases::{CaseKind, NewCase};
use crate::donations::{Consent, NewDonation};
use crate::parties::cause::Cause;
use crate::parties::choice::{self, CauseChoice};
use crate::parties::merchant::Merchant;
use crate::values::{Amount, CauseId, DonationId, DonorId, EventId, MerchantId};

/// What the checkouts of a batch are decided with.
pub(super) struct Facts {
    /// A donation of more is not posted: a person looks at it first.
    pub ceiling: Amount,
    pub merchants: HashMap<MerchantId, Merchant>,
    pub causes: HashMap<CauseId, Cause>,
    pub cause_ids: HashMap<String, CauseId>,
    /// By e-mail address.
    pub donors: HashMap<String, DonorId>,
    /// The causes that donors chose. Each decision counts the turn that a cause takes.
    pub choices: BTreeMap<DonorId, Vec<CauseChoice>>,
}

impl Facts {
    fn donor_of(&self, checkout: &Checkout) -> Option<DonorId> {
        let email = checkout.donor.as_ref()?.email.as_str();
        self.donors.get(email).copied()
    }
}

/// A checkout to decide about, and the event that it came in.
pub(super) struct ReceivedCheckout<'c> {
    pub event_id: EventId,
    pub received_at: DateTime<Utc>,
    pub merchant_id: MerchantId,
    pub donation_id: DonationId,
    /// Its number among the donations of its order, from 0.
    pub ordinal: i16,
    pub content_hash: &'c [u8],
    pub checkout: &'c Checkout,
    /// A person ruled that it counts, however much it is.
    pub accepted: bool,
}

/// Why a checkout gives no donation.
#[derive(Debug)]
pub(super) struct Refusal {
    /// In words for a person who can mend it.
    pub reason: String,
    /// What a person must decide.
    pub case: Option<NewCase>,
}

impl<T: Into<String>> From<T> for Refusal {
    fn from(reason: T) -> Self {
        Self {
            reason: reason.into(),
            case: None,
        }
    }
}

/// The first instant that a sender may state: the beginning of 2020 in Paris.
const FIRST_INSTANT: i64 = 1_577_833_200;
/// How far a sender's clock may be ahead of ours.
const MOST_AHEAD: TimeDelta = TimeDelta::days(1);

/// A time that a sender states, at the latest when its event was received; none when it states none
/// or one that is a mistake of its clock or its format: from before 2020, or over a day ahead.
/// PostgreSQL refuses the extreme ones.
pub(super) fn stated_at(
    stated: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    stated
        .filter(|at| at.timestamp() >= FIRST_INSTANT && *at <= received_at + MOST_AHEAD)
        .map(|at| at.min(received_at))
}

/// When something happened: what the event says, else when it was received.
pub(super) fn occurred_at(
    stated: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
) -> DateTime<Utc> {
    stated_at(stated, received_at).unwrap_or(received_at)
}

/// The donation of a checkout, or why there is none.
///
/// The cause is the one that the order names, else the donor's choice, else the merchant's default.
/// A donation that looks odd is recorded as charged, with flags for a person.
pub(super) fn decide(
    received: &ReceivedCheckout<'_>,
    facts: &mut Facts,
) -> Result<NewDonation, Refusal> {
    let checkout = received.checkout;
    let merchant = facts
        .merchants
        .get(&received.merchant_id)
        .ok_or("its merchant is not known")?;
    let rule = merchant
        .rule()
        .ok_or("the merchant's rule cannot be read")?;
    let by_rule = rule.amount(checkout.order_total_cents);
    let amount = checkout.amount.unwrap_or(by_rule);
    let donor_id = facts.donor_of(checkout);
    if amount > facts.ceiling && !received.accepted {
        return Err(above_ceiling(received, facts, amount));
    }
    let cause_id = match &checkout.cause {
        Some(slug) => *facts.cause_ids.get(slug).ok_or_else(|| {
            format!("no cause is called {slug:?}: add it, then redrive this event")
        })?,
        None => donor_id
            .and_then(|d| choice::next_cause(facts.choices.get_mut(&d)?))
            .or(merchant.default_cause_id)
            .ok_or(
                "no cause: the order names none, the donor chose none and the merchant has no \
                 default; give it one, then redrive this event",
            )?,
    };
    let cause = facts
        .causes
        .get(&cause_id)
        .ok_or("its cause is not known")?;
    let consent = checkout.consent.as_ref();
    let flags = [
        (consent.is_none(), "consent-missing"),
        (consent.is_some_and(|c| c.preticked), "consent-preticked"),
        (amount != by_rule, "amount-off-rule"),
        (!merchant.live, "merchant-suspended"),
        (!cause.live, "association-suspended"),
    ];
    Ok(NewDonation {
        donation_id: received.donation_id,
        ordinal: received.ordinal,
        merchant_id: received.merchant_id,
        merchant: merchant.slug.clone(),
        order_id: checkout.order_id.clone(),
        event_id: received.event_id,
        content_hash: received.content_hash.to_vec(),
        amount,
        order_total_cents: checkout.order_total_cents,
        cause_id,
        association_id: cause.association_id,
        association: cause.association_slug.clone(),
        donor_id,
        consent: consent.map(|c| Consent {
            shown_at: stated_at(c.shown_at, received.received_at),
            ..c.clone()
        }),
        funded_by: checkout.funded_by,
        flags: flags
            .into_iter()
            .filter_map(|(raised, flag)| raised.then_some(flag))
            .chain(checkout.flags.iter().copied())
            .collect(),
        occurred_at: occurred_at(checkout.at, received.received_at),
    })
}

/// Flags of a donation whose receipt waits until a person has looked at what was charged.
const NOT_AS_CHARGED: [(&str, &str); 3] = [
    ("donation-taxed", "its line was taxed"),
    ("donation-discounted", "a discount was taken off it"),
    (
        "above-order-total",
        "its lines say more than the whole order",
    ),
];

/// The case of a donation that was not charged as it should be. It is posted as charged.
pub(super) fn not_as_charged(donation: &NewDonation) -> Option<NewCase> {
    let raised = NOT_AS_CHARGED
        .iter()
        .filter(|(flag, _)| donation.flags.contains(flag));
    let why: Vec<&str> = raised.map(|(_, why)| *why).collect();
    if why.is_empty() {
        return None;
    }
    let what = format!(
        "the donation of order {:?} is posted as charged, {} euros: {}",
        donation.order_id,
        donation.amount,
        why.join(", ")
    );
    Some(NewCase {
        merchant: Some(donation.merchant_id),
        association: Some(donation.association_id),
        donation: Some(donation.donation_id),
        ..NewCase::new(CaseKind::DonationNotAsCharged, donation.donation_id.0, what)
    })
}

/// A donation of more than the ceiling: as likely a mistake as a fact.
fn above_ceiling(received: &ReceivedCheckout<'_>, facts: &Facts, amount: Amount) -> Refusal {
    let ceiling = facts.ceiling;
    let named = received.checkout.cause.as_ref();
    let cause = named.and_then(|slug| facts.causes.get(facts.cause_ids.get(slug)?));
    let what = format!(
        "a donation of {amount} was told of, more than the ceiling of {ceiling}; it is not posted"
    );
    Refusal {
        reason: format!(
            "a donation of {amount} is above the ceiling of {ceiling}: ask the merchant whether \
             it was charged, and decide its case (`obole case decide`); where such donations are \
             usual, raise OBOLE_DONATION_CEILING, restart `obole serve`, then redrive this event"
        ),
        case: Some(NewCase {
            merchant: Some(received.merchant_id),
            association: cause.map(|c| c.association_id),
            ..NewCase::new(CaseKind::DonationAboveCeiling, received.event_id.0, what)
        }),
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::donations::FundedBy;
    use crate::parties::donor::DonorDetails;
    use crate::parties::merchant::RuleKind;
    use crate::values::{Amount, AssociationId, Email, Locale, paris_midnight};

    const MERCHANT: MerchantId = MerchantId(uuid::Uuid::from_u128(1));
    const DONOR: DonorId = DonorId(uuid::Uuid::from_u128(2));
    const FOREST: CauseId = CauseId(uuid::Uuid::from_u128(3));
    const RIVERS: CauseId = CauseId(uuid::Uuid::from_u128(4));

    fn received_at() -> DateTime<Utc> {
        "2026-11-24T10:00:00Z".parse().unwrap()
    }

    fn facts() -> Facts {
        let cause = |cause_id, slug: &str| Cause {
            cause_id,
            slug: slug.into(),
            theme: "environment".into(),
            title: slug.into(),
            association: "Forêt Vivante".into(),
            association_id: AssociationId(uuid::Uuid::from_u128(5)),
            association_slug: "foret-vivante".into(),
            rate: "66".into(),
            object: "trees".into(),
            live: true,
        };
        let merchant = Merchant {
            merchant_id: MERCHANT,
            slug: "librairie".into(),
            rule: RuleKind::Fixed,
            rule_cents: 100,
            default_cause_id: Some(RIVERS),
            live: true,
        };
        Facts {
            ceiling: Amount::from_cents(1_000_000).unwrap(),
            merchants: HashMap::from([(MERCHANT, merchant)]),
            causes: HashMap::from([
                (FOREST, cause(FOREST, "foret")),
                (RIVERS, cause(RIVERS, "rivieres")),
            ]),
            cause_ids: HashMap::from([("foret".into(), FOREST), ("rivieres".into(), RIVERS)]),
            donors: HashMap::from([("camille@example.org".into(), DONOR)]),
            choices: BTreeMap::new(),
        }
    }

    fn checkout() -> Checkout {
        Checkout {
            at: None,
            order_id: "FR-1".into(),
            order_total_cents: 4590,
            amount: None,
            cause: None,
            consent: Some(Consent {
                shown_at: None,
                text_version: None,
                preticked: false,
            }),
            donor: Some(DonorDetails {
                email: Email::parse("camille@example.org").unwrap(),
                first_name: None,
                last_name: None,
                address: None,
                locale: Locale::default(),
            }),
            funded_by: FundedBy::Donor,
            restated: false,
            ordinal: 0,
            is_one_of_several: false,
            left_cents: None,
            stands_whole: false,
            flags: Vec::new(),
            identity: None,
            warnings: Vec::new(),
        }
    }

    fn decided(checkout: &Checkout, facts: &mut Facts) -> Result<NewDonation, Refusal> {
        let received = ReceivedCheckout {
            event_id: EventId::new(),
            received_at: received_at(),
            merchant_id: MERCHANT,
            donation_id: DonationId::of_order(MERCHANT, &checkout.order_id),
            ordinal: 0,
            content_hash: b"hash",
            checkout,
            accepted: false,
        };
        decide(&received, facts)
    }

    #[test]
    fn the_cause_is_the_orders_else_the_donors_else_the_merchants() {
        let mut facts = facts();
        let mut order = checkout();
        assert_eq!(decided(&order, &mut facts).unwrap().cause_id, RIVERS);
        facts.choices.insert(
            DONOR,
            vec![CauseChoice {
                cause_id: FOREST,
                weight: 1,
                given: 0,
            }],
        );
        assert_eq!(decided(&order, &mut facts).unwrap().cause_id, FOREST);
        assert_eq!(facts.choices[&DONOR][0].given, 1, "its turn is counted");
        order.cause = Some("rivieres".into());
        assert_eq!(decided(&order, &mut facts).unwrap().cause_id, RIVERS);
        assert_eq!(facts.choices[&DONOR][0].given, 1, "no turn was taken");
    }

    #[test]
    fn without_a_cause_a_person_is_told_what_to_do() {
        let mut facts = facts();
        let mut order = checkout();
        order.cause = Some("ocean".into());
        let reason = decided(&order, &mut facts).unwrap_err().reason;
        assert!(reason.contains("\"ocean\": add it"), "{reason}");
        order.cause = None;
        facts.merchants.get_mut(&MERCHANT).unwrap().default_cause_id = None;
        let reason = decided(&order, &mut facts).unwrap_err().reason;
        assert!(reason.starts_with("no cause:"), "{reason}");
        facts.merchants.clear();
        assert!(decided(&order, &mut facts).is_err());
    }

    #[test]
    fn what_looks_odd_is_recorded_as_charged_and_flagged() {
        let mut facts = facts();
        let mut order = checkout();
        let plain = decided(&order, &mut facts).unwrap();
        assert_eq!((plain.amount.cents(), plain.flags.len()), (100, 0));
        order.amount = Amount::from_cents(250).ok();
        order.consent = None;
        facts.merchants.get_mut(&MERCHANT).unwrap().live = false;
        facts.causes.get_mut(&RIVERS).unwrap().live = false;
        let odd = decided(&order, &mut facts).unwrap();
        assert_eq!(odd.amount.cents(), 250);
        assert_eq!(
            odd.flags,
            [
                "consent-missing",
                "amount-off-rule",
                "merchant-suspended",
                "association-suspended"
            ]
        );
    }

    #[test]
    fn above_the_ceiling_a_person_decides_whoever_set_the_amount() {
        let mut facts = facts();
        let mut order = checkout();
        order.amount = Amount::from_cents(1_000_000).ok();
        assert!(decided(&order, &mut facts).is_ok());
        order.amount = Amount::from_cents(1_000_001).ok();
        let refusal = decided(&order, &mut facts).unwrap_err();
        assert!(refusal.reason.contains("10000.01 is above"), "{refusal:?}");
        let case = refusal.case.unwrap();
        assert_eq!(case.kind, CaseKind::DonationAboveCeiling);
        assert_eq!((case.merchant, case.association), (Some(MERCHANT), None));
        // The merchant's rule sets this one.
        order.amount = None;
        order.cause = Some("foret".into());
        facts.merchants.get_mut(&MERCHANT).unwrap().rule_cents = 2_000_000;
        let case = decided(&order, &mut facts).unwrap_err().case.unwrap();
        assert_eq!(case.association, Some(facts.causes[&FOREST].association_id));
    }

    #[test]
    fn nothing_happens_after_it_was_received() {
        let received_at = received_at();
        let hour = TimeDelta::hours(1);
        assert_eq!(occurred_at(None, received_at), received_at);
        assert_eq!(
            occurred_at(Some(received_at - hour), received_at),
            received_at - hour
        );
        assert_eq!(
            occurred_at(Some(received_at + hour), received_at),
            received_at
        );
    }

    #[test]
    fn a_time_from_before_2020_in_paris_or_over_a_day_ahead_is_none_at_all() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().ok();
        let received_at = received_at();
        for (stated, taken) in [
            ("-200000-01-01T00:00:00Z", None),
            ("2019-12-31T22:59:59.999Z", None),
            ("2019-12-31T23:00:00Z", at("2019-12-31T23:00:00Z")),
            ("2026-11-25T10:00:00Z", Some(received_at)),
            ("2026-11-25T10:00:00.001Z", None),
            ("+200000-01-01T00:00:00Z", None),
        ] {
            assert!(at(stated).is_some(), "{stated}");
            assert_eq!(stated_at(at(stated), received_at), taken, "{stated}");
        }
        let midnight = paris_midnight(NaiveDate::from_ymd_opt(2020, 1, 1).unwrap());
        assert_eq!(midnight.timestamp(), FIRST_INSTANT);
    }
}
