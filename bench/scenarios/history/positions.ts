import pg from 'pg'
import { convert } from '../../../server/history/content/convert.ts'
import { thinRoom } from '../../../server/history/retention/retain.ts'
import { nameVersion } from '../../../server/history/versions/versions.ts'
import { RoomHistory } from '../../../server/history/workers/room-history.ts'
import type { RoomId } from '../../../server/log/entry.ts'
import { type Bench, type Figures, median, type Scenario } from '../../bench.ts'
import { hashesAt, hashOf, replayed, samplePositions } from '../../load/positions.ts'
import type { Peer } from '../../peer.ts'
import { recording } from '../recording.ts'
import { fillLargeRoom, LARGE_ROOM } from './large-room.ts'
import { address, DATABASE, get, ROOM, timed, using, writeRoom } from './room.ts'

/** Edits between the two positions of a diff. */
const APART = 1_000

/** The past of a long document. */
export const positions: Scenario = {
  name: 'history-positions',
  title: 'any position of a long document, its timeline, and what they take',
  columns: [
    { figure: 'replay', title: 'replay of the log, median ms', digits: 1 },
    { figure: 'cold', title: 'position, nothing cached, % of it', digits: 2 },
    { figure: 'warm', title: 'position over HTTP, room opened, % of it', digits: 2 },
    { figure: 'wrong', title: 'positions that differ', digits: 0 },
    { figure: 'thinned', title: 'after retention', digits: 0 },
    { figure: 'diff', title: `diff over ${APART} edits, × a position`, digits: 2 },
    { figure: 'timeline', title: 'timeline page, ms', digits: 1 },
    { figure: 'million', title: 'of a million entries, ms', digits: 1 },
    { figure: 'bytes', title: 'bytes an edit, log and history', digits: 2 },
  ],
  goals: [
    { figure: 'cold', atMost: 10 },
    { figure: 'warm', atMost: 2.5 },
    { figure: 'wrong', atMost: 0 },
    { figure: 'thinned', atMost: 0 },
    { figure: 'diff', atMost: 3 },
    { figure: 'timeline', atMost: 20 },
    { figure: 'million', atMost: 20 },
    { figure: 'bytes', atMost: 8 },
  ],
  run: async (bench) => {
    const updates = await recording(bench)
    await writeRoom(bench)
    const bytes = (await tableBytes(bench)) / updates.length
    const sample = replayedSample(bench, updates)
    // A server that has just been started: nothing of the room is in memory.
    const read = await using(bench, {}, (peer) => reading(bench, peer, sample))
    const thinned = await afterRetention(bench, sample)
    return new Map([['syncline', { ...read, thinned, bytes }]])
  },
}

/** All that the database keeps for the room's log and history, indexes and free space included. */
async function tableBytes(bench: Bench): Promise<number> {
  const tables = [
    'room_updates',
    'room_segments',
    'history_blocks',
    'history_activity',
    'history_stretches',
    'versions',
  ]
  for (const table of tables) {
    // An edit of this room is to have its own bytes alone, and `history-editing` types in others of the same database.
    await bench.postgres.query(
      DATABASE,
      `delete from ${table} where room_id <> (select id from rooms where name = '${ROOM}')`,
    )
    await bench.postgres.query(DATABASE, `vacuum ${table}`)
  }
  const [left] = await bench.postgres.query<{ bytes: string }>(
    DATABASE,
    `select pg_total_relation_size('room_updates') as bytes`,
  )
  bench.log(
    `  ${(Number(left?.bytes) / 1024).toFixed(0)} KiB of room_updates before its free place is given back`,
  )
  // Packed entries leave their place to those that come after them. Here a year of them came within a minute, and
  // none come after.
  await bench.postgres.query(DATABASE, 'vacuum full room_updates')
  const rows = await bench.postgres.query<{ name: string; bytes: string }>(
    DATABASE,
    `select name, pg_total_relation_size(name::regclass) as bytes from unnest($1::text[]) as name`,
    [tables],
  )
  bench.log(
    `  ${rows.map(({ name, bytes }) => `${name} ${(Number(bytes) / 1024).toFixed(0)} KiB`).join(', ')}`,
  )
  return rows.reduce((sum, { bytes }) => sum + Number(bytes), 0)
}

interface Sample {
  readonly head: number
  readonly positions: readonly number[]
  /** Of the text at each of them, by a replay that uses nothing of history. */
  readonly hashes: readonly string[]
  /** What that took for one of them, in ms. */
  readonly replay: number
}

function replayedSample(bench: Bench, updates: readonly Uint8Array[]): Sample {
  const positions = samplePositions(updates.length, bench.pick(200, 40))
  const times = positions.slice(0, bench.pick(30, 10)).map((seq) => {
    const started = performance.now()
    replayed(updates, seq)
    return performance.now() - started
  })
  return { head: updates.length, positions, hashes: hashesAt(updates, positions), replay: median(times) }
}

