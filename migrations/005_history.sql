-- What history reads beside the log. All of it but the named versions is made from the log, and made again from it
-- where it is missing.

-- Consecutive entries as history reads them, laid side by side and never changed: see server/history/blocks/block.ts.
create table history_blocks (
  room_id bigint not null references rooms on delete cascade,
  first_seq bigint not null,
  last_seq bigint not null,
  bytes bytea not null,
  primary key (room_id, last_seq)
);
alter table history_blocks alter column bytes set storage external;

-- What each person did in a stretch of time: sessions are groups of these, made as they are read. The stretches
-- of a room do not overlap, so that every session begins and ends at a position of its own.
create table history_activity (
  room_id bigint not null references rooms on delete cascade,
  first_seq bigint not null,
  -- Of the whole stretch, not of the person in it: up to where the room has been read.
  last_seq bigint not null,
  actor text not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  entries int not null,
  inserted bigint not null,
  deleted bigint not null,
  primary key (room_id, first_seq, actor)
) with (fillfactor = 80); -- the newest stretch grows as people type

create table versions (
  id uuid primary key default gen_random_uuid(),
  room_id bigint not null references rooms on delete cascade,
  seq bigint not null,
  -- When the position was reached; for sorting and for show.
  at timestamptz not null,
  kind text not null check (kind in ('automatic', 'named')),
  -- Why an automatic one was made: idle, size, restore or import.
  reason text,
  title text,
  description text,
  author text not null,
  pinned boolean not null default false,
  created_at timestamptz not null default now()
);
create index versions_of_room on versions (room_id, seq desc, id desc);
create unique index versions_automatic on versions (room_id, seq, reason) where kind = 'automatic';
