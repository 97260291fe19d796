-- Activity: what happened in the rooms of a project, as people want to read it. Made from events and from the stretches
-- of history, and made again from them where a room comes to a project later.

create table activity_projects (
  id bigint generated always as identity primary key,
  -- The project's own room, which need not be there.
  room text not null unique,
  -- The last change given out. As with a room's head, the lock of whoever writes orders them: a reader never sees
  -- change n+1 without n, and goes on from the last that it has seen.
  changes bigint not null default 0
) with (fillfactor = 80);

-- Which rooms belong to a project, as events say it.
create table activity_links (
  project_id bigint not null references activity_projects on delete cascade,
  -- By its name: it may come later.
  room text not null,
  -- Whether the project says it, or the room itself. What the project says counts.
  by_project boolean not null,
  linked boolean not null,
  -- How far what the room had before was brought into the project; null when all of it was, or when there is no link.
  copied_to bigint,
  -- The room in which it was said: what is erased says nothing any more.
  room_id bigint not null references rooms on delete cascade,
  primary key (room, project_id, by_project)
);
create index activity_links_said on activity_links (room_id);
create index activity_links_copying on activity_links (room, project_id, by_project) where copied_to is not null;

create table activities (
  id bigint generated always as identity primary key,
  project_id bigint not null,
  room_id bigint not null references rooms on delete cascade,
  room text not null,
  kind text not null,
  -- Of the event, or the first of a stretch of edits.
  seq bigint not null,
  actor text not null,
  -- Of an event its type, or `edited`.
  type text not null,
  -- When a stretch began: it never moves in the list while it grows.
  at timestamptz not null,
  until timestamptz not null,
  last_seq bigint not null,
  -- What later events call what this one made, after the family of their types; null once that was deleted.
  thing text,
  text text not null default '',
  entries int not null default 0,
  inserted bigint not null default 0,
  deleted bigint not null default 0,
  change bigint not null,
  words tsvector generated always as (to_tsvector('simple', text)) stored,
  unique (room_id, seq, actor, project_id)
) with (fillfactor = 90);
create index activities_by_time on activities (project_id, at desc, id desc);
create index activities_by_kind on activities (project_id, kind, at desc, id desc);
create index activities_by_room on activities (project_id, room, at desc, id desc);
create index activities_by_actor on activities (project_id, actor, at desc, id desc);
create index activities_by_type on activities (project_id, type, at desc, id desc);
create index activities_by_actor_and_type on activities (project_id, actor, type, at desc, id desc);
create index activities_by_change on activities (project_id, change);
create index activities_by_thing on activities (room_id, thing) where thing is not null;
create index activities_by_words on activities using gin (words) with (fastupdate = off);

create trigger refuse_deleted_room before insert on activity_links
for each row execute function refuse_deleted_room();
create trigger refuse_deleted_room before insert on activities
for each row execute function refuse_deleted_room();

-- What is shown and searched of an event: the texts of its payload.
create function activity_text(type text, payload jsonb) returns text language sql immutable as $$
  select case when type in ('comment.edited', 'comment.deleted', 'project.comment.updated', 'project.comment.deleted')
    then '' else
    left(concat_ws(' · ', payload->>'title', payload->>'name', payload->>'environment', payload->>'version',
      payload->>'message', payload->>'text', payload->>'summary', payload->>'description', payload->>'reason',
      payload->>'task', payload->>'to', payload->>'user', payload->>'room'), 2000) end
$$;

-- The projects that a room belongs to.
create function activity_projects_of(name text) returns setof bigint language sql stable as $$
  select project_id from activity_links where room = name group by project_id
  having coalesce(bool_or(linked) filter (where by_project), bool_or(linked))
$$;

-- Whoever writes of a room's activity, and whoever links the room meanwhile, do it one after the other: otherwise what
-- comes between the look at the links and the link would be in neither. Before the locks of the projects, always.
create function activity_lock(name text, exclusively boolean) returns void language plpgsql as $$
begin
  if exclusively then perform pg_advisory_xact_lock(hashtextextended('activity ' || name, 0));
  else perform pg_advisory_xact_lock_shared(hashtextextended('activity ' || name, 0));
  end if;
end $$;

