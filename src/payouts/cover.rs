//! Cover: what is left of a cash account beside everything that others may ask of it. Nothing
//! leaves while it is negative: nobody's money fills another's hole.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::values::euros;

/// The bank account against what may be asked of it, in cents.
#[derive(Clone, Copy, Debug)]
pub struct Cover {
    /// On the account and not sent yet.
    pub cash_cents: i64,
    /// Owed to associations, to the unknown senders of credits, and to the banks that take back
    /// what the statement does not show yet.
    pub owed_cents: i64,
    /// What merchants may take off their next payments.
    pub credit_cents: i64,
    /// What left the account and nobody explained yet.
    pub unexplained_cents: i64,
}

impl Cover {
    /// What is left: the operator's float less what merchants and associations owe it to have.
    #[must_use]
    pub const fn left_cents(&self) -> i64 {
        self.cash_cents - self.owed_cents - self.credit_cents
    }

    /// The float less what merchants and associations owe it to have: what an act of ours must not
    /// bring below zero. A debit that nobody explained is nobody's act.
    #[must_use]
    pub const fn float_cents(&self) -> i64 {
        self.left_cents() + self.unexplained_cents
    }
}

/// Reads the cover of the bank account. Only merchants of whose donations something was given back
/// after it was asked for, whose payment was taken back, or who paid too much, can have a credit or
/// owe more than they are asked.
///
/// The caller holds the settlement lock whole, so that nothing settles or leaves meanwhile.
pub async fn cover(tx: &mut PgConnection) -> Result<Cover, sqlx::Error> {
    let (cash_cents, owed_cents, unexplained_cents): (i64, i64, i64) = sqlx::query_as(
        "with held as (
           select a.kind, a.owner, b.debits_cents - b.credits_cents as debit_cents
           from account a join account_balance b using (account_id))
         select
           (select coalesce(sum(debit_cents) filter (where kind = 'safeguarded_cash'
                and owner = 'bank'), 0)
              + coalesce(sum(debit_cents) filter (where kind = 'payout_in_transit'
                and owner = 'transfer'), 0) from held)::bigint,
           (select coalesce(sum(-debit_cents), 0) from held where kind = 'association_payable')
             ::bigint
             + (select coalesce(sum(open_cents), 0) from bank_line_position
                where side = 'credit')::bigint
             + (select coalesce(sum(amount_cents), 0) from unshown_return)::bigint,
           (select coalesce(sum(open_cents), 0) from bank_line_position
            where side = 'debit')::bigint",
    )
    .fetch_one(&mut *tx)
    .await?;
    let disturbed: Vec<Uuid> = sqlx::query_scalar(
        "select d.merchant_id from donation_refund r join donation d using (donation_id)
         where r.after_collection or r.stage <> 'pending'
         union
         select c.merchant_id from collection c join collection_state s using (collection_id)
         where s.state = 'returned'
         union
         select merchant_id from bank_match where meaning = 'next_month'",
    )
    .fetch_all(&mut *tx)
    .await?;
    let credit_cents = if disturbed.is_empty() {
        0
    } else {
        usable_credit(tx, &disturbed).await?
    };
    Ok(Cover {
        cash_cents,
        owed_cents,
        credit_cents,
        unexplained_cents,
    })
}

/// What these merchants may take off their next payments: what they owe and are asked for is less
/// than what of their donations did not arrive.
async fn usable_credit(tx: &mut PgConnection, merchants: &[Uuid]) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select coalesce(sum(greatest(
             unarrived_cents - receivable_cents - in_transit_cents, 0)), 0)::bigint
         from merchant_position where merchant_id = any($1)",
    )
    .bind(merchants)
    .fetch_one(tx)
    .await
}

/// What the account is short of, in words: what a person looks at first.
pub(super) async fn causes_of_shortage(tx: &mut PgConnection) -> Result<String, sqlx::Error> {
    let causes: Vec<(String, i64)> = sqlx::query_as(
        "with held as (
           select a.kind, sum(b.debits_cents - b.credits_cents)::bigint as cents
           from account a join account_balance b using (account_id)
           where a.kind in ('suspense', 'refund_due') or (a.owner = 'bank'
             and a.kind in ('operator_current', 'provider_fees', 'operator_losses'))
           group by a.kind)
         select w.words, w.cents from (
           select 1 as place, 'bank debits that nobody explained' as words,
             (select cents from held where kind = 'suspense') as cents
           union all select 2, 'fees and losses beyond the float',
             (select sum(cents)::bigint from held where kind not in ('suspense', 'refund_due'))
           union all select 3, 'refunds that associations owe',
             (select cents from held where kind = 'refund_due')
           union all select 4, 'donations already paid out whose payment was taken back',
             (select sum(greatest(receivable_cents + in_transit_cents - unarrived_cents, 0))::bigint
              from merchant_position)) w
         where w.cents > 0 order by w.place",
    )
    .fetch_all(tx)
    .await?;
    let words: Vec<String> = (causes.iter())
        .map(|(words, cents)| format!("{} euros of {words}", euros(*cents)))
        .collect();
    Ok(words.join(", "))
}
