-- Erasure of a room: a tombstone that every write looks at, so that no late save brings the room back.

alter table rooms
  -- The tombstone: from here on nothing is written to the room, and its name is refused.
  add column deleted_at timestamptz,
  add column deleted_by text,
  -- Its rows are gone too. A tombstone without it is an erasure that was cut short and is taken up again.
  add column erased_at timestamptz;

-- As in 004, but for rooms that were deleted: their head is 0 in what is returned, and they take no entries.
create or replace function append_entries(
  lane uuid, number bigint, room_ids bigint[], counts bigint[],
  of_room int[], at_ms bigint[], places int[], of_actor int[], starts int[], lengths int[],
  payload bytea, actors text[]
) returns bigint[] language plpgsql as $$
declare
  new_heads bigint[];
begin
  if cardinality(room_ids) = 1 then
    update rooms set head = head + counts[1], changed_at = now() where id = room_ids[1] and deleted_at is null
    returning array[head] into new_heads;
    if not found then
      new_heads := array[(select 0 from rooms where id = room_ids[1])];
    end if;
  else
    perform from rooms where id = any(room_ids) order by id for no key update;
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
  end if;

  if cardinality(starts) = 1 then
    insert into room_updates (room_id, seq, at, actor, bytes)
    select room_ids[1], new_heads[1], to_timestamp(at_ms[1] / 1000.0), actors[1], payload
    where new_heads[1] > 0;
  else
    insert into room_updates (room_id, seq, at, actor, bytes)
    select room_ids[e.room], new_heads[e.room] - counts[e.room] + e.place, to_timestamp(e.at / 1000.0),
      actors[e.actor], substring(payload from e.start for e.length)
    from unnest(of_room, at_ms, places, of_actor, starts, lengths)
      as e(room, at, place, actor, start, length)
    where new_heads[e.room] > 0;
  end if;

  update log_lanes l set batch = number, heads = new_heads, used_at = now()
  where l.id = lane and l.batch = number - 1;
  if not found then raise exception using errcode = 'SL001', message = 'the batch was taken already'; end if;
  return new_heads;
end $$;

-- What is derived of a room is written seldom, so a trigger can stand at every such table, and none can forget to
-- ask. The lock lets entries be appended meanwhile, and makes whoever sets a tombstone wait for the writer: the
-- tombstone's own lock is the one that this conflicts with. SQLSTATE SL002 undoes the writer's transaction.
create function refuse_deleted_room() returns trigger language plpgsql as $$
begin
  perform from rooms where id = new.room_id and deleted_at is null for key share;
  if not found then
    raise exception using errcode = 'SL002', message = format('room %s was deleted', new.room_id);
  end if;
  return new;
end $$;

do $$
declare
  derived text;
begin
  for derived in
    select table_name from information_schema.columns
    where table_schema = current_schema() and column_name = 'room_id'
      -- The one asks itself; the other says nothing of what is in a room.
      and table_name not in ('room_updates', 'room_loads')
  loop
    execute format('create trigger refuse_deleted_room before insert on %I
      for each row execute function refuse_deleted_room()', derived);
  end loop;
end $$;

-- Retention: what was thinned already. 0: every entry as it was written; 1: one entry a session; 2: one a version.
alter table room_segments add column stage smallint not null default 0;
