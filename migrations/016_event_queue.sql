-- Events that have been committed, and that what is made of them elsewhere (the messages that are searched, an inbox, a
-- project's activity) does not show yet. A row is written by the commit of its event and goes in the transaction
-- that has made of it what is to be made: whatever is killed in between, nothing is missed and nothing is made twice.
create table event_queue (
  room_id bigint not null,
  seq bigint not null,
  primary key (room_id, seq)
);

drop function append_with_events(
  uuid, bigint, bigint[], bigint[], int[], bigint[], int[], int[], int[], int[], bytea, text[], text[], text[]
);

-- As before, with one more array: whether the entry is an event that somebody follows. Once more in full: two
-- arrays more have one element an entry: the event's type and its id, null for an edit. An event whose id the room has already is not written again: `repeated` has its
-- number in the batch (from 1), `repeated_seqs` the seq that it has, negative where the one of that seq is another
-- event under the same id. The lock on the rooms' rows comes first, so that whoever publishes the same event at the
-- same moment elsewhere has either committed it or waits.
create function append_with_events(
  lane uuid, number bigint, room_ids bigint[], counts bigint[],
  of_room int[], at_ms bigint[], places int[], of_actor int[], starts int[], lengths int[],
  payload bytea, actors text[], types text[], ids text[], followed boolean[],
  out new_heads bigint[], out repeated int[], out repeated_seqs bigint[]
) language plpgsql as $$
begin
  perform from rooms where id = any(room_ids) order by id for no key update;

  select coalesce(array_agg(found.n), '{}'), coalesce(array_agg(case when found.same then found.seq else -found.seq end), '{}')
  into repeated, repeated_seqs
  from (
    select e.n, x.seq, x.type = e.type and x.actor = actors[e.actor]
      and x.payload = convert_from(substring(append_with_events.payload from e.start for e.length), 'UTF8')::jsonb as same
    from unnest(of_room, of_actor, starts, lengths, types, ids) with ordinality
      as e(room, actor, start, length, type, id, n)
    join room_events x on x.room_id = room_ids[e.room] and x.id = e.id
  ) found;

  if cardinality(repeated) > 0 then
    select array_agg(counts[w.place] - (select count(*) from unnest(repeated) r(n) where of_room[r.n] = w.place)
      order by w.place)
    into counts
    from generate_subscripts(counts, 1) as w(place);
  end if;

  with updated as (
    update rooms r set head = r.head + w.entries, changed_at = now()
    from unnest(room_ids, counts) as w(id, entries) where r.id = w.id and r.deleted_at is null
    returning r.id, r.head
  ), deleted as (
    select id, 0 as head from rooms where id = any(room_ids) and deleted_at is not null
  )
  select array_agg(coalesce(u.head, d.head) order by w.place) into new_heads
  from unnest(room_ids) with ordinality as w(id, place)
    left join updated u on u.id = w.id left join deleted d on d.id = w.id;

  with written as materialized (
    select room_ids[e.room] as room_id, to_timestamp(e.at / 1000.0) as at, actors[e.actor] as actor, e.type, e.id,
      e.followed,
      new_heads[e.room] - counts[e.room] + row_number() over (partition by e.room order by e.n) as seq,
      substring(append_with_events.payload from e.start for e.length) as bytes
    from unnest(of_room, at_ms, of_actor, starts, lengths, types, ids, followed) with ordinality
      as e(room, at, actor, start, length, type, id, followed, n)
      left join unnest(repeated) as r(n) on r.n = e.n
    where r.n is null and new_heads[e.room] > 0
  ), edits as (
    insert into room_updates (room_id, seq, at, actor, bytes)
    select room_id, seq, at, actor, bytes from written where type is null
  ), queued as (
    insert into event_queue (room_id, seq) select w.room_id, w.seq from written w where w.followed
  )
  insert into room_events (room_id, seq, at, actor, type, id, payload, size)
  select room_id, seq, at, actor, type, id, convert_from(bytes, 'UTF8')::jsonb, length(bytes)
  from written where type is not null;

  update log_lanes l
  set batch = number, heads = new_heads, repeated = append_with_events.repeated,
    repeated_seqs = append_with_events.repeated_seqs, used_at = now()
  where l.id = lane and l.batch = number - 1;
  if not found then raise exception using errcode = 'SL001', message = 'the batch was taken already'; end if;
end $$;
