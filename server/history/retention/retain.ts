import type pg from 'pg'
import { SynclineError } from '../../errors.ts'
import { type Entry, firstOf, isEvent, type RoomId, SEVERAL, type Seq } from '../../log/entry.ts'
import { packUntil, sameEntries } from '../../log/pack.ts'
import { read } from '../../log/read.ts'
import { decodeSegment, encodeSegment } from '../../log/segment.ts'
import { endsSegment, type NewSegment, type Stage } from '../../log/segment-table.ts'
import {
  type Cutoffs,
  type DueRange,
  dueRange,
  lostOf,
  replaceRange,
  settleRange,
  wanted,
} from '../../log/thin.ts'
import type { Queryable } from '../../storage/transaction.ts'
import { dropBlocks } from '../blocks/blocks.ts'
import { type Group, keeps } from './cuts.ts'
import { ThinningThread } from './thinning-thread.ts'

/** What retention makes of a room, or would make of it. */
export interface Thinned {
  /** The positions looked at, first and last. */
  readonly first: Seq
  readonly last: Seq
  /** How many of them are gone afterwards. */
  readonly positionsLost: number
  /** Versions that nobody asked for and that go with their positions. */
  readonly versionsLost: number
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** Merged sessions of several people: who took part is kept, who of them wrote what is not. */
  readonly sharedSessions: number
}

export interface ThinOptions {
  /** Only say what would become of it. */
  readonly dryRun: boolean
  readonly signal?: AbortSignal | undefined
  /** The longest that the thread may take for one answer, in ms; ten minutes where nothing is said. */
  readonly answerWithin?: number | undefined
  /** What the thread may take in memory, in MiB; 2 GiB where nothing is said, and this process may take as much. */
  readonly memory?: number | undefined
  /** The most bytes of a room that is thinned; 256 MiB where nothing is said. */
  readonly mostBytes?: number | undefined
  /** Writes down who did it, in the transaction in which it is done. */
  readonly record?: (client: Queryable) => Promise<void>
}

/** What a row takes beside its bytes: header, keys and times. */
const ROW_BYTES = 80
/** Updates that go to the thread at a time, and bytes of them, the one that reaches it included. */
const PAGE = { entries: 1_000, bytes: 4 * 1024 * 1024 }
/** Bytes of a room that is thinned: its document stands in memory three times, and what is thinned beside it. */
const MOST_BYTES = 256 * 1024 * 1024

interface Made {
  readonly entry: Entry
  readonly position: string
}

/**
 * Thins what of a room is due; with `dryRun` it only says what would become of it. The Yjs part runs in a
 * thread. Undefined where nothing is due, where merging keystrokes would free nothing, and where the room was written to
 * meanwhile: then it is due still.
 * @throws where a merged entry does not verify; nothing is dropped then. SynclineError `history-too-large` where the
 * room is more than can be held, here or in the thread.
 */
export async function thinRoom(
  pool: pg.Pool,
  room: RoomId,
  cutoffs: Cutoffs,
  options: ThinOptions,
): Promise<Thinned | undefined> {
  const range = await dueRange(pool, room, cutoffs)
  if (range === undefined) return undefined
  const thread = new ThinningThread(options)
  try {
    const made = await merge(pool, range, cutoffs, thread, options)
    const segments = await pack(made, cutoffs, thread, room)
    const thinned = report(range, segments)
    // Versions are what somebody wants to have left, also where sessions would take less.
    if (!range.thinned && thinned.bytesAfter >= thinned.bytesBefore) {
      if (!options.dryRun) {
        // Only of segments it is known how far they are thinned.
        await packUntil(pool, room, range.last, options.signal)
        await settleRange(pool, range, cutoffs)
      }
      return undefined
    }
    const done = options.dryRun || (await replaceRange(pool, range, segments, recordOf(range, options)))
    return done ? thinned : undefined
  } finally {
    await thread.close()
  }
}

/** History is made again from what is left: blocks that tell every keystroke are not to outlive them. */
const recordOf =
  ({ room, first }: DueRange, { record }: ThinOptions) =>
  async (client: Queryable): Promise<void> => {
    await dropBlocks(client, room, first)
    await record?.(client)
  }

