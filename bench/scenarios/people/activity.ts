import { API_PREFIX, type Grants } from '../../../server/protocol.ts'
import type { Bench, Figures, Scenario } from '../../bench.ts'
import type { Peer } from '../../peer.ts'
import { get, timed, using } from '../history/room.ts'

const DATABASE = 'activity'
const PROJECT = 'large'
const ACTIVITIES = 1_000_000
const DOCUMENTS = 1_000
const BUILDS = 40_000

/** Rooms, and what their builds are called. */
const ROOMS = `
  insert into rooms (name, kind, created_by, title, head)
  select 'doc:' || n, 'doc', 'bench', 'Document ' || n, 1000000 from generate_series(1, ${DOCUMENTS}) n
  union all select 'build:' || n, 'build', 'bench', null, 10 from generate_series(1, ${BUILDS}) n
  union all select 'project:${PROJECT}', 'project', 'bench', null, 1000000`
const TITLES = `
  insert into room_events (room_id, seq, at, actor, type, id, payload, size)
  select id, 1, now(), 'ci', 'build.created', 'created', jsonb_build_object('title', 'Nightly ' || id), 30
  from rooms where kind = 'build'`

/** Two years of fifty people: editing and comments in documents, tasks, builds; words as people use them, few often, most seldom. */
const FILL = `
  insert into activities (project_id, room_id, room, kind, seq, last_seq, actor, type, at, until, text, entries, inserted, deleted, change)
  select p.id, r.id, r.name, r.kind, n, n, 'person-' || (n * 2654435761 % 1000003 % 50), t.type,
    timestamptz '2026-01-01Z' - n * interval '1 minute', timestamptz '2026-01-01Z' - n * interval '1 minute',
    case when t.type = 'edited' then '' else said.words || case when n % 50000 = 500 then ' zebra' else '' end end,
    5, 60, 7, ${ACTIVITIES} - n
  from generate_series(1, ${ACTIVITIES}::bigint) n
    cross join lateral (select case n % 10 when 0 then 'project.task.created' when 1 then 'comment.created' when 2 then 'build.created'
      when 3 then 'build.completed' when 4 then case when n % 100 = 4 then 'build.failed' else 'build.started' end
      else 'edited' end as type) t
    cross join lateral (select string_agg('word' || floor(5000 * power(random(), 4))::int, ' ') as words
      from generate_series(1, 8 + n % 3)) said
    join rooms r on r.name = case when t.type like 'build.%' then 'build:' || (n / 10 * 2654435761 % ${BUILDS} + 1)
      when t.type = 'project.task.created' then 'project:${PROJECT}' else 'doc:' || (n / 3 * 40503 % ${DOCUMENTS} + 1) end
    cross join activity_projects p where p.room = 'project:${PROJECT}'`

async function fill(bench: Bench): Promise<void> {
  const query = (sql: string) => bench.postgres.query(DATABASE, sql)
  await query(ROOMS)
  await query(TITLES)
  await query(`insert into activity_projects (room, changes) values ('project:${PROJECT}', ${ACTIVITIES})`)
  // Each row would ask whether its room was deleted.
  await query(`set session_replication_role = replica; ${FILL}`)
  await query(
    `insert into people (id, name) select 'person-' || n, 'Person ' || n from generate_series(0, 49) n`,
  )
  // As autovacuum has done long before.
  for (const table of ['activities', 'rooms', 'room_events', 'people']) await query(`vacuum analyze ${table}`)
  const [row] = await bench.postgres.query<{ bytes: string }>(
    DATABASE,
    `select pg_total_relation_size('activities') as bytes`,
  )
  bench.log(`  ${(Number(row?.bytes) / 1024 / 1024).toFixed(0)} MiB of activities`)
}

const QUESTIONS = {
  page: {},
  deep: { until: '2025-01-01T00:00:00Z' },
  person: { person: 'person-7' },
  rare: { type: 'build.failed', person: 'person-8' },
  common: { q: 'word1' },
  seldom: { q: 'zebra' },
  between: { q: 'word2500 word1' },
} as const

/** Of a million activities. */
export const activity: Scenario = {
  name: 'people-activity',
  title: 'a page of 50 of a project with a million activities, over HTTP',
  columns: [
    { figure: 'page', title: 'newest, ms', digits: 1 },
    { figure: 'deep', title: 'a year ago, ms', digits: 1 },
    { figure: 'person', title: 'of a person, ms', digits: 1 },
    { figure: 'rare', title: 'of a person and a rare type, ms', digits: 1 },
    { figure: 'named', title: 'of 100 rooms that one may read, ms', digits: 1 },
    { figure: 'kinds', title: 'of kinds that are rare in it, ms', digits: 1 },
    { figure: 'common', title: 'a common word, ms', digits: 1 },
    { figure: 'seldom', title: 'a rare word, ms', digits: 1 },
    { figure: 'between', title: 'two words, ms', digits: 1 },
    { figure: 'since', title: 'what is new, ms', digits: 1 },
    { figure: 'summary', title: 'summary of 30 days, ms', digits: 0 },
    { figure: 'all', title: 'summary of the newest 100,000, ms', digits: 0 },
  ],
  goals: ['page', 'deep', 'person', 'rare', 'named', 'kinds', 'common', 'seldom', 'between', 'since'].map(
    (figure) => ({
      figure,
      atMost: 50,
    }),
  ),
  run: async (bench) => {
    // The first start makes the tables.
    await using(bench, { database: DATABASE }, async () => undefined)
    await fill(bench)
    const figures = await using(bench, { database: DATABASE }, (peer) => asked(bench, peer))
    bench.log(`  ${JSON.stringify(figures)}`)
    return new Map([['syncline', figures]])
  },
}

async function asked(bench: Bench, peer: Peer): Promise<Figures> {
  const root = `${new URL(peer.address.replace(/^ws/, 'http')).origin}${API_PREFIX}/projects/${PROJECT}/activity`
  const times = bench.pick(50, 10)
  const figures: Record<string, number> = {}
  const all = peer.signToken('reader', { '*:*': 'write' })
  const named: Grants = {
    [`project:${PROJECT}`]: 'read',
    ...Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`doc:${index * 10 + 1}`, 'write' as const]),
    ),
  }
  const ask = async (query: Readonly<Record<string, string>>, token = all, path = '') =>
    JSON.parse(
      Buffer.from(await get({ ...peer, token }, `${root}${path}?${new URLSearchParams(query)}`)).toString(),
    ) as { readonly items?: readonly unknown[]; readonly now: string }
  for (const [figure, query] of Object.entries(QUESTIONS)) {
    const { items = [] } = await ask(query)
    bench.log(`  ${figure}: ${items.length} found`)
    figures[figure] = await timed(times, () => ask(query))
  }
  const some = peer.signToken('guest', named)
  figures.named = await timed(times, () => ask({}, some))
  const rare = peer.signToken('viewer', { 'project:*': 'read', 'idea:*': 'write', 'doc:1': 'write' })
  figures.kinds = await timed(times, () => ask({}, rare))
  const { now } = await ask({})
  figures.since = await timed(times, () => ask({ since: now }))
  figures.summary = await timed(bench.pick(10, 3), () =>
    ask({ by: 'person', from: '2025-12-01T00:00:00Z' }, all, '/summary'),
  )
  figures.all = await timed(bench.pick(10, 3), () => ask({ by: 'person' }, all, '/summary'))
  return figures
}
