-- What messages between nodes are signed with (server/cluster/seal.ts).
insert into secrets
values ('cluster', decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
