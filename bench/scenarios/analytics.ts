import { randomUUID } from 'node:crypto'
import type { Bench, Scenario } from '../bench.ts'
import { Latencies } from '../load/latencies.ts'
import type { Peer } from '../peer.ts'
import { address } from './history/room.ts'

const DATABASE = 'analytics'
const WRITERS = 4
/** Points of one batch, each of another series. */
const BATCH = 100
/** Of one person, who may send 10,000 at once: then another one goes on. */
const OF_ONE = 9_000
const MINUTES = 60
/** Of a series in a minute. */
const VALUES = 5

/** What is counted over HTTP, committed before it is answered, and read again. */
export const analytics: Scenario = {
  name: 'analytics',
  title: `measures of ${WRITERS} writers over HTTP, ${BATCH} at a time, of ${BATCH} series`,
  columns: [
    { figure: 'perSecond', title: 'points/s', digits: 0 },
    { figure: 'cpu', title: 'cpu, µs a point', digits: 1 },
    { figure: 'together', title: 'points a commit', digits: 0 },
    { figure: 'answered', title: 'a batch until committed p50, ms', digits: 1 },
    { figure: 'alone', title: 'one writer alone p50, ms', digits: 1 },
    { figure: 'hour', title: `an hour of ${BATCH} series by the minute p50, ms`, digits: 1 },
  ],
  goals: [],
  run: (bench) =>
    bench.repeat(['syncline'], bench.pick(3, 1), (peer) => measured(bench, peer), { database: DATABASE }),
}

async function measured(bench: Bench, peer: Peer) {
  const room = `analytics:${randomUUID()}`
  const write = (batches: number, writers: number) => written(peer, room, batches, writers)
  await write(bench.pick(100, 20), WRITERS)
  const batches = bench.pick(2_000, 300)
  const before = await commitsOf(bench, room)
  let answered = new Latencies()
  const { cpu, ms } = await bench.measure(peer, async () => {
    answered = await write(batches, WRITERS)
  })
  const points = batches * BATCH
  const commits = (await commitsOf(bench, room)) - before
  const alone = await write(bench.pick(200, 40), 1)
  return {
    perSecond: (points * 1_000) / ms,
    cpu: (cpu * 1_000) / points,
    together: points / commits,
    answered: answered.percentile(50),
    alone: alone.percentile(50),
    hour: await hourRead(peer, bench.pick(50, 10)),
  }
}

/** How long each batch took to be answered. */
async function written(peer: Peer, room: string, batches: number, writers: number): Promise<Latencies> {
  const latencies = new Latencies()
  let left = batches
  await Promise.all(
    Array.from({ length: writers }, async () => {
      const send = sender(peer, room)
      while (left > 0) {
        left -= 1
        const measures = Array.from({ length: BATCH }, (_, n) => measureOf(n))
        const started = performance.now()
        await send(measures)
        latencies.add(performance.now() - started)
      }
    }),
  )
  return latencies
}

/** Each commit of a room counts up its number. */
async function commitsOf(bench: Bench, room: string): Promise<number> {
  const [row] = await bench.postgres.query<{ change: string }>(
    DATABASE,
    'select a.change from analytics_rooms a join rooms r on r.id = a.room_id where r.name = $1',
    [room],
  )
  return Number(row?.change ?? 0)
}

async function hourRead(peer: Peer, times: number): Promise<number> {
  const room = `analytics:${randomUUID()}`
  const send = sender(peer, room)
  const now = Date.now()
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const at = new Date(now - minute * 60_000).toISOString()
    for (let value = 0; value < VALUES; value += 1)
      await send(Array.from({ length: BATCH }, (_, n) => ({ ...measureOf(n), at })))
  }
  const query = new URLSearchParams({
    names: 'build.seconds',
    width: '60',
    from: new Date(now - MINUTES * 60_000).toISOString(),
  })
  const headers = { authorization: `Bearer ${peer.signToken('reader', { 'analytics:*': 'read' })}` }
  const latencies = new Latencies()
  for (let time = 0; time < times; time += 1) {
    const started = performance.now()
    const answer = await fetch(`${address(peer, room, 'metrics')}?${query}`, { headers })
    const { series } = (await answer.json()) as { readonly series?: readonly unknown[] }
    latencies.add(performance.now() - started)
    if (series?.length !== BATCH) throw new Error(`${room} was answered with ${answer.status}`)
  }
  return latencies.percentile(50)
}

const measureOf = (series: number) => ({
  name: 'build.seconds',
  value: 10 + Math.random() * 100,
  labels: { target: `target-${series}` },
})

/** Sends one batch after the other; what it was sent by goes on as somebody else before it is too much of one. */
function sender(peer: Peer, room: string) {
  let sent = OF_ONE
  let headers: Readonly<Record<string, string>> = {}
  return async (measures: readonly unknown[]): Promise<void> => {
    if (sent + measures.length > OF_ONE) {
      const token = peer.signToken(randomUUID(), { 'analytics:*': 'write' })
      headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      sent = 0
    }
    sent += measures.length
    const body = JSON.stringify({ id: randomUUID(), measures })
    const answer = await fetch(address(peer, room, 'metrics'), { method: 'POST', headers, body })
    const { counted } = (await answer.json()) as { readonly counted?: number }
    if (counted !== measures.length) throw new Error(`a batch was answered with ${answer.status}`)
  }
}
