-- What a browser's EventSource, which can send no header, names in the address instead of a token. Kept here, and not
-- in memory, so that a stream comes back by itself after a restart, or on another node.
create table event_tickets (
  -- SHA-256 of its name: who reads this table holds no ticket.
  hash bytea primary key,
  room text not null,
  user_id text not null,
  -- As the token proved it.
  identity jsonb not null,
  made_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null
);
create index event_tickets_user on event_tickets (user_id, made_at);
create index event_tickets_expiry on event_tickets (expires_at);
