-- What was restored in each room, so that who asks for the same again, perhaps since they were told of an error after the
-- edit had been committed, does not get it twice. Written before the edit, which may not come about.
create table restores (
  room_id bigint not null references rooms on delete cascade,
  -- SHA-256 of what was asked for.
  target bytea not null,
  -- The Yjs client id that the edit is written under, and nothing else: what it has in the document is the restore.
  client bigint not null,
  at timestamptz not null default now(),
  primary key (room_id, target, client)
);
create trigger refuse_deleted_room before insert on restores
for each row execute function refuse_deleted_room();
