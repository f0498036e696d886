//! Whom a message is for that is written down and not known to be sent.

use sqlx::PgConnection;

use super::payment::payment_mail;
use super::report::report_mail;
use super::statement::statement_mail;
use crate::collections::{self, CollectionFilter};
use crate::values::{AssociationId, DonorId, MailId, MerchantId, Reader};
use crate::{donations, payouts, receipts};

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressee {
    Donor(DonorId),
    Merchant(MerchantId),
    Association(AssociationId),
}

/// Whom a message is for; none when it is unknown, or one of the others that left.
pub async fn addressee(
    db: &mut PgConnection,
    mail: MailId,
) -> Result<Option<Addressee>, sqlx::Error> {
    if let Some(donor) = receipts::addressed_donor(db, mail).await? {
        return Ok(Some(Addressee::Donor(donor)));
    }
    if let Some(donor) = donations::asked_by(db, mail).await? {
        return Ok(Some(Addressee::Donor(donor)));
    }
    // The ids of statements and reports are derived from what they are about.
    let unmailed = collections::list(db, Reader::System, CollectionFilter::Unmailed).await?;
    let statement = unmailed
        .iter()
        .find(|c| statement_mail(c.collection_id) == mail);
    if let Some(collection) = statement {
        return Ok(Some(Addressee::Merchant(collection.merchant_id)));
    }
    let untold = collections::untold(db).await?;
    let payment = untold
        .iter()
        .find(|c| payment_mail(c.collection_id, c.n) == mail);
    if let Some(collection) = payment {
        return Ok(Some(Addressee::Merchant(collection.merchant_id)));
    }
    let unreported = payouts::unreported(db).await?;
    let report = unreported
        .iter()
        .find(|p| report_mail(p.payout_id, p.n) == mail);
    Ok(report.map(|p| Addressee::Association(p.association_id)))
}
