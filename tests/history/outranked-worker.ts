import { Sandbox } from '../../server/documents/sandbox.ts'
import { DOCUMENT } from '../../server/documents/update-limits.ts'
import { ThinningThread } from '../../server/history/retention/thinning-thread.ts'
import { HistoryWorker } from '../../server/history/workers/history-worker.ts'
import type { RoomId } from '../../server/log/entry.ts'

/** What a server has done behind those who type, in a process that a test starts at a low priority: prints what came of each. */
const EMPTY = Uint8Array.of(0, 0)
const told = (error: unknown) =>
  error instanceof Error ? String('code' in error ? error.code : error) : String(error)

const thread = new ThinningThread()
const sandbox = new Sandbox()
// No database is behind this, which the thread has to find out.
const worker = new HistoryWorker({ databaseUrl: 'postgres://127.0.0.1:1/none' })
const asked = new Promise((resolve, reject) => {
  const job = { room: 1 as RoomId, kind: 'entryOf', input: { seq: 1 }, signal: undefined } as const
  worker.run({ ...job, resolve, reject })
})

const [thinned, tried, read] = await Promise.all([
  thread.same().catch(told),
  sandbox.run({ kind: 'try', state: EMPTY, update: EMPTY, budget: DOCUMENT }).catch(told),
  asked.catch(told),
])
process.stdout.write(JSON.stringify({ thinned, tried, read }))
await Promise.all([thread.close(), worker.close()])
sandbox.close()
