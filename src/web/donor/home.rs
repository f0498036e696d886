//! `/donor`: where each of my euros is, and my receipts.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::donations::{self, DonorDonation, DonorTotal};
use crate::parties::donor::{self, ReceiptFrequency};
use crate::receipts::{self, ReceiptSummary};
use crate::values::Reader;
use crate::web::access::SignedInDonor;
use crate::web::page::page;
use crate::web::{Problem, Shell, Web};

/// Gifts on one page.
const GIFTS: i64 = 20;

#[derive(Template)]
#[template(path = "donor/home.html", config = ".askama.toml")]
struct Page {
    shell: Shell,
    first_name: String,
    given: DonorTotal,
    gifts: Vec<DonorDonation>,
    receipts: Vec<ReceiptSummary>,
    /// Name or address is missing, so that no receipt can be made.
    incomplete: bool,
    number: i64,
    more: bool,
}

/// A station of a gift: its name, and the day it was passed.
struct Station {
    name: &'static str,
    on: Option<NaiveDate>,
}

impl Page {
    /// The stations of a gift, in order; the receipt's own day is not needed, its number is.
    fn stations(&self, g: &DonorDonation) -> [Station; 3] {
        let name = |french: &'static str, english: &'static str| {
            if self.shell.lang == "en" {
                english
            } else {
                french
            }
        };
        [
            Station {
                name: name("Ajouté à la commande", "Added to the order"),
                on: Some(g.recorded_on),
            },
            Station {
                name: name("Versé par la boutique", "Paid in by the shop"),
                on: g.collected_on,
            },
            Station {
                name: name("Arrivé à l'association", "Arrived at the association"),
                on: g.paid_out_on,
            },
        ]
    }
}

/// Which page of gifts, from 1.
#[derive(Debug, Deserialize)]
pub struct Asked {
    page: Option<u16>,
}

pub async fn show(
    State(web): State<Web>,
    shell: Shell,
    SignedInDonor(id): SignedInDonor,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let number = i64::from(asked.page.unwrap_or(1).max(1));
    let mut db = web.app.db.acquire().await?;
    let donor = donor::load(&mut db, Reader::Donor(id), id).await?;
    let mut gifts = donations::of_donor(
        &mut db,
        Reader::Donor(id),
        id,
        (number - 1) * GIFTS,
        GIFTS + 1,
    )
    .await?;
    let more = gifts.len() > usize::try_from(GIFTS).unwrap_or(0);
    gifts.truncate(usize::try_from(GIFTS).unwrap_or(0));
    page(&Page {
        shell,
        incomplete: donor.receipt_frequency != ReceiptFrequency::None
            && !donor.identity_is_complete(),
        first_name: donor.first_name.unwrap_or_default(),
        given: donations::total_of_donor(&mut db, Reader::Donor(id), id).await?,
        gifts,
        receipts: receipts::of_donor(&mut db, Reader::Donor(id), id).await?,
        number,
        more,
    })
}
