//! Whatever happens to the money, in any order, each statement adds up to what it asks for, each
//! report to what was paid, and both go on where the one before ended.

use chrono::Utc;
use obole::collections::Collection;
use obole::db::settlement_lock;
use obole::payouts::{self, PayoutReport, PayoutState, ReportAccount};
use obole::values::{BankSide, CollectionId, Email, Period, Reader, euros};
use obole::{cases, collections, mailing, refunds_due, runs};
use uuid::Uuid;

use crate::shop::Service;
use crate::steps::{give, month, on, pay_again, prepare_payouts, release};
use crate::treasurers_papers::{give_back, shown, statement_adds_up};

/// Random numbers that a seed repeats (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % end
    }
}

struct Order {
    id: String,
    left: i64,
}

/// A small history of one shop and one association, and what its papers said so far.
struct History {
    s: Service,
    random: Random,
    operators: [Email; 2],
    period: Period,
    orders: Vec<Order>,
    given: i64,
    /// What statements listed so far.
    donated: i64,
    refunded: i64,
    credit_left: i64,
    reports: usize,
    met: std::collections::BTreeMap<&'static str, usize>,
}

impl History {
    async fn new(seed: u64) -> Self {
        let s = Service::start().await;
        Self {
            operators: s.operators().await,
            s,
            random: Random(seed),
            period: month("2024-01-01"),
            orders: Vec::new(),
            given: 0,
            donated: 0,
            refunded: 0,
            credit_left: 0,
            reports: 0,
            met: std::collections::BTreeMap::new(),
        }
    }

    fn meet(&mut self, what: &'static str, happened: bool) {
        *self.met.entry(what).or_default() += usize::from(happened);
    }

    fn day(&self, n: u32) -> String {
        format!("{}-{n:02}", self.period)
    }

    async fn step(&mut self) {
        match self.random.below(20) {
            0..5 => self.give().await,
            5..9 => self.refund().await,
            9..11 => self.collect().await,
            11..14 => self.pay().await,
            14 => self.take_back().await,
            15 => self.ask_again().await,
            16..18 => self.pay_out().await,
            18 => self.return_payout().await,
            _ => self.agree().await,
        }
        self.reports_add_up().await;
    }

    async fn give(&mut self) {
        let cents = [100, 300, 735, 2000][self.random.below(4)];
        let id = format!("N-{}", self.orders.len());
        let at = format!("{}T10:00:00Z", self.day(10));
        give(&self.s, &id, &at, &euros(cents), "camille@example.org").await;
        self.given += cents;
        self.orders.push(Order { id, left: cents });
    }

    async fn refund(&mut self) {
        if self.orders.is_empty() {
            return;
        }
        let at = self.random.below(self.orders.len());
        let (id, left) = (self.orders[at].id.clone(), self.orders[at].left);
        if left == 0 {
            return;
        }
        let cents = if self.random.below(2) == 0 {
            left
        } else {
            left / 2
        };
        let day = self.day(11);
        give_back(&self.s, &id, &day, Some(&euros(cents))).await;
        self.orders[at].left -= cents;
    }

    /// The month ends, and the shop is asked for it.
    async fn collect(&mut self) {
        let day = on(&format!("{}-02", self.period.next()));
        release(&self.s).await;
        let run = runs::run_collections(&self.s.app, Utc::now(), day, self.period)
            .await
            .unwrap();
        self.period = self.period.next();
        if let Some(asked) = run.collections.first() {
            self.statement_goes_on(asked).await;
        }
    }

