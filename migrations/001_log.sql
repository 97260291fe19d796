-- The log: one row a room, one row an entry.

create table rooms (
  id bigint generated always as identity primary key,
  name text not null unique,
  kind text not null,
  -- The last seq given out. `update rooms set head = head + n` holds the row until commit, so that seqs
  -- have no gaps and a reader never sees seq n+1 without n.
  head bigint not null default 0,
  created_at timestamptz not null default now(),
  created_by text not null,
  changed_at timestamptz not null default now(),
  -- What lists show of the document; derived from it, rebuilt with every snapshot, never read back into it.
  title text,
  editor text
) with (fillfactor = 80); -- room on the page keeps the head's updates heap-only: no index is touched

-- No foreign key to rooms: an entry is only ever inserted by the statement that has just updated its room's
-- row, and the check would cost a lock and a look-up for each keystroke.
create table room_updates (
  room_id bigint not null,
  seq bigint not null,
  at timestamptz not null,
  actor text not null,
  bytes bytea not null,
  primary key (room_id, seq)
);
-- Updates are incompressible when small and rare when large: do not spend processor time on pglz.
alter table room_updates alter column bytes set storage external;

create table room_snapshots (
  room_id bigint not null references rooms on delete cascade,
  seq bigint not null,
  at timestamptz not null default now(),
  -- zstd of the Yjs state; `hash` is the SHA-256 of the state before compression.
  state bytea not null,
  hash bytea not null,
  primary key (room_id, seq)
);
alter table room_snapshots alter column state set storage external;

-- Old updates packed together: see server/log/segment.ts for the encoding.
create table room_segments (
  room_id bigint not null references rooms on delete cascade,
  first_seq bigint not null,
  last_seq bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  bytes bytea not null,
  primary key (room_id, last_seq)
);
alter table room_segments alter column bytes set storage external;

-- One row a lane (a connection that commits batches). A batch names its number, and a lane takes each
-- number once: a batch whose outcome is unknown can be sent again, and one that arrives late does nothing.
create table log_lanes (
  id uuid primary key,
  batch bigint not null default 0,
  room_ids bigint[] not null default '{}',
  heads bigint[] not null default '{}',
  used_at timestamptz not null default now()
) with (fillfactor = 50);
