-- What was written over HTTP under an Idempotency-Key. The edit is kept before it is made: whoever asks again, here or on
-- another node, after any crash, makes the very same edit, which Yjs takes once. Once its answer is known it is forgotten.
create table keyed_writes (
  room_id bigint not null references rooms on delete cascade,
  -- SHA-256 of who wrote and the key.
  key bytea not null,
  -- SHA-256 of what was asked for.
  request bytea not null,
  -- The position that the edit was made for, and the Yjs client id that it is written under.
  head bigint not null,
  client bigint not null,
  edit bytea,
  -- Of the document that it was made for, where nobody else may have written in that.
  fingerprint text,
  -- The answer, once it is known.
  seq bigint,
  changed boolean not null,
  at timestamptz not null default now(),
  primary key (room_id, key)
);
create index on keyed_writes (at);
create trigger refuse_deleted_room before insert on keyed_writes
for each row execute function refuse_deleted_room();
