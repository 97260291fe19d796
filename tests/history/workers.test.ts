import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { compareRoutes } from '../../server/history/compare/routes.ts'
import { overviewRoutes } from '../../server/history/overview-routes.ts'
import { historyRoutes } from '../../server/history/routes.ts'
import {
  HistoryWorker,
  WORKER_LIMITS,
  type WorkerLimits,
} from '../../server/history/workers/history-worker.ts'
import { JobQueue } from '../../server/history/workers/job-queue.ts'
import type { JobKind, Jobs } from '../../server/history/workers/jobs.ts'
import { Shared } from '../../server/history/workers/shared.ts'
import { createRouter } from '../../server/http/router.ts'
import type { RoomId } from '../../server/log/entry.ts'
import type { Gate } from './spinning-worker.ts'
import { openHistory, Typist, write } from './support.ts'

const PROGRAM = new URL('./spinning-worker.ts', import.meta.url)
const BUSY = expect.objectContaining({ code: 'history-busy', status: 503, retryable: true })
const ABANDONED = expect.objectContaining({ code: 'request-abandoned' })
/** Longer than any test: what ends, ends for another reason. */
const NEVER = 3_600_000

function worker(limits: Partial<WorkerLimits>) {
  const one = new HistoryWorker({
    databaseUrl: '',
    program: PROGRAM,
    limits: { ...WORKER_LIMITS, deadline: NEVER, abandoned: NEVER, ...limits },
  })
  onTestFinished(() => one.close())
  const run = (kind: JobKind, room: number, signal?: AbortSignal, given: object = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const input = given as Jobs[JobKind]['input']
      one.run({ kind, room: room as RoomId, input, signal, resolve, reject })
    })
  return {
    /** Never ends by itself. */
    spin: (room: number, signal?: AbortSignal) => run('content', room, signal),
    /** Ends once the gate is open, with how many jobs its thread has begun by then. */
    wait: (room: number, gate: Gate) => run('index', room, undefined, gate),
    /** Takes more memory than there is. */
    hoard: (room: number) => run('write', room),
    /** How many jobs its thread has begun by then. */
    count: (room: number, signal?: AbortSignal) => run('seqAt', room, signal),
    one,
  }
}

describe('a worker of history', () => {
  it('[HIS27] ends what takes longer than it may, and does what waited behind it in a new thread', async () => {
    const { spin, count } = worker({ deadline: 3_000 })
    expect(await count(1)).toBe(1)
    const spun = spin(1).catch((error: unknown) => error)
    const later = [count(1), count(2)]
    expect(await spun).toEqual(BUSY)
    expect(await Promise.all(later)).toEqual([1, 2])
  }, 60_000)

  it('[HIS27] refuses what is too much, of a room and of all; rooms take turns', async () => {
    const { spin, count } = worker({ waiting: { perRoom: 2, inAll: 3 }, abandoned: 1 })
    const asker = new AbortController()
    const spun = spin(1, asker.signal).catch((error: unknown) => error)
    const [first, second] = [count(1), count(1)]
    await expect(count(1)).rejects.toEqual(BUSY)
    const other = count(2)
    await expect(count(3)).rejects.toEqual(BUSY)
    asker.abort()
    expect(await spun).toEqual(ABANDONED)
    expect(await Promise.all([first, other, second])).toEqual([1, 2, 3])
    expect(await count(3)).toBe(4)
  }, 60_000)

  it('[HIS115] refuses what takes more memory than a thread has, and does what waited behind it in a new one', async () => {
    const { hoard, count } = worker({ memory: 32 })
    expect(await count(1)).toBe(1)
    const hoarded = hoard(1).catch((error: unknown) => error)
    const later = count(1)
    expect(await hoarded).toMatchObject({ code: 'history-too-large', status: 422 })
    expect(await later).toBe(1)
  }, 60_000)

  it('[HIS28] does not begin what nobody waits for any more, and ends what runs', async () => {
    const { spin, count } = worker({ abandoned: 1 })
    const [running, waiting] = [new AbortController(), new AbortController()]
    const spun = spin(1, running.signal).catch((error: unknown) => error)
    const never = count(1, waiting.signal).catch((error: unknown) => error)
    const last = count(1)
    waiting.abort()
    expect(await never).toEqual(ABANDONED)
    await expect(count(1, waiting.signal)).rejects.toEqual(ABANDONED)
    running.abort()
    expect(await spun).toEqual(ABANDONED)
    expect(await last).toBe(1)
  }, 60_000)

  it('[HIS28] has a control: what somebody waits for is done, though the next asker has left', async () => {
    const { count } = worker({ abandoned: 1 })
    const left = new AbortController()
    const done = [count(1), count(1, left.signal).catch(() => 'left'), count(1)]
    left.abort()
    expect(await Promise.all(done)).toEqual([1, 'left', 2])
  }, 60_000)

  it('[HIS20] has forgotten a room also when its thread was ended meanwhile', async () => {
    const { spin, one } = worker({ deadline: 1_000 })
    const spun = spin(1).catch((error: unknown) => error)
    await one.forget(1 as RoomId, 'to the end')
    expect(await spun).toEqual(BUSY)
  }, 60_000)

  it('[HIS20] [HIS27] has forgotten a room though a job takes long, which is then begun anew', async () => {
    const { wait, count, one } = worker({})
    expect(await count(1)).toBe(1)
    const gate = { open: new Int32Array(new SharedArrayBuffer(4)) }
    const waited = wait(2, gate)
    const later = count(3)
    await one.forget(1 as RoomId, 'briefly')
    Atomics.store(gate.open, 0, 1)
    Atomics.notify(gate.open, 0)
    expect(await Promise.all([waited, later])).toEqual([1, 2])
  }, 60_000)

  it('[HIS27] says that it is closed to whoever waits', async () => {
    const { count, one } = worker({})
    await count(1)
    const waits = count(1)
    const refused = count(1)
    const closed = one.close()
    await expect(refused).rejects.toMatchObject({ code: 'shutting-down' })
    await expect(waits).resolves.toBe(2)
    await closed
    await expect(count(1)).rejects.toMatchObject({ code: 'shutting-down' })
  }, 60_000)
})

