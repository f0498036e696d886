//! Messages that were refused: the address of whom they are for is corrected, or they are left.

use anyhow::{Context as _, ensure};
use sqlx::PgConnection;

use super::decision::CaseDecision;
use crate::cases::Case;
use crate::mailing::{Addressee, addressee};
use crate::parties::address;
use crate::values::MailId;

/// Corrects the address of whom the message is for, so that the next run sends it there; or leaves
/// the message, which is then neither tried nor told of any more.
pub(super) async fn decide(
    tx: &mut PgConnection,
    case: &Case,
    d: CaseDecision<'_>,
) -> anyhow::Result<String> {
    if d.decision == "leave" {
        ensure!(d.email.is_none(), "a message that is left needs no --email");
        return Ok("the message is left: it is not tried any more".into());
    }
    let email = d.email.context("say the right address, with --email")?;
    let addressee = addressee(tx, MailId(case.subject)).await?.context(
        "this message is not there any more, or it left meanwhile: decide leave, and correct the \
         address where the next message is refused",
    )?;
    let whom = match addressee {
        Addressee::Donor(id) => {
            address::of_donor(tx, id, email).await?;
            format!("the donor {id}")
        }
        Addressee::Merchant(id) => {
            address::of_merchant(tx, id, email).await?;
            format!("the merchant {id}")
        }
        Addressee::Association(id) => {
            address::of_association(tx, id, email).await?;
            format!("the association {id}")
        }
    };
    Ok(format!(
        "{whom} has the new address; the next run sends the message there"
    ))
}
