-- A donation's id was a plain hash: in an index of ten million, each new one fell on a page of its own. It now begins with its
-- shop and the number of its order, so that what comes together lies together, in every index and link table that holds it.

create function donation_id_of(merchant uuid, order_id text) returns uuid language sql immutable strict parallel safe return encode(
  -- The random end of the shop's id.
  substr(uuid_send(merchant), 15, 2)
  -- The digits that end the order's own number, as 32 bits; a part of the hash where there are none.
  || case when order_id ~ '[0-9]$' then substr(int8send((substring(order_id from '[0-9]+$')::numeric % 4294967296)::bigint), 5, 4)
       else substr(sha256(uuid_send(merchant) || convert_to(order_id, 'UTF8')), 3, 4) end
  -- The hash of both, with the version and the variant of RFC 9562 (8: our own).
  || set_byte(set_byte(substr(sha256(uuid_send(merchant) || convert_to(order_id, 'UTF8')), 7, 10),
       0, (get_byte(sha256(uuid_send(merchant) || convert_to(order_id, 'UTF8')), 6) & 15) | 128),
       2, (get_byte(sha256(uuid_send(merchant) || convert_to(order_id, 'UTF8')), 8) & 63) | 128), 'hex')::uuid;
comment on function donation_id_of is 'The id of the donation of an order. The application derives the same; a check compares.';
comment on table donation is 'A donation as the shop charged it; append-only. donation_id is derived from merchant and order (donation_id_of), hence unique for them.';

-- Donations from before get their new ids everywhere, once. Only the name changes: what happened stays as it was told.
create temporary table renamed on commit drop as
  select donation_id as before, donation_id_of(merchant_id, order_id) as after from donation;
create unique index on renamed (before);

alter table donation disable trigger user;
alter table transfer disable trigger user;
alter table donation_refund disable trigger user, drop constraint donation_refund_donation_id_fkey;
alter table donation_claim disable trigger user, drop constraint donation_claim_donation_id_fkey;
alter table collection_credit drop constraint collection_credit_donation_id_fkey;

update donation set donation_id = after from renamed where donation_id = before;
update transfer set fact_id = after from renamed where fact_id = before;
update transfer set reverses_fact_id = after from renamed where reverses_fact_id = before;
update donation_refund set donation_id = after from renamed where donation_id = before;
update donation_claim set donation_id = after from renamed where donation_id = before;
update collection_donation set donation_id = after from renamed where donation_id = before;
update collection_credit set donation_id = after from renamed where donation_id = before;
update payout_donation set donation_id = after from renamed where donation_id = before;
update receipt_donation set donation_id = after from renamed where donation_id = before;
update outbox set subject = after, payload = jsonb_set(payload, '{data,donation_id}', to_jsonb('don_' || replace(after::text, '-', '')))
  from renamed where subject = before;

alter table donation enable trigger user;
alter table transfer enable trigger user;
alter table donation_refund enable trigger user, add constraint donation_refund_donation_id_fkey foreign key (donation_id) references donation;
alter table donation_claim enable trigger user, add constraint donation_claim_donation_id_fkey foreign key (donation_id) references donation;
alter table collection_credit add constraint collection_credit_donation_id_fkey foreign key (donation_id) references donation_refund;

-- A refund that waits knows its order by the old id: it is looked at again, and waits under the new one.
with back as (delete from inbox_problem where state = 'parked' returning event_id, endpoint_id, received_at, attempts)
insert into inbox_queue (event_id, endpoint_id, received_at, attempts) select * from back;

-- A run may take several doors for each of its parts.
comment on table settlement_gate is 'Its rows are doors. Refunds hold all for share; runs that prepare, settle, approve or issue hold all for update, each part of a run the doors of its own: neither misses the other.';
comment on function part_of is 'Which of the four doors of the settlement gate a shop or an association stands behind: the end of its id is random.';
