-- What people are told: made of the events of their rooms `user:…` by the followers of server/notifications, and could be
-- made again from these. What a notification says stands in its event alone.
create table notifications (
  room_id bigint not null,
  seq bigint not null,
  read boolean not null default false,
  archived boolean not null default false,
  primary key (room_id, seq)
) with (fillfactor = 80);
-- A page of each list, and what is counted, read nothing else.
create index notifications_kept on notifications (room_id, seq) where not archived;
create index notifications_unread on notifications (room_id, seq) where not read and not archived;
create index notifications_archived on notifications (room_id, seq) where archived;

create table inboxes (
  room_id bigint primary key,
  -- Only ever moved forward: so the order in which devices say it does not matter.
  seen_until bigint not null
);

-- What differs from how it is without a word.
create table notification_preferences (
  room_id bigint not null,
  about text not null check (about in ('way', 'digest', 'muted')),
  -- A category, or the name of a room.
  key text not null,
  value text not null,
  primary key (room_id, about, key)
);

-- Who is told when something of a project fails.
create table project_members (
  room_id bigint not null,
  user_id text not null,
  primary key (room_id, user_id)
);
