-- Less to maintain on the hot path.

-- Event ids are ordered by time (UUID version 7), so a summary of each range of pages finds one as well as a tree does.
drop index inbox_event_id;
create index inbox_event_by_id on inbox_event using brin (event_id) with (pages_per_range = 32, autosummarize = on);

-- A donation's id is derived from its merchant and order: the primary key finds an order.
drop index donation_by_order;
