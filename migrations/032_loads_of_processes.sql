-- Which process is opening a room: the second key of the advisory lock that it holds for as long as it lives
-- (server/storage/life-sign.ts). 0 for one of an earlier version, which holds none.
alter table room_loads add column process int not null default 0;
alter table room_loads drop constraint room_loads_pkey, add primary key (room_id, process);
