-- Links are written by the million in a month's run, from rows read in the same database transaction that the application's
-- role cannot delete: a look-up each would only repeat the reading. The checks look for links that name what is not there.

alter table collection_donation drop constraint collection_donation_donation_id_fkey, drop constraint collection_donation_collection_id_fkey;
alter table payout_donation drop constraint payout_donation_donation_id_fkey, drop constraint payout_donation_payout_id_fkey;
alter table receipt_donation drop constraint receipt_donation_donation_id_fkey, drop constraint receipt_donation_receipt_id_fkey;

-- Keys that are looked up for each event are bytes to us, whatever language the database sorts in.
alter table inbox_event alter column delivery_key type text collate "C";
alter table donor alter column email type text collate "C";

-- A shop's delivery log, newest first, however many events others have.
create index inbox_event_by_endpoint on inbox_event (endpoint_id, received_at, event_id);