create function activity_lock_projects(projects bigint[]) returns void language plpgsql as $$
begin
  perform from activity_projects where id = any(projects) order by id for no key update;
end $$;

-- Events of a room into projects: those of these types in a range. What is there stays as it is. What comments say later
-- is looked for until a position of its own.
create function activity_add_events(
  of_room bigint, name text, projects bigint[], types text[], first bigint, last bigint, said_until bigint)
returns void language plpgsql as $$
begin
  perform activity_lock_projects(projects);
  with added as (
    insert into activities (project_id, room_id, room, kind, seq, last_seq, actor, type, at, until, thing, text, change)
    select p.id, of_room, name, split_part(name, ':', 1), e.seq, e.seq, e.actor, e.type, e.at, e.at,
      case when e.type = 'project.comment.created' then 'project.comment ' || (e.payload->>'comment')
        when e.type in ('comment.created', 'comment.replied') then 'comment ' || e.id end,
      activity_text(e.type, e.payload), p.changes + row_number() over (partition by p.id order by e.seq)
    from room_events e, activity_projects p
    where e.room_id = of_room and e.type = any(types) and e.seq between first and last and p.id = any(projects)
    on conflict do nothing
    returning project_id, change
  )
  update activity_projects p set changes = a.change
  from (select project_id, max(change) as change from added group by 1) a where a.project_id = p.id;

  -- A comment says what its author says now, and nothing once it was deleted. That who deletes another's text comment may do
  -- so was asked when it was published; the ids of a project's comments are the application's, and anybody may say them.
  with said as (
    select distinct on (a.id) a.id, a.project_id, e.type like '%.deleted' as gone,
      case when e.type like '%.deleted' then '' else left(e.payload->>'text', 2000) end as text
    from room_events e join activities a on a.room_id = of_room and a.project_id = any(projects)
      and a.thing = regexp_replace(e.type, '\.[a-z]+$', ' ') || (e.payload->>'comment')
    where e.room_id = of_room and e.seq between first and said_until
      and e.type in ('comment.edited', 'comment.deleted', 'project.comment.updated', 'project.comment.deleted')
      and (e.actor = a.actor or e.type = 'comment.deleted')
    order by a.id, gone desc, e.seq desc
  ), changed as (
    update activities a
    set text = s.text, thing = case when not s.gone then a.thing end, change = p.changes + 1
    from said s, activity_projects p
    where a.id = s.id and p.id = s.project_id and (s.gone or a.text <> s.text)
    returning a.project_id
  )
  update activity_projects p set changes = changes + 1 where id in (select project_id from changed);
end $$;

-- Stretches of edits into projects, that begin in a range: one item a person. One that has grown is changed in place.
create function activity_add_edits(of_room bigint, name text, projects bigint[], first bigint, last bigint)
returns void language plpgsql as $$
begin
  perform activity_lock_projects(projects);
  with added as (
    insert into activities as a (project_id, room_id, room, kind, seq, last_seq, actor, type, at, until,
      entries, inserted, deleted, change)
    select p.id, of_room, name, split_part(name, ':', 1), s.first_seq, s.last_seq, d.actor, 'edited',
      to_timestamp((d.share->>0)::float8 / 1000), to_timestamp((d.share->>1)::float8 / 1000),
      (d.share->>2)::int, (d.share->>3)::bigint, (d.share->>4)::bigint,
      p.changes + row_number() over (partition by p.id order by s.first_seq, d.actor)
    from history_stretches s cross join jsonb_each(s.people) as d(actor, share), activity_projects p
    where s.room_id = of_room and s.level = 1 and s.first_seq between first and last and p.id = any(projects)
      and (d.share->>2)::int > 0
    on conflict (room_id, seq, actor, project_id) do update
      set until = excluded.until, last_seq = excluded.last_seq, entries = excluded.entries,
        inserted = excluded.inserted, deleted = excluded.deleted, change = excluded.change
      where a.type = 'edited' and (a.last_seq, a.until, a.entries, a.inserted, a.deleted)
        is distinct from (excluded.last_seq, excluded.until, excluded.entries, excluded.inserted, excluded.deleted)
    returning project_id, change
  )
  update activity_projects p set changes = a.change
  from (select project_id, max(change) as change from added group by 1) a where a.project_id = p.id;
