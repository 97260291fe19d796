-- There are to be none, and whoever counts them asks every minute: without it all rooms were read through.
create index rooms_quarantined on rooms (quarantined_at) where quarantined_at is not null;