async function reading(bench: Bench, peer: Peer, sample: Sample): Promise<Figures> {
  const { replay } = sample
  const started = performance.now()
  await get(peer, address(peer, ROOM, `content?format=text&at=1`))
  bench.log(`  the first position after a start: ${(performance.now() - started).toFixed(0)} ms`)
  const cold = await coldPositions(bench, sample)
  const warm = await warmPositions(peer, sample)
  const timeline = await timed(20, () => get(peer, address(peer, ROOM, 'timeline')))
  await fillLargeRoom(bench)
  const million = await timed(50, () => get(peer, address(peer, LARGE_ROOM, 'timeline')))
  const [one, other] = [median(cold.times), median(warm.times)]
  bench.log(`  replay ${replay.toFixed(1)} ms, cold ${one.toFixed(1)} ms, warm ${other.toFixed(1)} ms`)
  return {
    replay,
    cold: (one / replay) * 100,
    warm: (other / replay) * 100,
    wrong: cold.wrong + warm.wrong,
    diff: await diffRatio(bench, peer, sample),
    timeline,
    million,
  }
}

/** In turns with the text of its later position, which nobody has asked for either. */
async function diffRatio(bench: Bench, peer: Peer, { positions, head }: Sample): Promise<number> {
  const diffs: number[] = []
  const contents: number[] = []
  const took = async (what: string) => {
    const started = performance.now()
    await get(peer, address(peer, ROOM, what))
    return performance.now() - started
  }
  for (const seq of positions.slice(0, 60)) {
    const from = Math.min(seq + 7, head - APART)
    contents.push(await took(`content?format=text&at=${from + APART}`))
    diffs.push(await took(`diff?from=${from}&to=${from + APART}`))
  }
  bench.log(`  diff ${median(diffs).toFixed(1)} ms, a position ${median(contents).toFixed(1)} ms`)
  return median(diffs) / median(contents)
}

/** How many positions differ once the log between them was merged: each has a name, and all else goes. */
async function afterRetention(bench: Bench, sample: Sample): Promise<number> {
  const pool = new pg.Pool({ connectionString: await bench.postgres.url(DATABASE) })
  try {
    const room = await roomOf(pool)
    const text = { title: 'Kept', description: null, pinned: true }
    for (const seq of sample.positions) await nameVersion(pool, room, { seq, at: 0 }, 'bench', text)
    const tomorrow = Date.now() + 24 * 60 * 60 * 1000
    const started = performance.now()
    const thinned = await thinRoom(pool, room, { sessions: tomorrow, versions: undefined }, { dryRun: false })
    const seconds = (performance.now() - started) / 1000
    const { positionsLost = 0, bytesBefore = 0, bytesAfter = 0 } = thinned ?? {}
    bench.log(
      `  ${positionsLost} positions merged in ${seconds.toFixed(1)} s, ${bytesBefore} bytes to ${bytesAfter}`,
    )
    if (positionsLost === 0) throw new Error('retention merged nothing')
    const { wrong } = await using(bench, {}, (peer) => warmPositions(peer, sample))
    return wrong
  } finally {
    await pool.end()
  }
}

async function roomOf(pool: pg.Pool): Promise<RoomId> {
  const { rows } = await pool.query<{ id: string }>('select id from rooms where name = $1', [ROOM])
  return Number(rows[0]?.id) as RoomId
}

interface Read {
  readonly times: readonly number[]
  readonly wrong: number
}

/** Without any memory of the room, as a worker reads it: from the database to the text. */
async function coldPositions(bench: Bench, { positions, hashes }: Sample): Promise<Read> {
  const pool = new pg.Pool({ connectionString: await bench.postgres.url(DATABASE) })
  try {
    const room = await roomOf(pool)
    const read = (seq: number) =>
      new RoomHistory(pool, room).read(seq, (document) => convert(document, seq, 'text'))
    for (const seq of positions.slice(0, 20)) await read(seq)
    return await readAll(positions, hashes, read)
  } finally {
    await pool.end()
  }
}

/** As people have it who look at one position after the other; none is asked for twice. */
async function warmPositions(peer: Peer, { positions, hashes, head }: Sample): Promise<Read> {
  const at = (seq: number) => get(peer, address(peer, ROOM, `content?format=text&at=${seq}`))
  await at(head)
  return readAll(positions, hashes, at)
}

async function readAll(
  positions: readonly number[],
  hashes: readonly string[],
  read: (seq: number) => Promise<Uint8Array>,
): Promise<Read> {
  const times: number[] = []
  let wrong = 0
  for (const [index, seq] of positions.entries()) {
    const started = performance.now()
    const text = await read(seq)
    times.push(performance.now() - started)
    if (hashOf(text) !== hashes[index]) wrong += 1
  }
  return { times, wrong }
}