end $$;

-- History writes stretches, and with them their activity.
create function activity_of_stretches() returns trigger language plpgsql as $$
declare
  written record;
  projects bigint[];
begin
  for written in
    select f.room_id, r.name, min(f.first_seq) as first from fresh f join rooms r on r.id = f.room_id
    where f.level = 1 group by 1, 2
  loop
    perform activity_lock(written.name, false);
    projects := array(select activity_projects_of(written.name));
    if projects <> '{}' then
      perform activity_add_edits(written.room_id, written.name, projects, written.first, 9223372036854775807);
    end if;
  end loop;
  return null;
end $$;
create trigger activity_of_stretches after insert on history_stretches
referencing new table as fresh for each statement execute function activity_of_stretches();

-- Brings the next piece of what a room had before its link into the project: so many events and stretches at most. Returns
-- how many; fewer when that was all, or somebody else does it. What comes meanwhile is written by whoever writes it, since
-- the link is there: what both bring is there once. To be called with the room's lock.
create function activity_copy(project bigint, name text, of_project boolean, types text[], most int)
returns int language plpgsql as $$
declare
  of_room bigint;
  reached bigint;
  upto bigint;
  found_here int := 0;
begin
  select copied_to into reached from activity_links l
  where l.room = name and l.project_id = project and l.by_project = of_project and copied_to is not null
  for update skip locked;
  if not found then return 0; end if;
  -- A room that comes later brings everything itself.
  select id into of_room from rooms where rooms.name = activity_copy.name and deleted_at is null;
  if found and project in (select activity_projects_of(name)) then
    select count(*), max(seq) into found_here, upto from (
      (select seq from room_events
       where room_id = of_room and type = any(types) and seq > reached order by seq limit most)
      union all
      (select first_seq from history_stretches
       where room_id = of_room and level = 1 and first_seq > reached order by first_seq limit most)
      order by seq limit most) piece;
    perform activity_add_events(of_room, name, array[project], types, reached + 1, upto, 9223372036854775807);
    perform activity_add_edits(of_room, name, array[project], reached + 1, upto);
  end if;
  update activity_links l set copied_to = case when found_here = most then upto end
  where l.room = name and l.project_id = project and l.by_project = of_project;
  return found_here;
end $$;

-- Takes from a project what it has of a room, unless that belongs to it by what else is said.
create function activity_unlink(project bigint, name text) returns void language sql as $$
  delete from activities
  where project_id = project and room = name and not project in (select activity_projects_of(name))
$$;

-- A link goes when the room is erased in which it was made, and then so does what it brought.
create function activity_unlinked() returns trigger language plpgsql as $$
begin
  delete from activities a using gone g
  where a.project_id = g.project_id and a.room = g.room
    and not g.project_id in (select activity_projects_of(g.room));
  return null;
end $$;
create trigger activity_unlinked after delete on activity_links
referencing old table as gone for each statement execute function activity_unlinked();

-- What retention drops of a room's events, or erasure, is not kept here.
create function activity_of_dropped_events() returns trigger language plpgsql as $$
begin
  delete from activities a using gone g
  where a.room_id = g.room_id and a.seq = g.seq and a.type <> 'edited';
  return null;
end $$;
create trigger activity_of_dropped_events after delete on room_events
referencing old table as gone for each statement execute function activity_of_dropped_events();

-- What rooms have said of themselves until now, and the projects that there are. What they had is brought by the server,
-- as that of any link.
do $$
begin
  insert into activity_projects (room)
  select name from rooms where kind = 'project' and deleted_at is null
  union
  select 'project:' || (payload->>'project') from room_events
  where type in ('build.created', 'deployment.started', 'idea.created') and length(payload->>'project') between 1 and 128;

  insert into activity_links (project_id, room, by_project, linked, copied_to, room_id)
  select p.id, p.room, true, true, 0, r.id from activity_projects p join rooms r on r.name = p.room where r.deleted_at is null
  union
  select p.id, r.name, false, true, 0, r.id
  from room_events e join rooms r on r.id = e.room_id
    join activity_projects p on p.room = 'project:' || (e.payload->>'project')
  where e.type in ('build.created', 'deployment.started', 'idea.created') and r.deleted_at is null;
end $$;
