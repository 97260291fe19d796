-- Rooms that cannot be opened.

alter table rooms
  -- Since when nobody may open the room, and why; `syncline verify --room NAME --release` ends it.
  add column quarantined_at timestamptz,
  add column quarantine_reason text;

-- Loads that have begun and not ended. A room whose load took its process with it stays here, and the next load is
-- tried in a process of its own first. Not a column of the room: its row is locked while edits are committed.
create table room_loads (
  room_id bigint primary key,
  begun_at timestamptz not null default now()
);
