//! Correction: a donor who changes their name or address has receipts that print the former ones.
//! Each waits for a person, who replaces it.

use chrono::{DateTime, Datelike as _, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::compose::printed_donor;
use super::content::SealedReceipt;
use super::document::PrintedDonor;
use super::eligibility::DonorFacts;
use crate::cases::{self, CaseKind, Decision, NewCase};
use crate::db::settlement_lock;
use crate::parties::donor::{self, Profile};
use crate::values::{AssociationId, DonorId, paris_day};

/// A tax return can be corrected until 31 December of the second year after the tax was assessed
/// (LPF R*196-1), which is the year after the donations: so many years after theirs.
const YEARS_OF_USE: i32 = 3;

/// Whether a receipt can still serve in a tax return at an instant.
#[must_use]
pub fn is_of_use(tax_year: i32, now: DateTime<Utc>) -> bool {
    tax_year >= first_year_of_use(now)
}

fn first_year_of_use(now: DateTime<Utc>) -> i32 {
    paris_day(now).year() - YEARS_OF_USE
}

#[derive(FromRow)]
struct Issued {
    association_id: AssociationId,
    #[sqlx(flatten)]
    sealed: SealedReceipt,
}

/// Writes what a donor says of themselves. Opens a case for each of their receipts that stands, can
/// still serve, and prints another name or address; closes that of one which prints the right ones
/// again. The receipts stay valid meanwhile: what was given is as they say.
///
/// Waits for a run that is under way, which could issue a receipt with the former address.
pub async fn correct(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    key: &[u8; 32],
    donor: DonorId,
    profile: &Profile,
) -> Result<(), sqlx::Error> {
    settlement_lock::lock_shared(tx).await?;
    donor::update(tx, donor, profile).await?;
    let today = DonorFacts {
        receipt_frequency: profile.receipt_frequency,
        first_name: Some(&profile.first_name),
        last_name: Some(&profile.last_name),
        address: Some(&profile.address),
    };
    // What cannot be printed replaces nothing.
    let Some(today) = printed_donor(&today).filter(|_| today.is_printable()) else {
        return Ok(());
    };
    let (mut wrong, mut right): (Vec<NewCase>, Vec<Uuid>) = (Vec::new(), Vec::new());
    for issued in standing(tx, now, donor).await? {
        let (id, number) = (issued.sealed.receipt_id.0, issued.sealed.number.clone());
        match issued.sealed.open(key) {
            Ok(receipt) if is_same(&receipt.content.donor, &today) => right.push(id),
            Ok(_) => wrong.push(NewCase {
                association: Some(issued.association_id),
                ..NewCase::new(
                    CaseKind::ReceiptCorrectionAsked,
                    id,
                    format!("receipt {number}: its donor corrected the name or the address"),
                )
            }),
            // One that cannot be opened must not keep the donor from their profile.
            Err(error) => tracing::error!(number, %error, "a receipt cannot be compared"),
        }
    }
    cases::open(tx, now, &wrong).await?;
    let settled = Decision {
        decision: "withdrawn",
        by: "obole",
        why: "the donor's name and address are those of the receipt again",
    };
    cases::close(tx, now, CaseKind::ReceiptCorrectionAsked, &right, settled).await?;
    Ok(())
}

/// The receipts of a donor that were not cancelled or replaced and can still serve.
async fn standing(
    tx: &mut PgConnection,
    now: DateTime<Utc>,
    donor: DonorId,
) -> Result<Vec<Issued>, sqlx::Error> {
    sqlx::query_as(
        "select r.association_id, receipt_id, number, a.slug as association, donor_id, tax_year,
           a.rate_percent, amount_cents, sealed
         from receipt r join receipt_content using (receipt_id)
           join association a using (association_id)
         where donor_id = $1 and tax_year >= $2
           and not exists (select 1 from receipt_state s where s.receipt_id = r.receipt_id)
         order by receipt_id",
    )
    .bind(donor)
    .bind(first_year_of_use(now))
    .fetch_all(tx)
    .await
}

/// Whether two prints name the same donor: the case of letters and spaces make no other one.
fn is_same(one: &PrintedDonor, other: &PrintedDonor) -> bool {
    plain(one) == plain(other)
}

fn plain(printed: &PrintedDonor) -> Vec<String> {
    let plain = |text: &String| -> String {
        let words = text.to_lowercase();
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    [&printed.last_name, &printed.first_name]
        .into_iter()
        .chain(&printed.address)
        .map(plain)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(last_name: &str, line1: &str) -> PrintedDonor {
        PrintedDonor {
            last_name: last_name.into(),
            first_name: "Camille".into(),
            address: vec![line1.into(), "75020 Paris".into()],
        }
    }

    #[test]
    fn case_and_spaces_make_no_other_donor() {
        let first = printed("Durand", "3 rue des Lilas");
        assert!(is_same(
            &first,
            &printed(" DURAND", "3  rue des\u{a0}lilas ")
        ));
        for other in [
            printed("Durant", "3 rue des Lilas"),
            printed("Durand", "4 rue des Lilas"),
        ] {
            assert!(!is_same(&first, &other));
        }
    }

    #[test]
    fn a_receipt_serves_until_the_end_of_the_third_year_after_its_own() {
        let at = |instant: &str| instant.parse::<DateTime<Utc>>().unwrap();
        assert!(is_of_use(2022, at("2025-12-31T12:00:00Z")));
        assert!(!is_of_use(2022, at("2026-01-01T12:00:00Z")));
    }
}
