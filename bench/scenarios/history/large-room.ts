import type { Bench } from '../../bench.ts'
import { DATABASE } from './room.ts'

/** A room with as many slices as a million entries make: a year of working days. */
export const LARGE_ROOM = 'doc:million'

/** Twenty thousand minutes of two people at work, fifty entries in each. */
export async function fillLargeRoom(bench: Bench): Promise<void> {
  await bench.postgres.query(
    DATABASE,
    `insert into rooms (name, kind, created_by, head) values ($1, 'doc', 'bench', 1000000)`,
    [LARGE_ROOM],
  )
  await bench.postgres.query(
    DATABASE,
    `insert into history_activity
       (room_id, first_seq, last_seq, actor, first_at, last_at, entries, inserted, deleted)
     select r.id, n * 50 + 1, n * 50 + 50, actor, t, t + interval '50 seconds', 25, 30, 10
     from rooms r, generate_series(0, 19999) n, unnest(array['ada', 'bob']) actor,
       lateral (select timestamptz '2026-01-05 09:00Z' + (n / 240) * interval '1 day' + (n % 240) * interval '90 seconds' as t)
     where r.name = $1`,
    [LARGE_ROOM],
  )
  // As autovacuum has done long before a room is a year old.
  await bench.postgres.query(DATABASE, 'analyze history_activity')
}
