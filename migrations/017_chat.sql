-- Chats as they are read: who belongs to them, what was said, and who has read how far. All but the read positions, the
-- mutes and the blocks is made of events, by the follower of server/chat, and could be made again.

create table chats (
  room_id bigint primary key references rooms on delete cascade,
  title text,
  -- Of two people, for good.
  direct boolean not null,
  created_by text not null,
  created_at timestamptz not null,
  messages bigint not null default 0,
  -- The position of the last one.
  last_seq bigint not null default 0
);

create table chat_members (
  room_id bigint not null references rooms on delete cascade,
  user_id text not null,
  -- The role in the room; a token's grants may make it less.
  role text not null,
  -- What was said before is seen, but was never unread.
  joined_seq bigint not null,
  -- How many messages there were then, and how many of their own among them.
  joined_number bigint not null default 0,
  joined_own bigint not null default 0,
  -- How many messages they have said.
  said bigint not null default 0,
  -- Since then somebody who was here.
  left_seq bigint,
  -- Tells nobody of it: no notifications. It is not undone by leaving.
  muted boolean not null default false,
  -- Every node asks what has changed: a role counts within a second.
  changed_at timestamptz not null default clock_timestamp(),
  primary key (room_id, user_id)
);
create index chat_members_user on chat_members (user_id) where left_seq is null;
create index chat_members_changed on chat_members (changed_at);

-- Messages of rooms of any kind: a document may be talked about in its own room.
create table chat_messages (
  room_id bigint not null references rooms on delete cascade,
  seq bigint not null,
  -- Which of the room's messages it is, from 1: how many there are between two positions is a subtraction.
  number bigint not null,
  id text not null,
  author text not null,
  -- Which of its author's in the room it is.
  own_number bigint not null,
  at timestamptz not null,
  text text not null,
  answers text,
  mentions text[] not null default '{}',
  links jsonb not null default '[]',
  edited_at timestamptz,
  -- The seqs of the edits, whose texts go with the message.
  edits bigint[] not null default '{}',
  -- Then it says nothing any more.
  deleted_at timestamptz,
  -- `simple`: people write in whatever language they like, and names are no words to be stemmed.
  words tsvector not null generated always as (to_tsvector('simple', text)) stored,
  primary key (room_id, seq) include (number),
  unique (room_id, id)
);
-- Without a list of what is pending, which each search would have to read.
create index chat_messages_words on chat_messages using gin (words) with (fastupdate = off);
-- The newest of all, for a search to begin with.
create index chat_messages_at on chat_messages (at);
-- What is taken off the number of unread messages: one's own, and those that were deleted.
create index chat_messages_author on chat_messages (room_id, author, seq) include (own_number);
create index chat_messages_deleted on chat_messages (room_id, seq) include (author) where deleted_at is not null;

create table chat_reactions (
  room_id bigint not null references rooms on delete cascade,
  -- Of the message.
  seq bigint not null,
  emoji text not null,
  user_id text not null,
  -- The seq of the event, so that reactions stand in the order in which they were given.
  added_seq bigint not null,
  primary key (room_id, seq, emoji, user_id)
);

-- How far somebody has read in a room, be it a chat or not; it only ever goes forward.
create table read_positions (
  room_id bigint not null references rooms on delete cascade,
  user_id text not null,
  seq bigint not null,
  -- How many messages there are up to there, and how many of their own among them: unknown where some were still to be
  -- followed when it was moved.
  number bigint,
  own_number bigint,
  primary key (room_id, user_id)
);

-- Who does not want to be written to directly by whom. A block that was lifted stays, for the nodes to learn of it.
create table chat_blocks (
  user_id text not null,
  blocked text not null,
  active boolean not null,
  changed_at timestamptz not null default clock_timestamp(),
  primary key (user_id, blocked)
);
create index chat_blocks_changed on chat_blocks (changed_at);

create trigger refuse_deleted_room before insert on chats for each row execute function refuse_deleted_room();
create trigger refuse_deleted_room before insert on chat_members for each row execute function refuse_deleted_room();
create trigger refuse_deleted_room before insert on chat_messages for each row execute function refuse_deleted_room();
create trigger refuse_deleted_room before insert on chat_reactions for each row execute function refuse_deleted_room();
create trigger refuse_deleted_room before insert on read_positions for each row execute function refuse_deleted_room();

-- Events that retention drops take what they said with them; their numbers stay, so that counts do.
create function silence_dropped_messages() returns trigger language plpgsql as $$
begin
  with dropped as (
    update chat_messages m
    set text = '', answers = null, mentions = '{}', links = '[]', edited_at = null, edits = '{}', deleted_at = now()
    from gone where gone.type = 'chat.message' and m.room_id = gone.room_id and m.seq = gone.seq and m.deleted_at is null
    returning m.room_id, m.seq
  )
  delete from chat_reactions r using dropped where r.room_id = dropped.room_id and r.seq = dropped.seq;
  return null;
end $$;
create trigger silence_dropped_messages after delete on room_events
  referencing old table as gone for each statement execute function silence_dropped_messages();
