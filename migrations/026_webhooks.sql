-- Webhooks: addresses of applications that are told of what happens here. What is to be told is written by the
-- transaction in which it happens, by triggers: there is no moment in which the one is there without the other, on
-- whichever node, also where a command writes and no server runs.

create table webhooks (
  id uuid primary key default gen_random_uuid(),
  -- The type of messages of a hook that applications have in their own processes: without an address, and no administrator's.
  hook text unique,
  url text not null,
  description text not null,
  -- `document.changed`, `event:chat.message`, `event:chat.*`, `event:*`
  events text[] not null,
  -- `doc:readme`, `doc:*`; all rooms where there is none.
  rooms text[] not null,
  secret text not null,
  -- What was the secret before, and until when it counts beside it.
  previous_secret text,
  previous_until timestamptz,
  active boolean not null,
  switched_off text check (switched_off in ('gone', 'failing')),
  -- Nothing has been taken since then.
  failing_since timestamptz,
  created_at timestamptz not null default now(),
  created_by text not null,
  changed_at timestamptz not null default now()
);

-- No foreign key to webhooks: a delivery is inserted by the commit of an edit or an event, which must not wait for whoever
-- changes the webhook. What is left of one that was deleted meanwhile goes with the housekeeping.
create table webhook_deliveries (
  id uuid primary key default gen_random_uuid(),
  -- The order in which they were made.
  number bigint generated always as identity,
  webhook_id uuid not null,
  type text not null,
  -- What is erased with the room; null in what says that it was erased.
  room_id bigint,
  room text,
  seq bigint,
  at timestamptz not null,
  -- What the message says beside these.
  data jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  attempts int not null default 0,
  -- No try of it has ended yet: what its room has after it waits for that. What is tried or sent again holds up nothing.
  untried boolean not null default true,
  replays int not null default 0,
  -- When it is due; null once it was taken or given up.
  next_at timestamptz default clock_timestamp(),
  -- Somebody is sending it, or was killed while doing so.
  taken_until timestamptz,
  tried_at timestamptz,
  delivered_at timestamptz,
  status_code int,
  duration int,
  error text
) with (fillfactor = 80);
create index webhook_deliveries_again on webhook_deliveries (webhook_id, next_at, number) where not untried and next_at is not null;
create index webhook_deliveries_untried on webhook_deliveries (webhook_id, room, number) where untried;
create index webhook_deliveries_log on webhook_deliveries (webhook_id, number);
create index webhook_deliveries_room on webhook_deliveries (room_id);
create index webhook_deliveries_erased on webhook_deliveries (room) where type = 'room.erased' and next_at is null;
create index webhook_deliveries_age on webhook_deliveries (created_at);

-- Edits of which nobody has been told yet, a row a commit and room. A row a room would be one that each commit waits for.
create table webhook_changes (
  room_id bigint not null,
  first_seq bigint not null,
  last_seq bigint not null,
  at timestamptz not null,
  actors text[] not null,
  primary key (room_id, last_seq)
);

create function webhook_wants(events text[], rooms text[], type text, room text) returns boolean
language sql immutable parallel safe as $$
  select (type = any(events)
      or type like 'event:%' and ('event:*' = any(events) or split_part(type, '.', 1) || '.*' = any(events)))
    and (cardinality(rooms) = 0 or room = any(rooms) or split_part(room, ':', 1) || ':*' = any(rooms))
$$;

create function tell_webhooks(type text, room_id bigint, room text, seq bigint, at timestamptz, data jsonb)
returns void language sql as $$
  insert into webhook_deliveries (webhook_id, type, room_id, room, seq, at, data)
  select h.id, $1, $2, $3, $4, $5, $6 from webhooks h
  where h.active and webhook_wants(h.events, h.rooms, $1, $3) order by h.created_at, h.id
$$;

-- What is brought in has happened elsewhere, or long ago: `room` where the room is, `log` where only what it is made with is.
create function is_imported(part text) returns boolean language sql stable as $$
  select coalesce(current_setting('syncline.importing', true), '') in (part, 'room')
$$;

create function tell_of_created_room() returns trigger language plpgsql as $$
begin
  if is_imported('room') then return null; end if;
  perform tell_webhooks('room.created', new.id, new.name, null, clock_timestamp(),
    jsonb_build_object('by', new.created_by));
  return null;
end $$;
create trigger tell_webhooks_created after insert on rooms for each row execute function tell_of_created_room();

create function tell_of_erased_room() returns trigger language plpgsql as $$
begin
  perform tell_webhooks('room.erased', null, new.name, null, new.erased_at,
    jsonb_build_object('by', new.deleted_by));
  return null;
end $$;
create trigger tell_webhooks_erased after update of erased_at on rooms for each row
when (old.erased_at is null and new.erased_at is not null) execute function tell_of_erased_room();

-- A purge forgets that there was a room of this name: so does the log of deliveries, of which its erasure has left nothing
-- else. What waits to be told goes with the housekeeping, once it was.
create function forget_purged_room() returns trigger language plpgsql as $$
begin
  delete from webhook_deliveries where type = 'room.erased' and room = old.name and next_at is null;
  return null;
end $$;
create trigger forget_purged_room after update of name on rooms for each row
when (new.name is null) execute function forget_purged_room();

create function tell_of_version() returns trigger language plpgsql as $$
begin
  if is_imported('log') then return null; end if;
  perform tell_webhooks('version.created', new.room_id, r.name, new.seq, new.created_at,
    jsonb_build_object('version', jsonb_build_object(
      'id', new.id, 'kind', new.kind, 'reason', new.reason, 'title', new.title,
      'description', new.description, 'author', new.author, 'pinned', new.pinned)))
  from rooms r where r.id = new.room_id;
  return null;
end $$;
create trigger tell_webhooks after insert on versions for each row execute function tell_of_version();

-- Of many events in one commit: the rows of a statement at once.
create function tell_of_events() returns trigger language plpgsql as $$
begin
  if exists (select from webhooks where active) and not is_imported('log') then
    insert into webhook_deliveries (webhook_id, type, room_id, room, seq, at, data)
    select h.id, 'event:' || w.type, w.room_id, r.name, w.seq, w.at,
      jsonb_build_object('actor', w.actor, 'event', jsonb_build_object('id', w.id, 'payload', w.payload))
    from written w join rooms r on r.id = w.room_id
      join webhooks h on h.active and webhook_wants(h.events, h.rooms, 'event:' || w.type, r.name)
    order by w.room_id, w.seq;
  end if;
  return null;
end $$;
create trigger tell_webhooks after insert on room_events referencing new table as written
for each statement execute function tell_of_events();

-- Of edits only that there were some: once a room is quiet, or has not been for long, its webhooks are told of all at once.
create function note_changes() returns trigger language plpgsql as $$
begin
  if exists (select from webhooks where active and 'document.changed' = any(events)) and not is_imported('log') then
    insert into webhook_changes (room_id, first_seq, last_seq, at, actors)
    select room_id, min(seq), max(seq), clock_timestamp(), array_agg(distinct actor) from written group by room_id
    -- No edit is refused for what is only noted of it.
    on conflict do nothing;
  end if;
  return null;
end $$;
create trigger note_changes after insert on room_updates referencing new table as written
for each statement execute function note_changes();
