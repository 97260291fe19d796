-- What all nodes share and nobody else is told: 'cursors' seals the places at which lists go on (server/http/cursors.ts).
create table secrets (
  name text primary key,
  value bytea not null
);
insert into secrets
values ('cursors', decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
