-- What is measured, in the rooms `analytics:…`: of each series (a name and labels) one row a bucket of time and width, with all that
-- is known of the values in it. Written under a lock of the room, so that a bucket can be read, added to and written back.

-- The lock, and a number that goes up with each commit: who has seen all up to one number has missed nothing before it.
create table analytics_rooms (
  room_id bigint primary key references rooms on delete cascade,
  change bigint not null
);

create table analytics_series (
  id bigint generated always as identity primary key,
  room_id bigint not null references rooms on delete cascade,
  name text not null,
  labels jsonb not null,
  -- SHA-256 of both: an entry of an index holds 2,704 bytes, whatever labels may once be.
  key bytea not null,
  unique (room_id, key)
);

create table analytics_buckets (
  series_id bigint not null references analytics_series on delete cascade,
  -- In seconds.
  width smallint not null,
  -- When it begins.
  at timestamptz not null,
  -- server/observe/sketch.ts: count, sum, minimum and maximum, and what quantiles are read of.
  sketch bytea not null,
  -- The room's, when it was last added to.
  change bigint not null,
  primary key (series_id, width, at)
  -- A bucket is written again and again while it is the present one.
) with (fillfactor = 70);
create index analytics_buckets_age on analytics_buckets (width, at);

-- What was taken already, with what was answered, so that the same batch again counts once.
create table analytics_batches (
  room_id bigint not null references rooms on delete cascade,
  user_id text not null,
  id text not null,
  answer jsonb not null,
  at timestamptz not null default now(),
  primary key (room_id, user_id, id)
);
create index analytics_batches_age on analytics_batches (at);

create table analytics_alerts (
  room_id bigint not null references rooms on delete cascade,
  name text not null,
  rule jsonb not null,
  raised boolean not null default false,
  -- What was measured when it was last looked at; null where there was nothing to measure.
  value float8,
  -- Since when it has been otherwise than `raised` says, without a break.
  otherwise_since timestamptz,
  -- The end of the last bucket that was looked at, and why that failed, if it did.
  looked_at timestamptz not null default 'epoch',
  failure text,
  primary key (room_id, name)
);
create index analytics_alerts_due on analytics_alerts (looked_at);

-- What is to be published of alerts, once: decided and written in one transaction, published after it under this id.
create table analytics_turns (
  place bigint generated always as identity primary key,
  id uuid not null default gen_random_uuid(),
  room_id bigint not null references rooms on delete cascade,
  payload jsonb not null
);
create index analytics_turns_room on analytics_turns (room_id);

do $$
declare
  made text;
begin
  foreach made in array
    array['analytics_rooms', 'analytics_series', 'analytics_batches', 'analytics_alerts', 'analytics_turns']
  loop
    execute format('create trigger refuse_deleted_room before insert on %I
      for each row execute function refuse_deleted_room()', made);
  end loop;
end $$;
