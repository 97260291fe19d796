-- Rooms that cannot be opened.

alter table rooms
  -- Loads that have begun and not ended. One that took its process with it stays counted, and the next is
  -- tried in a process of its own first.
  add column loading int not null default 0,
  -- Since when nobody may open the room, and why; `syncline verify --room NAME --release` ends it.
  add column quarantined_at timestamptz,
  add column quarantine_reason text;