it('[HIS27] a queue gives back what was put into it, room by room in turns', () => {
  const queue = new JobQueue({ perRoom: 3, inAll: 5 })
  const job = (room: number, name: string) => ({ room: room as RoomId, name })
  const b = job(1, 'b')
  for (const one of [job(1, 'a'), b, job(1, 'c'), job(2, 'd')]) expect(queue.put(one)).toBe(true)
  expect(queue.put(job(1, 'too many of one room'))).toBe(false)
  expect(queue.put(job(3, 'e'))).toBe(true)
  expect(queue.put(job(4, 'too many'))).toBe(false)
  expect([queue.delete(b), queue.delete(b)]).toEqual([true, false])
  const names = Array.from({ length: 5 }, () => (queue.take() as ReturnType<typeof job> | undefined)?.name)
  expect(names).toEqual(['a', 'd', 'e', 'c', undefined])
  expect(queue.put(b)).toBe(true)
})

describe('what several ask for', () => {
  it('[HIS28] [HIS6] is done once, and given up when the last of them has left', async () => {
    const shared = new Shared<string, string>()
    const begun: AbortSignal[] = []
    const work = (abandoned: AbortSignal) => {
      begun.push(abandoned)
      return new Promise<string>((_, reject) =>
        abandoned.addEventListener('abort', () => reject(new Error('given up'))),
      )
    }
    const [one, other] = [new AbortController(), new AbortController()]
    const asked = [one, other].map(({ signal }) =>
      shared.ask('a', signal, work).catch((error: unknown) => error),
    )
    one.abort()
    expect(await asked[0]).toEqual(ABANDONED)
    expect(begun.map(({ aborted }) => aborted)).toEqual([false])
    other.abort()
    expect(await asked[1]).toEqual(ABANDONED)
    expect(begun.map(({ aborted }) => aborted)).toEqual([true])
    expect(await shared.ask('a', undefined, async () => 'anew')).toBe('anew')
  })
})

const ROOM = '/api/v1/rooms/doc:a'
const version = (preview: boolean) => ({
  method: 'POST',
  body: JSON.stringify({ kind: 'version', at: '1', preview }),
  headers: { 'content-type': 'application/json' },
})

it.each<[string, string, Omit<RequestInit, 'signal'>]>([
  ['content', `${ROOM}/content`, {}],
  ['a position', `${ROOM}/position?at=1`, {}],
  ['a preview', `${ROOM}/restore`, version(true)],
  ['a restore', `${ROOM}/restore`, version(false)],
])('[HIS28] who asks for %s and closes the connection has left', async (_, path, init) => {
  const asked = Promise.withResolvers<AbortSignal | undefined>()
  const wait = (...given: readonly unknown[]) => {
    asked.resolve(given.find((one) => one instanceof AbortSignal))
    return new Promise<never>(() => undefined)
  }
  const history = { content: wait, position: wait }
  const access = {
    verify: async () => ({ user: 'ada' }),
    authorizer: { decide: async () => ({ role: 'write' }) },
    revocations: { check: () => undefined },
  }
  const given = { history, restores: { preview: wait, restore: wait }, ...access } as never
  const routes = [historyRoutes, overviewRoutes, compareRoutes].reduce(
    (router, add) => router.route('/', add(given)),
    createRouter(),
  )
  const server = createServer(getRequestListener((request) => routes.fetch(request)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const client = new AbortController()
  const { port } = server.address() as AddressInfo
  const headers = { authorization: 'Bearer token', ...init.headers }
  const url = `http://127.0.0.1:${port}${path}`
  const answer = fetch(url, { ...init, headers, signal: client.signal }).catch(() => 'gone')
  const signal = await asked.promise
  expect(signal?.aborted).toBe(false)
  client.abort()
  expect(await answer).toBe('gone')
  await expect.poll(() => signal?.aborted, { timeout: 20_000 }).toBe(true)
})

it('[HIS28] nothing is begun of a preview, nor of a position, for who has left', async () => {
  const { history, log } = await openHistory()
  const typist = new Typist()
  typist.type(1_000, 'ada', 'a word')
  await write(log, typist.entries)
  const target = async () => ({ kind: 'version', seq: 1 }) as const
  for (const signal of [AbortSignal.abort(), undefined]) {
    const asked = [history.position('doc:a', undefined, signal), history.planRestore('doc:a', target, signal)]
    const outcomes = await Promise.allSettled(asked)
    expect(outcomes.map((one) => (one.status === 'rejected' ? one.reason : 'done'))).toEqual(
      signal === undefined ? ['done', 'done'] : [ABANDONED, ABANDONED],
    )
  }
})
