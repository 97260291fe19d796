-- What was taken away, and who took it.

-- A token issued at or before `at` is worth nothing for this person (null: for anybody) in this room (null: in
-- any). One row each, raised by the next revocation of the same: so the table, which every node keeps in memory,
-- is as long as the list of those who were ever revoked, and not of the acts.
create table revocations (
  user_id text,
  room text,
  at timestamptz not null,
  check (user_id is not null or room is not null),
  unique nulls not distinct (user_id, room)
);
-- Every node asks twice a second for the newest.
create index revocations_at on revocations (at);

-- Every administrative act, written in the transaction of the act itself.
create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  actor text not null,
  act text not null,
  subject text not null,
  details jsonb not null default '{}'
);
