-- Who was last seen when. Who is here now is known to whoever has their connections; this is what is left of it afterwards.
create table people_seen (
  user_id text primary key,
  -- In the token with which they came last.
  name text not null,
  device text,
  -- Renewed while they are connected, so that a server that is killed leaves it right to half a minute.
  seen_at timestamptz not null
) with (fillfactor = 70);

-- Who has been in which room, and when they last came in: two who have been in one room may know of each other.
create table room_people (
  room_id bigint not null references rooms on delete cascade,
  user_id text not null,
  came_at timestamptz not null,
  primary key (room_id, user_id)
);
create index room_people_user on room_people (user_id, came_at desc);
create index room_people_age on room_people (came_at);
create trigger refuse_deleted_room before insert on room_people
for each row execute function refuse_deleted_room();
