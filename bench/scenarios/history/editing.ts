import { randomUUID } from 'node:crypto'
import { type Bench, median, type Scenario } from '../../bench.ts'
import { Client } from '../../load/client.ts'
import { Latencies } from '../../load/latencies.ts'
import { pace, until } from '../../load/pace.ts'
import { startReaders } from '../../load/readers.ts'
import { type } from '../../load/recording.ts'
import { file, type Peer } from '../../peer.ts'
import { recording } from '../recording.ts'
import { address, ROOM, using, writeRoom } from './room.ts'

const WITHOUT = file('./peers/without-history.ts')

/** What history costs those who edit. */
export const editing: Scenario = {
  name: 'history-editing',
  title: 'what history costs those who edit',
  columns: [
    { figure: 'speed', title: 'time to type with history, % of without', digits: 1 },
    { figure: 'live', title: 'live p99 while 4 read, × alone', digits: 2 },
  ],
  goals: [
    { figure: 'speed', atMost: 105 },
    { figure: 'live', atMost: 1.5 },
  ],
  run: async (bench) => {
    const updates = await recording(bench)
    const speed = await typingSpeed(bench, updates)
    await writeRoom(bench)
    const live = await using(bench, {}, (peer) => latencyRatio(bench, peer, updates.length))
    return new Map([['syncline', { speed, live }]])
  },
}

/** With history against without, in turns, so that a slow minute meets both. */
async function typingSpeed(bench: Bench, updates: readonly Uint8Array[]): Promise<number> {
  const part = updates.slice(0, bench.pick(80_000, 15_000))
  const times = { with: [] as number[], without: [] as number[] }
  for (let round = 0; round < bench.pick(5, 2); round += 1) {
    for (const which of round % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const)) {
      const program = which === 'without' ? { program: WITHOUT } : {}
      const ms = await using(bench, { database: 'history_speed', ...program }, async (peer) => {
        const started = performance.now()
        await type(peer, `doc:${randomUUID()}`, part)
        return performance.now() - started
      })
      times[which].push(ms)
      bench.log(`  ${which} history: ${part.length} edits in ${(ms / 1000).toFixed(2)} s`)
    }
  }
  return (median(times.with) / median(times.without)) * 100
}

const READERS = 20
const RATE = 20

/** How much longer 99 of 100 edits take to be seen by others while four people read the past without pause. */
async function latencyRatio(bench: Bench, peer: Peer, head: number): Promise<number> {
  const alone: number[] = []
  const beside: number[] = []
  for (let round = 0; round < bench.pick(4, 2); round += 1) {
    alone.push(await liveLatency(bench, peer))
    const url = address(peer, ROOM, 'content')
    const stop = startReaders({ url, token: peer.token, head, people: 4 })
    beside.push(await liveLatency(bench, peer))
    bench.log(`  ${await stop()} positions read meanwhile`)
  }
  bench.log(`  live p99 ${median(alone).toFixed(2)} ms alone, ${median(beside).toFixed(2)} ms beside readers`)
  return median(beside) / median(alone)
}

async function liveLatency(bench: Bench, peer: Peer): Promise<number> {
  const room = `doc:${randomUUID()}`
  const writer = await Client.open(peer, room)
  const readers = await Promise.all(Array.from({ length: READERS }, () => Client.open(peer, room)))
  const latencies = new Latencies()
  for (const reader of readers) {
    reader.onTyped = (_, clock, length) => {
      const now = performance.now()
      for (let i = clock; i < clock + length; i += 1) latencies.add(now - (writer.sentAt[i] ?? now))
    }
  }
  await pace(RATE, 2, () => writer.type())
  await until(() => latencies.count === writer.typed * READERS)
  latencies.clear()
  const before = writer.typed
  await pace(RATE, bench.pick(15, 5), () => writer.type())
  await until(() => latencies.count === (writer.typed - before) * READERS)
  await Promise.all([writer, ...readers].map((client) => client.close()))
  return latencies.percentile(99)
}
