-- A room may have a million lines of a log and three events of another type: whoever asks for those reads only them.
-- What they weigh is summed up from here as well, without the events themselves.
create index room_events_by_type on room_events (room_id, type, seq) include (size);
