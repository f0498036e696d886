//! Who is told of another account: the association, at the address that it had, and the team.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::values::{Iban, MailId, derived_id};

/// Something to tell somebody.
#[derive(Clone, Debug)]
pub struct AccountNews {
    pub mail_id: MailId,
    pub account_change_id: Uuid,
    /// The association's short name, and its legal one.
    pub slug: String,
    pub association: String,
    pub email: String,
    /// The last figures of the accounts.
    pub iban: String,
    pub previous_iban: String,
    pub step: AccountStep,
    pub on: NaiveDate,
}

/// How far a change of account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum AccountStep {
    Asked,
    Confirmed,
    Refused,
}

#[derive(FromRow)]
struct Row {
    account_change_id: Uuid,
    recipient_id: Uuid,
    slug: String,
    association: String,
    email: String,
    iban: String,
    previous_iban: String,
    step: AccountStep,
    on_day: NaiveDate,
}

impl Row {
    fn news(self) -> AccountNews {
        let masked = |iban: &str| Iban::parse(iban).map_or_else(|_| "…".into(), |i| i.masked());
        let (change, step, whom) = (self.account_change_id, self.step, self.recipient_id);
        AccountNews {
            mail_id: MailId(derived_id(&format!("account:{change}:{step:?}:{whom}"))),
            account_change_id: change,
            iban: masked(&self.iban),
            previous_iban: masked(&self.previous_iban),
            slug: self.slug,
            association: self.association,
            email: self.email,
            step,
            on: self.on_day,
        }
    }
}

/// What was not told yet, oldest first: to the association, and to whoever of the team was there.
pub async fn untold(db: &mut PgConnection) -> Result<Vec<AccountNews>, sqlx::Error> {
    let all: Vec<Row> = sqlx::query_as(
        "select c.account_change_id, r.recipient_id, a.slug, a.name as association, r.email,
           c.iban, c.previous_iban, s.step, s.on_day
         from account_change c join association a using (association_id)
         cross join lateral (
           select 'asked' as step, c.asked_on as on_day, c.asked_at as at
           union all select d.decision, d.decided_on, d.decided_at
           from account_change_decision d where d.account_change_id = c.account_change_id) s
         cross join lateral (
           select a.association_id as recipient_id, a.email
           union all select operator_id, o.email from operator o where o.created_at <= s.at) r
         order by s.at, r.recipient_id",
    )
    .fetch_all(&mut *db)
    .await?;
    let told: Vec<MailId> = sqlx::query_scalar("select mail_id from account_change_mail")
        .fetch_all(db)
        .await?;
    let news = all.into_iter().map(Row::news);
    Ok(news.filter(|n| !told.contains(&n.mail_id)).collect())
}

/// Notes that somebody was told.
pub async fn mark_told(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    news: &AccountNews,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into account_change_mail (mail_id, account_change_id, sent_at)
         values ($1, $2, $3) on conflict do nothing",
    )
    .bind(news.mail_id)
    .bind(news.account_change_id)
    .bind(now)
    .execute(db)
    .await?;
    Ok(())
}