    async fn statement_goes_on(&mut self, asked: &Collection) {
        let sums = statement_adds_up(&self.s, asked).await;
        assert_eq!(sums.credit_before_cents, self.credit_left, "{sums:?}");
        assert!(sums.other_credit_cents >= 0, "{sums:?}");
        assert!(asked.amount_cents == 0 || sums.credit_left_cents == 0);
        self.donated += sums.donated_cents;
        self.refunded +=
            sums.refunded_cents + sums.refunded_earlier_cents + sums.refunded_late_cents;
        self.credit_left = sums.credit_left_cents;
        assert_eq!(self.donated, self.given, "each donation is listed once");
        let usable = "select coalesce(sum(case when r.stage = 'paid_out' then s.cents
              else r.amount_cents end), 0)::bigint
            from donation_refund r left join (
              select refund_due_id as fact_id, sum(amount_cents) as cents
              from refund_due_settlement group by refund_due_id) s using (fact_id)";
        assert_eq!(
            self.refunded,
            self.s.count(usable).await,
            "so is each refund that nothing holds"
        );
        // What is left of its credit is what the shop's account says beside what it is asked apart.
        let failed = self
            .s
            .count("select coalesce(sum(left_cents), 0)::bigint from failed_collection");
        let owes = self.s.balance("merchant_receivable:librairie").await - failed.await;
        assert_eq!(owes, -sums.credit_left_cents, "{sums:?}");
        for (what, cents) in [
            ("refunded", sums.refunded_cents),
            ("refunded earlier", sums.refunded_earlier_cents),
            ("credit before", sums.credit_before_cents),
            ("credit left", sums.credit_left_cents),
            ("refunded late", sums.refunded_late_cents),
            ("taken elsewhere", sums.taken_elsewhere_cents),
            ("other credit", sums.other_credit_cents),
        ] {
            self.meet(what, cents > 0);
        }
    }

    /// One collection in a state, that asked for something.
    async fn collection(&mut self, state: &str) -> Option<(CollectionId, String, i64)> {
        let found: Vec<(CollectionId, String, i64)> = sqlx::query_as(
            "select collection_id, c.reference, t.amount_cents from collection c
             join collection_current_state s using (collection_id)
             join collection_last_attempt t using (collection_id)
             where s.state = $1 and t.amount_cents > 0 order by c.period",
        )
        .bind(state)
        .fetch_all(&self.s.world.db)
        .await
        .unwrap();
        let at = (!found.is_empty()).then(|| self.random.below(found.len()))?;
        found.into_iter().nth(at)
    }

    async fn pay(&mut self) {
        if let Some((_, reference, cents)) = self.collection("submitted").await {
            let day = self.day(3);
            shown(&self.s, BankSide::Credit, &reference, cents, &day).await;
        }
    }

    async fn take_back(&mut self) {
        if let Some((_, reference, cents)) = self.collection("settled").await {
            let day = self.day(4);
            shown(&self.s, BankSide::Debit, &reference, cents, &day).await;
        }
    }

    async fn ask_again(&mut self) {
        if let Some((id, ..)) = self.collection("returned").await {
            let mut tx = self.s.world.db.begin().await.unwrap();
            settlement_lock::lock_exclusive(&mut tx).await.unwrap();
            let day = on(&self.day(5));
            collections::ask_again(&mut tx, Utc::now(), day, id, None, DECIDED)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
    }

    /// Payouts are prepared and approved; what leaves is debited, sometimes later.
    async fn pay_out(&mut self) {
        let day = self.day(6);
        pay_again(&self.s, on(&day)).await;
        for payout in prepare_payouts(&self.s, on(&day)).await {
            for who in &self.operators {
                // It may wait for cover.
                let (now, id) = (Utc::now(), payout.payout_id);
                let _ = runs::approve_payout(&self.s.app, now, on(&day), id, who).await;
            }
        }
        if self.random.below(3) == 0 {
            return;
        }
        for (reference, cents) in self.payouts("submitted").await {
            shown(&self.s, BankSide::Debit, &reference, cents, &day).await;
        }
    }

    async fn payouts(&self, state: &str) -> Vec<(String, i64)> {
        sqlx::query_as(
            "select p.reference, p.amount_cents from payout p
             join payout_current_state s using (payout_id) where s.state = $1 order by payout_id",
        )
        .bind(state)
        .fetch_all(&self.s.world.db)
        .await
        .unwrap()
    }

    async fn return_payout(&mut self) {
        if let Some((reference, cents)) = self.payouts("settled").await.pop() {
            let day = self.day(7);
            shown(&self.s, BankSide::Credit, &reference, cents, &day).await;
        }
    }

    async fn agree(&mut self) {
        let claims: Vec<Uuid> =
            sqlx::query_scalar("select refund_due_id from open_refund_due where origin = 'refund'")
                .fetch_all(&self.s.world.db)
                .await
                .unwrap();
        for id in claims {
            let mut tx = self.s.world.db.begin().await.unwrap();
            settlement_lock::lock_exclusive(&mut tx).await.unwrap();
            let day = on(&self.day(8));
            let agreed = refunds_due::settle_agreed(&mut tx, Utc::now(), day, id, DECIDED).await;
            // The association may be owed nothing, or less.
            if let Ok(part) = agreed {
                tx.commit().await.unwrap();
                self.meet("agreed in part", part.remains_cents > 0);
            }
        }
    }

    /// The reports so far, each with its account.
    async fn reports(&self) -> Vec<(PayoutReport, ReportAccount)> {
        mailing::send_reports(&self.s.app, Utc::now())
            .await
            .unwrap();
        let rows: Vec<PayoutReport> = sqlx::query_as(
            "select r.payout_id, r.n, s.state, r.association_id, '' as association, '' as email,
               p.amount_cents, p.reference, s.occurred_on as paid_on, s.occurred_on,
               null as reason
             from payout_report r join payout p using (payout_id)
             join payout_state s using (payout_id, n) order by r.number",
        )
        .fetch_all(&self.s.world.db)
        .await
        .unwrap();
        let mut db = self.s.world.db.acquire().await.unwrap();
        let mut reports = Vec::new();
        for report in rows {
            let account = payouts::report_account(&mut db, &report).await.unwrap();
            reports.push((report, account));
        }
        reports
    }

    async fn reports_add_up(&mut self) {
        let reports = self.reports().await;
        let mut closing = 0;
        for (report, a) in &reports {
            assert_eq!(a.opening_cents, closing, "{a:?}");
            closing = a.opening_cents + a.arrived_cents + a.returned_cents
                - a.refunded_cents
                - a.claimed_cents
                - a.withdrawn_cents
                - a.paid_cents;
            assert_eq!(a.closing_cents, closing, "{a:?}");
            let moved = [
                a.arrived_cents,
                a.refunded_cents,
                a.claimed_cents,
                a.withdrawn_cents,
            ];
            assert!(moved.iter().all(|cents| *cents >= 0), "{a:?}");
            let told = match report.state {
                PayoutState::Settled => a.paid_cents,
                _ => a.returned_cents,
            };
            assert_eq!(told, report.amount_cents);
        }
        if reports.len() == self.reports {
            return;
        }
        // Nothing moved since the last: it closes with what the ledger says.
        let short = "select coalesce(sum(open_cents), 0)::bigint from open_refund_due
            where origin = 'shortfall'";
        let sent = -self.s.balance("payout_in_transit:transfer").await;
        let payable = self.s.balance("association_payable:foret-vivante").await;
        let owed = payable + sent - self.s.count(short).await;
        assert_eq!(closing, owed);
        let (last, account) = reports.last().unwrap().clone();
        for (report, _) in &reports[self.reports..] {
            if report.state == PayoutState::Settled {
                self.lines_add_up(report).await;
            }
        }
        self.meet("returned", last.state == PayoutState::Returned);
        self.meet("claimed", account.claimed_cents > 0);
        self.meet("withdrawn", account.withdrawn_cents > 0);
        self.meet("owing", account.closing_cents < 0);
        self.reports = reports.len();
    }

    async fn lines_add_up(&mut self, report: &PayoutReport) {
        let mut db = self.s.world.db.acquire().await.unwrap();
        let lines = payouts::report_lines(&mut db, Reader::System, report.payout_id)
            .await
            .unwrap();
        let all: i64 = lines.iter().map(|l| l.amount_cents).sum();
        assert_eq!(all, report.amount_cents, "{lines:#?}");
        let of = |kind| lines.iter().filter(|l| l.kind == kind).count();
        let deducted = of(payouts::ReportLineKind::Deducted);
        self.meet("lines", true);
        self.meet("deducted", deducted > 0);
        if deducted > 0 {
            println!("{lines:#?}");
        }
    }
}

const DECIDED: cases::Decision<'_> = cases::Decision {
    decision: "decided",
    by: "lea@obole.example",
    why: "in a small history",
};

#[tokio::test]
async fn the_papers_of_any_small_history_add_up_and_go_on_from_each_other() {
    let mut met = std::collections::BTreeMap::<&str, usize>::new();
    let seeds = std::env::var("OBOLE_HISTORIES").map_or(6, |n| n.parse().unwrap());
    for seed in 1..=seeds {
        let mut history = History::new(seed).await;
        for _ in 0..90 {
            history.step().await;
        }
        for (what, times) in &history.met {
            *met.entry(what).or_default() += times;
        }
        history.s.checked().await;
    }
    println!("{met:?}");
}
