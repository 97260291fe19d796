-- Notifications that wait to be told together. Of a person and a category one window is open at a time. Once it is closed
-- nothing joins it any more, so what is made of it is the same however often it is made.
create table digest_windows (
  id bigint generated always as identity primary key,
  -- The inbox.
  room_id bigint not null,
  category text not null,
  closes_at timestamptz not null,
  closed boolean not null default false
);
create unique index digest_windows_open on digest_windows (room_id, category) where not closed;
create index digest_windows_due on digest_windows (closes_at) where not closed;
create index digest_windows_closed on digest_windows (id) where closed;

-- Kept for a while after they were told: a backend that sends one again is not to be told of it twice.
create table digest_items (
  room_id bigint not null,
  -- The notification's.
  id text not null,
  place bigint generated always as identity,
  window_id bigint not null,
  payload jsonb not null,
  at timestamptz not null default now(),
  primary key (room_id, id)
);
create index digest_items_window on digest_items (window_id, place);
create index digest_items_old on digest_items (at);

do $$
declare
  made text;
begin
  foreach made in array
    array['notifications', 'inboxes', 'notification_preferences', 'project_members', 'digest_windows', 'digest_items']
  loop
    execute format('create trigger refuse_deleted_room before insert on %I
      for each row execute function refuse_deleted_room()', made);
  end loop;
end $$;
