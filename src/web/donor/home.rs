//! `/donor`: how far each of the donor's donations has come, and their receipts.

use std::borrow::{Borrow, Cow};

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono::NaiveDate;
use serde::Deserialize;

use super::tax_year::{TaxSum, tax_sums};
use crate::donations::{self, DonorDonation, DonorTotal};
use crate::parties::donor::{self, ReceiptFrequency};
use crate::receipts::{self, ReceiptStanding, ReceiptSummary};
use crate::values::Reader;
use crate::web::access::SignedInDonor;
use crate::web::page::page;
use crate::web::{Problem, Shell, Web};

/// Donations on one page.
const PAGE_SIZE: i64 = 20;

#[derive(Template)]
#[template(path = "donor/home.html", config = ".askama.toml")]
struct Page {
    shell: Shell,
    first_name: String,
    given: DonorTotal,
    donations: Vec<DonorDonation>,
    receipts: Vec<ReceiptSummary>,
    /// What can still be declared, by year and box of the return, newest first.
    tax: Vec<TaxSum>,
    /// The name or the address is missing, so no receipt can be issued.
    incomplete: bool,
    /// Which page this is, from 1.
    number: i64,
    /// An older page follows.
    more: bool,
}

/// A step on a donation's way to its association.
struct Station {
    /// The key of its name.
    name: &'static str,
    /// The day it was reached, if it was.
    on: Option<NaiveDate>,
}

impl Page {
    /// Whether a receipt's document can still be made, and is one to declare.
    fn has_document(&self, number: &str) -> bool {
        let is_valid = |r: &ReceiptSummary| r.kept && r.standing == ReceiptStanding::Valid;
        self.receipts
            .iter()
            .any(|r| r.number == number && is_valid(r))
    }

    /// What became of a receipt, in words; none while it is valid.
    fn standing(&self, r: &ReceiptSummary) -> Option<Cow<'static, str>> {
        match r.standing {
            ReceiptStanding::Valid if r.correction_asked => {
                Some(self.shell.text("donor-home-receipt-correction"))
            }
            ReceiptStanding::Valid => None,
            ReceiptStanding::InQuestion => Some(self.shell.text("donor-home-receipt-in-question")),
            ReceiptStanding::Cancelled => Some(self.shell.text("donor-home-receipt-cancelled")),
            ReceiptStanding::Replaced => {
                Some(self.numbers("donor-home-receipt-replaced", &r.successors))
            }
        }
    }

    /// A text about receipts, by their numbers.
    fn numbers(&self, key: &str, numbers: &[String]) -> Cow<'static, str> {
        let numbers = [("numbers", numbers.join(", ").into())];
        self.shell.text_with(key, &numbers)
    }

    /// A text about an amount of a year's receipts of one box.
    fn of_sum(&self, key: &str, sum: &TaxSum, cents: impl Borrow<i64>) -> Cow<'static, str> {
        let arguments = [
            ("year", sum.year.to_string().into()),
            ("box", sum.tax_box.code().into()),
            ("rate", sum.tax_box.rate().into()),
            ("amount", self.shell.euros(cents.borrow()).into()),
        ];
        self.shell.text_with(key, &arguments)
    }

    /// Whether any receipt is to be declared.
    fn declares(&self) -> bool {
        self.tax.iter().any(|sum| sum.valid_cents > 0)
    }

    /// How many valid receipts wait for the correction that the donor asked for.
    fn to_correct(&self) -> usize {
        let is_asked =
            |r: &&ReceiptSummary| r.correction_asked && r.standing == ReceiptStanding::Valid;
        self.receipts.iter().filter(is_asked).count()
    }

    /// The stations of a donation, in order. The receipt comes after them and is shown by its
    /// number.
    fn stations(&self, d: &DonorDonation) -> [Station; 3] {
        [
            Station {
                name: "donor-home-recorded",
                on: Some(d.recorded_on),
            },
            Station {
                name: "donor-home-collected",
                on: d.collected_on,
            },
            Station {
                name: "donor-home-paid-out",
                on: d.paid_out_on,
            },
        ]
    }
}

/// The query of the page's address.
#[derive(Debug, Deserialize)]
pub struct PageQuery {
    /// Which page of donations, from 1.
    page: Option<u16>,
}

/// `GET /donor`.
pub async fn show(
    State(web): State<Web>,
    shell: Shell,
    SignedInDonor(id): SignedInDonor,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    let number = i64::from(query.page.unwrap_or(1).max(1));
    let mut db = web.app.db.acquire().await?;
    let reader = Reader::Donor(id);
    let donor = donor::load(&mut db, reader, id).await?;
    let from = (number - 1) * PAGE_SIZE;
    let mut donations = donations::of_donor(&mut db, reader, id, from, PAGE_SIZE + 1).await?;
    let more = donations.len() > usize::try_from(PAGE_SIZE).unwrap_or(0);
    donations.truncate(usize::try_from(PAGE_SIZE).unwrap_or(0));
    let (now, receipts) = (
        chrono::Utc::now(),
        receipts::of_donor(&mut db, reader, id).await?,
    );
    let of_use = |r: &&ReceiptSummary| receipts::is_of_use(r.tax_year, now);
    page(&Page {
        shell,
        tax: tax_sums(receipts.iter().filter(of_use)),
        incomplete: donor.receipt_frequency != ReceiptFrequency::None
            && !donor.identity_is_complete(),
        first_name: donor.first_name.unwrap_or_default(),
        given: donations::total_of_donor(&mut db, reader, id).await?,
        donations,
        receipts,
        number,
        more,
    })
}
