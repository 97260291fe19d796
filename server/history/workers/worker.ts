import { setTimeout as pause } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { Bucket } from '../../bucket.ts'
import { SynclineError } from '../../errors.ts'
import type { RoomId, Seq } from '../../log/entry.ts'
import { lowerPriorityOfThread } from '../../priority.ts'
import { openPool } from '../../storage/database.ts'
import { isStorageFailure } from '../../storage/failure.ts'
import { LogAuthors, readAuthors } from '../compare/authors.ts'
import { authorsOf, type CompareRequest, compare, neededBy } from '../compare/compare.ts'
import { convert } from '../content/convert.ts'
import { Lru } from '../lru.ts'
import { entryOf, seqAt } from '../positions/times.ts'
import { changeAfter, documentAt, entryBy } from '../write/document.ts'
import type { WriteRequest } from '../write/requests.ts'
import { type PlannedWrite, planWrite } from '../write/write.ts'
import type { FromWorker, JobMessage, Jobs, ToWorker } from './jobs.ts'
import { RoomHistory } from './room-history.ts'

/** Histories kept in memory, in bytes, about. */
const KEPT_BYTES = 128 * 1024 * 1024
/** Authors of whole rooms kept in memory, in bytes, about: four million entries. */
const KEPT_AUTHORS = 64 * 1024 * 1024
/** What jobs may take, in ms a second, and how many seconds' worth at once: playing and comparing meet no bound. */
const SHARE = 100
const BURST = 10
/** The longest rest after one job, in ms: who opens a long room for the first time waits for that, and not for a rest. */
const REST = 200
/** After so long a room that is being indexed lets others have their turn, in ms. */
const TURN = 1_000

if (parentPort === null) throw new Error('this file is a worker of history')
const port = parentPort
const pool = openPool(String(workerData), {
  max: 4,
  // All that is written here is made from the log, and made again where it is missing.
  commits: 'soon',
})
const rooms = new Lru<RoomId, RoomHistory>(KEPT_BYTES)
const authors = new Lru<RoomId, LogAuthors>(KEPT_AUTHORS)
const spent = new Bucket(SHARE, BURST)
/** Nothing is begun before this has passed. */
let rested: Promise<unknown> = Promise.resolve()
/** What is told is done one after the other: each job may have its room's document grow. */
let done: Promise<void> = Promise.resolve()

// History waits where live editing wants the processor.
lowerPriorityOfThread()

port.on('message', (message: ToWorker) => {
  done = done.then(() => {
    if (message === 'close') return close()
    if (message.kind === 'forget') return forget(message.id, message.room)
    return answer(message)
  })
})

function forget(id: number, room: RoomId | undefined): void {
  const which = (one: RoomId) => room === undefined || one === room
  rooms.deleteWhere(which)
  authors.deleteWhere(which)
  port.postMessage({ id, kind: 'forgotten' } satisfies FromWorker)
}

async function answer(job: JobMessage): Promise<void> {
  await rested
  const began = performance.now()
  try {
    const output = await run(job).catch((error: unknown) => anew(job, error))
    const transferred = output instanceof Uint8Array ? [output.buffer] : []
    port.postMessage({ id: job.id, kind: 'done', output } satisfies FromWorker, transferred)
  } catch (error) {
    // What a failed job left half done is not to be built on.
    rooms.delete(job.room)
    authors.delete(job.room)
    port.postMessage({ id: job.id, kind: 'refused', ...refusalOf(error) } satisfies FromWorker)
  }
  const now = performance.now()
  const over = spent.take(now - began, now)
  if (over > 0) rested = pause(Math.min(over, REST))
}

/** What is held of a room may end at a position that retention has merged since: then all of it is read again. */
function anew(job: JobMessage, error: unknown): ReturnType<typeof run> {
  const known = rooms.get(job.room) ?? authors.get(job.room)
  if (known === undefined || !(error instanceof SynclineError) || error.code !== 'position-gone') throw error
  rooms.delete(job.room)
  authors.delete(job.room)
  return run(job)
}

async function run(job: JobMessage): Promise<Jobs[JobMessage['kind']]['output']> {
  switch (job.kind) {
    case 'seqAt':
      return seqAt(pool, job.room, job.input.head, job.input.time)
    case 'entryOf':
      return entryOf(pool, job.room, job.input.seq)
    case 'index':
      return using(job.room, (history) =>
        history.index(job.input.head, job.input.now, performance.now() + TURN),
      )
    case 'compare':
      return using(job.room, async (history) => {
        const { head, request } = job.input
        return history.read(neededBy(request, head), async (document) =>
          // The document may be further than whoever asked knew, and a restore is of all that is in it.
          compare(document, await authorsFor(job.room, request, document.head), request),
        )
      })
    case 'write':
      return written(job.room, job.input.head, job.input.request)
    case 'entryBy':
      return entryBy(pool, job.room, job.input)
    case 'content':
      return using(job.room, async (history) => {
        const { seq, format } = job.input
        return history.read(seq, (document) => convert(document, seq, format))
      })
  }
}

async function written(room: RoomId, head: Seq, request: WriteRequest): Promise<PlannedWrite> {
  const { expect } = request
  const changed = expect === undefined ? undefined : await changeAfter(pool, room, expect, head)
  if (changed !== undefined) throw new SynclineError('content-changed', `it changed at ${changed}`)
  const current = await documentAt(pool, room, head)
  try {
    return planWrite(current, request)
  } finally {
    current.doc.destroy()
  }
}

/** Of a diff only what lies between is read; who asks for all of a room asks again. */
async function authorsFor(room: RoomId, request: CompareRequest, head: Seq): Promise<LogAuthors> {
  const [after, until] = authorsOf(request, head)
  const known = authors.get(room)
  if (known !== undefined && (after === 0 || known.head >= until)) {
    await readAuthors(pool, room, known, until)
    authors.set(room, known, known.bytes)
    return known
  }
  const read = new LogAuthors(after)
  await readAuthors(pool, room, read, until)
  if (after === 0) authors.set(room, read, read.bytes)
  return read
}

async function using<Result>(room: RoomId, act: (history: RoomHistory) => Promise<Result>): Promise<Result> {
  const history = rooms.get(room) ?? new RoomHistory(pool, room)
  const result = await act(history)
  rooms.set(room, history, history.bytes)
  return result
}

function refusalOf(
  error: unknown,
): Pick<Extract<FromWorker, { kind: 'refused' }>, 'code' | 'detail' | 'stack'> {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  if (error instanceof SynclineError) return { code: error.code, detail: error.detail, stack }
  return { code: isStorageFailure(error) ? 'storage-unavailable' : 'internal', detail: undefined, stack }
}

async function close(): Promise<void> {
  await pool.end()
  port.close()
}
