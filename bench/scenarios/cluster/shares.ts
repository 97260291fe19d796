import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { type Bench, type Figures, median, type Scenario } from '../../bench.ts'
import { Client } from '../../load/client.ts'
import { pace, until } from '../../load/pace.ts'
import { cpuOf } from '../../peer.ts'
import type { Postgres } from '../../postgres.ts'
import { type Nodes, withNodes } from './nodes.ts'

const ROOMS = 40
/** Edits a second, over all rooms. */
const RATE = 400
const WARM_UP = 1
const DATABASE = 'syncline'
const NODES = 2

/** Two nodes have each room: the one that its writer is on, and another. Each has one reader of it. */
export const shares: Scenario = {
  name: 'cluster-shares',
  title: `what an edit takes of each part: ${ROOMS} rooms open on two nodes, ${RATE} edits/s together`,
  columns: [
    { figure: 'home', title: "the writer's node, µs", digits: 1 },
    { figure: 'elsewhere', title: 'another node with the room, µs', digits: 1 },
    { figure: 'postgres', title: 'Postgres, µs', digits: 1 },
    { figure: 'redis', title: 'Redis, µs', digits: 1 },
    { figure: 'wal', title: 'write-ahead log, bytes', digits: 0 },
    { figure: 'head', title: 'a head read by the watch, µs', digits: 2 },
    { figure: 'connections', title: "a node's connections to Postgres", digits: 0 },
  ],
  goals: [],
  run: (bench) =>
    withNodes(bench, 'syncline', async (nodes) => {
      // What a node compiles while it is young is not what an edit takes.
      await typing(bench, nodes, bench.pick(10, 2))
      const rounds: Figures[] = []
      for (let round = 0; round < bench.pick(3, 1); round += 1) {
        const figures = await bench.each(['syncline'], () => typing(bench, nodes, bench.pick(5, 2)))
        rounds.push(figures.get('syncline') ?? {})
      }
      const connections = (await clients(bench.postgres)) / NODES
      return new Map([['syncline', { ...middle(rounds), connections, head: await headRead(bench.postgres) }]])
    }),
}

async function typing(bench: Bench, { here, there, redis }: Nodes, seconds: number): Promise<Figures> {
  const rooms = Array.from({ length: ROOMS }, () => `doc:${randomUUID()}`)
  const writers: Client[] = []
  const readers: Client[] = []
  let seen = 0
  for (const room of rooms) {
    writers.push(await Client.open(here, room))
    for (const reader of await Promise.all([Client.open(here, room), Client.open(there, room)])) {
      readers.push(reader)
      reader.onTyped = (_, __, length) => {
        seen += length
      }
    }
  }
  let typed = 0
  const type = async (duration: number): Promise<void> => {
    await pace(RATE, duration, () => {
      writers[typed % ROOMS]?.type()
      typed += 1
    })
    await until(() => seen === typed * 2)
  }
  await type(WARM_UP)
  const before = {
    typed,
    elsewhere: there.cpu(),
    redis: cpuOf(redis.pid ?? 0),
    ...(await spent(bench.postgres)),
  }
  const { cpu } = await bench.measure(here, () => type(seconds))
  const edits = typed - before.typed
  const after = { elsewhere: there.cpu(), redis: cpuOf(redis.pid ?? 0), ...(await spent(bench.postgres)) }
  await Promise.all([...writers, ...readers].map((client) => client.close()))
  const each = (ms: number): number => (ms * 1000) / edits
  return {
    home: each(cpu),
    elsewhere: each(after.elsewhere - before.elsewhere),
    postgres: each(since(before.processes, after.processes)),
    redis: each(after.redis - before.redis),
    wal: (after.wal - before.wal) / edits,
  }
}

/** Of all Postgres' processes, and the end of its write-ahead log. */
async function spent(
  postgres: Postgres,
): Promise<{ readonly processes: ReadonlyMap<number, number>; readonly wal: number }> {
  const rows = await postgres.query<{ pid: number; wal: string }>(
    DATABASE,
    `select pid, pg_current_wal_insert_lsn() - '0/0' as wal from pg_stat_activity where pid <> pg_backend_pid()`,
  )
  return {
    processes: new Map(rows.map(({ pid }) => [pid, cpuOf(pid)])),
    wal: Number(rows[0]?.wal),
  }
}

const HEADS = 10_000
const TIMES = 20

/** What Postgres takes to tell one of many heads, as the nodes ask once a second for those of their open rooms. */
async function headRead(postgres: Postgres): Promise<number> {
  const client = new pg.Client(await postgres.url(DATABASE))
  await client.connect()
  try {
    await client.query(
      `create temp table heads as select n as id, n as head from generate_series(1, ${HEADS}) n`,
    )
    await client.query('create unique index on heads (id)')
    await client.query('analyze heads')
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const pid = rows[0]?.pid ?? 0
    const asked = Array.from({ length: HEADS }, (_, index) => index + 1).join()
    const ask = () =>
      client.query('select id::float8, head::float8 from heads where id = any($1::bigint[])', [`{${asked}}`])
    await ask()
    const before = cpuOf(pid)
    for (let time = 0; time < TIMES; time += 1) await ask()
    return ((cpuOf(pid) - before) * 1000) / (HEADS * TIMES)
  } finally {
    await client.end()
  }
}

async function clients(postgres: Postgres): Promise<number> {
  const [row] = await postgres.query<{ count: number }>(
    DATABASE,
    `select count(*)::int as count from pg_stat_activity
     where datname = $1 and backend_type = 'client backend' and pid <> pg_backend_pid()`,
    [DATABASE],
  )
  return row?.count ?? Number.NaN
}

const since = (before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number =>
  [...after].reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0)

function middle(rounds: readonly Figures[]): Figures {
  const names = Object.keys(rounds[0] ?? {})
  return Object.fromEntries(
    names.map((name) => [name, median(rounds.map((round) => round[name] ?? Number.NaN))]),
  )
}
