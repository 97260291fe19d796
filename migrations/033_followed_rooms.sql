-- An id is free again once retention has dropped its event: of the message nothing is left but its place.
create unique index chat_messages_id on chat_messages (room_id, id) where deleted_at is null;
alter table chat_messages drop constraint chat_messages_room_id_id_key;

-- As in 024, but it waits for nobody: whoever follows this room holds the chat until what follows of it is published, which takes a connection
-- as those do who move what they have read. What they count meanwhile is looked up when it is asked for.
create or replace function move_read_position(room_name text, reader text, wanted bigint)
returns table (now_at bigint, moved boolean) language plpgsql as $$
declare
  room record;
  late boolean;
begin
  select id, least(wanted, head) as seq into room from rooms where name = room_name and deleted_at is null;
  if not found then return; end if;
  perform from chats where room_id = room.id for share skip locked;
  late := not found and exists (select from chats where room_id = room.id);
  -- What is still to be followed is not counted yet: these numbers are looked up when they are asked for.
  late := late or exists (select from event_queue q where q.room_id = room.id and q.seq <= room.seq);
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

-- What is deleted in a room is deleted from what waits to be told of it, event by event.
create index webhook_deliveries_event on webhook_deliveries (room_id, seq);
drop index webhook_deliveries_room;
-- What was given up is looked for when something is wrong, among all that went well.
create index webhook_deliveries_failed on webhook_deliveries (webhook_id, number) where next_at is null and delivered_at is null;
