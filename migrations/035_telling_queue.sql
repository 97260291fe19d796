-- Events of which somebody is to be told elsewhere. They are handed on from event_queue, in the transaction that has made of them
-- what is kept in tables: telling takes as long as other rooms take to commit, and what was said in a chat of who belongs to it
-- must not wait for that.
create table telling_queue (
  room_id bigint not null references rooms on delete cascade,
  seq bigint not null,
  primary key (room_id, seq)
);
create trigger refuse_deleted_room before insert on telling_queue for each row execute function refuse_deleted_room();