async function merge(
  pool: pg.Pool,
  { room, first, last, pins }: DueRange,
  cutoffs: Cutoffs,
  thread: ThinningThread,
  { signal, mostBytes = MOST_BYTES }: ThinOptions,
): Promise<readonly Made[]> {
  const made: Made[] = []
  let before: Uint8Array[] = []
  let group: { readonly entries: Entry[]; bytes: number } = { entries: [], bytes: 0 }
  const finish = async (next: Entry | undefined) => {
    if (!keeps(group, next, pins, cutoffs)) return
    const { update, position } = await thread.merge(group.entries.map(({ bytes }) => bytes))
    made.push({ entry: mergedEntry(group, update), position })
    group = { entries: [], bytes: 0 }
  }
  let [size, pageSize] = [0, 0]
  for await (const entry of read(pool, room, 0, last)) {
    signal?.throwIfAborted()
    size += entry.bytes.length
    if (size > mostBytes) throw new SynclineError('history-too-large')
    if (entry.seq < first) {
      before.push(entry.bytes)
      pageSize += entry.bytes.length
      if (before.length < PAGE.entries && pageSize < PAGE.bytes) continue
    }
    if (before.length > 0) await thread.apply(before)
    before = []
    pageSize = 0
    if (entry.seq < first) continue
    await finish(entry)
    group.entries.push(entry)
    group.bytes += entry.bytes.length
  }
  await finish(undefined)
  return made
}

/** One entry for a group; a group of one stays what it is, to the byte. */
function mergedEntry({ entries }: Group, bytes: Uint8Array): Entry {
  const [first, last] = [entries[0], entries.at(-1)]
  if (first === undefined || last === undefined) throw new RangeError('a group has at least one entry')
  if (entries.length === 1) return last
  const edits = entries.filter((entry) => !isEvent(entry))
  const wrote = edits.length > 0 ? edits : entries
  const actors = [...new Set(wrote.flatMap(({ actor, merged }) => merged?.actors ?? [actor]))]
  const [only = SEVERAL] = actors.length === 1 ? actors : []
  const since = first.merged?.since ?? first.at
  return { seq: last.seq, at: last.at, actor: only, bytes, merged: { first: firstOf(first), since, actors } }
}

/** Encodes what was made, and holds what comes out of it again against the document of every position. */
async function pack(
  made: readonly Made[],
  cutoffs: Cutoffs,
  thread: ThinningThread,
  room: RoomId,
): Promise<readonly NewSegment[]> {
  const segments: NewSegment[] = []
  for (const { run, stage } of runs(made, cutoffs)) {
    const entries = run.map(({ entry }) => entry)
    const bytes = await encodeSegment(entries)
    const decoded = await decodeSegment(bytes)
    const groups = decoded.map((entry, index) => ({
      update: entry.bytes,
      position: run[index]?.position ?? '',
    }))
    if (!sameEntries(decoded, entries) || !(await thread.check(groups)))
      throw new Error(`room ${room}: a thinned segment did not verify`)
    segments.push({ entries, bytes, stage })
  }
  if (!(await thread.same())) throw new Error(`room ${room}: the thinned log is not the same document`)
  return segments
}

/** Runs of one stage, each of a segment's size and span. */
function* runs(made: readonly Made[], cutoffs: Cutoffs): Generator<{ run: Made[]; stage: Stage }> {
  let run: Made[] = []
  let bytes = 0
  let stage: Stage = 1
  for (const one of made) {
    const own = wanted(one.entry.at, cutoffs) === 2 ? 2 : 1
    const full = endsSegment({ first: run[0]?.entry, count: run.length, bytes }, one.entry)
    if (full || (run.length > 0 && own !== stage)) {
      yield { run, stage }
      run = []
      bytes = 0
    }
    stage = own
    run.push(one)
    bytes += one.entry.bytes.length
  }
  if (run.length > 0) yield { run, stage }
}

function report(range: DueRange, segments: readonly NewSegment[]): Thinned {
  const { first, last, bytes, pins } = range
  const entries = segments.flatMap((segment) => segment.entries)
  const lost = lostOf(range, segments)
  return {
    first,
    last,
    positionsLost: last - first + 1 - entries.length,
    versionsLost: [...pins.keys()].filter((seq) => lost(seq) !== undefined).length,
    bytesBefore: bytes,
    bytesAfter: segments.reduce((sum, segment) => sum + segment.bytes.length + ROW_BYTES, 0),
    sharedSessions: entries.filter(({ actor, merged }) => merged !== undefined && actor === SEVERAL).length,
  }
}
