-- What rooms weigh, for administrators' lists that are sorted by it. Counted beside the editing and never by it: a
-- row is as old as its `measured_at`, and counted again when it is looked at.
create table room_sizes (
  room_id bigint primary key references rooms on delete cascade,
  -- The room's, when it was counted: what has another by now has changed since.
  head bigint not null,
  measured_at timestamptz not null default now(),
  log_bytes bigint not null,
  -- Of the newest snapshot; null before the first.
  state_bytes bigint,
  -- Visible ones, in UTF-16 code units; null where history has not read the room yet.
  characters bigint,
  people int not null,
  -- Who wrote last, newest first.
  recent text[] not null,
  -- Whether the log has every entry up to its head.
  whole boolean not null
);
create trigger refuse_deleted_room before insert on room_sizes
for each row execute function refuse_deleted_room();

-- Of the state before compression; null in snapshots of earlier versions.
alter table room_snapshots add column bytes bigint;
