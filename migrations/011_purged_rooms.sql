-- A purge takes the name off a tombstone and leaves the rest of it, so that whoever has the room open by its id,
-- on whichever node, is still told that it was deleted. A row that is missing never says that: it may be that the
-- database was restored from before the room was made.
alter table rooms alter column name drop not null;

-- Every node asks twice a second which rooms were deleted, and which are erased.
create index rooms_deleted on rooms (greatest(deleted_at, erased_at)) where deleted_at is not null;
