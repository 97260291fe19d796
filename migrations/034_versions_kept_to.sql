-- Up to where a room's versions were kept by themselves, where the last of those is none any more: somebody has named or
-- deleted it. Without it, it was kept again by whoever looked at the list next.
create table versions_kept_to (
  room_id bigint primary key references rooms on delete cascade,
  seq bigint not null
);
create trigger refuse_deleted_room before insert on versions_kept_to for each row execute function refuse_deleted_room();
