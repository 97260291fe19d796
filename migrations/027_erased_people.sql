-- People who were erased: what they are called is gone for good, whatever is remembered of them later, on whichever node.
alter table people add column erased_at timestamptz;

create function keep_erased_name() returns trigger language plpgsql as $$
begin
  return null;
end $$;
create trigger keep_erased_name before update on people
for each row when (old.erased_at is not null) execute function keep_erased_name();

-- A connection that is being cut is noted a moment after the erasure, with its name.
create function refuse_erased_name() returns trigger language plpgsql as $$
begin
  if exists (select from people where id = new.user_id and erased_at is not null) then return null; end if;
  return new;
end $$;
create trigger refuse_erased_name before insert on people_seen
for each row execute function refuse_erased_name();

-- And so is who came into a room just before.
create function refuse_erased_arrival() returns trigger language plpgsql as $$
begin
  if exists (select from people where id = new.user_id and erased_at >= new.came_at) then return null; end if;
  return new;
end $$;
create trigger refuse_erased_arrival before insert on room_people
for each row execute function refuse_erased_arrival();
