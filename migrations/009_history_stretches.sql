-- Stretches of history_activity as one row each: up to a quarter of an hour (level 1), those up to two hours (2) and those
-- up to sixteen (3). A page of sessions is grouped out of these, and only where one begins or ends inside a stretch is that
-- read in its parts. Made from history_activity, and made again where missing.
create table history_stretches (
  room_id bigint not null references rooms on delete cascade,
  level smallint not null,
  first_seq bigint not null,
  last_seq bigint not null,
  -- Times in ms since the epoch, as they are reckoned with. When its first part began and its last one ended; clocks go
  -- back now and then, so some of it may have been earlier or later.
  began_at double precision not null,
  ended_at double precision not null,
  first_at double precision not null,
  last_at double precision not null,
  -- The longest pause within it, and the one before it, in ms; infinity before the first of the room.
  pause double precision not null,
  pause_before double precision not null,
  -- By person: first_at, last_at, entries, inserted, deleted.
  people jsonb not null,
  primary key (room_id, level, first_seq)
) with (fillfactor = 80); -- the newest ones grow as people type

create trigger refuse_deleted_room before insert on history_stretches
for each row execute function refuse_deleted_room();
