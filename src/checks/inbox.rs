//! Events received.

use super::check::Check;

pub(super) const CHECKS: &[Check] = &[
    (
        // A conflict is no event of its own: redriven, it is in the queue with its body alone.
        "every-queued-event-was-received",
        "select count(*) from inbox_queue q
         where not exists (select 1 from inbox_event e where e.event_id = q.event_id)
           and not exists (select 1 from inbox_body b
             where b.event_id = q.event_id and b.received_at = q.received_at)",
    ),
    (
        "every-event-has-an-outcome",
        "select count(*) from (
           select event_id from inbox_event i join endpoint e using (endpoint_id)
             where e.merchant_id is not null and not e.test
           except select event_id from inbox_queue
           except select event_id from inbox_problem
           except select event_id from inbox_fetch
           except select event_id from inbox_outcome
           except select event_id from donation
           except select event_id from donation_refund) lost",
    ),
    (
        "every-event-came-in-at-an-endpoint",
        "select count(*) from inbox_event where endpoint_id not in (select endpoint_id
          from endpoint)",
    ),
    (
        "no-donation-came-in-at-a-test-endpoint",
        "select count(*) from (
           select event_id from donation union all select event_id from donation_refund) d
         join inbox_event i using (event_id) join endpoint e using (endpoint_id)
         where e.test",
    ),
];
