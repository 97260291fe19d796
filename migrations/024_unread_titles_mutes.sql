-- Unread messages are counted without looking at any: what others said after a position and was deleted is added to the number
-- that is kept with it, as it is deleted. So `number` and `joined_number` are of the messages that are not to be read any more.

create function count_deleted_messages() returns trigger language plpgsql as $$
begin
  -- A position that is moved at the same moment waits for this, and counts it; or this waits for it, and finds it moved.
  perform from chats where room_id in (
    select room_id from after join before using (room_id, seq) where after.deleted_at is not null and before.deleted_at is null
  ) order by room_id for no key update;
  if not found then return null; end if;
  with gone as (
    select room_id, seq, after.author from after join before using (room_id, seq)
    where after.deleted_at is not null and before.deleted_at is null
  ), joined as (
    update chat_members m set joined_number = joined_number + d.count
    from (select m.room_id, m.user_id, count(*) from gone join chat_members m using (room_id)
          where gone.seq > m.joined_seq and gone.author <> m.user_id group by 1, 2) d
    where m.room_id = d.room_id and m.user_id = d.user_id
  )
  update read_positions p set number = number + d.count
  from (select p.room_id, p.user_id, count(*) from gone join read_positions p using (room_id)
        where gone.seq > p.seq and gone.author <> p.user_id group by 1, 2) d
  where p.room_id = d.room_id and p.user_id = d.user_id;
  return null;
end $$;
create trigger count_deleted_messages after update on chat_messages
  referencing old table as before new table as after for each statement execute function count_deleted_messages();

-- Forward only, and never past what is there. No row where there is no such room.
create function move_read_position(room_name text, reader text, wanted bigint)
returns table (now_at bigint, moved boolean) language plpgsql as $$
declare
  room record;
  late boolean;
begin
  select id, least(wanted, head) as seq into room from rooms where name = room_name and deleted_at is null;
  if not found then return; end if;
  perform from chats where room_id = room.id for share;
  -- What is still to be followed is not counted yet: these numbers are looked up when they are asked for.
  late := exists (select from event_queue q where q.room_id = room.id and q.seq <= room.seq);
  insert into read_positions as p (room_id, user_id, seq, number, own_number)
  select room.id, reader, room.seq, n.number, n.own_number from (select
    coalesce((select m.number from chat_messages m where m.room_id = room.id and m.seq <= room.seq order by m.seq desc limit 1), 0)
      + (select count(*) from chat_messages m
         where m.room_id = room.id and m.seq > room.seq and m.deleted_at is not null and m.author <> reader) as number,
    coalesce((select m.own_number from chat_messages m
              where m.room_id = room.id and m.author = reader and m.seq <= room.seq order by m.seq desc limit 1), 0) as own_number
  ) n where not late
  union all select room.id, reader, room.seq, null, null where late
  on conflict (room_id, user_id) do update
  set seq = excluded.seq, number = excluded.number, own_number = excluded.own_number
  where p.seq < excluded.seq;
  moved := found;
  select p.seq into now_at from read_positions p where p.room_id = room.id and p.user_id = reader;
  return next;
end $$;

update chat_members m set joined_number = joined_number + (
  select count(*) from chat_messages c
  where c.room_id = m.room_id and c.seq > m.joined_seq and c.deleted_at is not null and c.author <> m.user_id);
update read_positions p set number = number + (
  select count(*) from chat_messages c
  where c.room_id = p.room_id and c.seq > p.seq and c.deleted_at is not null and c.author <> p.user_id)
where number is not null;

-- What a room is called: its document's title, or what its events have last called it. Type by type, each by its index: a build may
-- have a million lines of a log.
create function room_title(room rooms) returns text language sql stable as $$
  select coalesce(room.title, (
    select newest.title
    from unnest(array['.created', '.updated', '.renamed']) suffix cross join lateral (
      select e.seq, e.payload ->> 'title' as title from room_events e
      where e.room_id = room.id and e.type = room.kind || suffix and e.payload ? 'title'
      order by e.seq desc limit 1) newest
    order by newest.seq desc limit 1))
$$;

-- A chat is muted where every room is: in its person's inbox. `chat_members.muted` is read by nodes of an earlier version only.
insert into notification_preferences (room_id, about, key, value)
select inbox.id, 'muted', chat.name, 'true'
from chat_members m join rooms chat on chat.id = m.room_id join rooms inbox on inbox.name = 'user:' || m.user_id
where m.muted and inbox.deleted_at is null
on conflict do nothing;
