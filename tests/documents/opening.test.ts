import { beforeAll, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { Sandbox, SandboxDied } from '../../server/documents/sandbox.ts'
import { tryOpening } from '../../server/documents/verify.ts'
import { database, openLog, openRoom } from '../log/fixture.ts'
import { CONTENT, item, MALLORY, text, times, updateOf } from './attacks.ts'

/** One that takes about 30 MiB of a heap. */
let large: Uint8Array

beforeAll(() => {
  const structs = times(100_000, (clock) =>
    item(MALLORY, CONTENT.embed, text('{}'), clock === 0 ? { parent: 'content' } : { origin: clock - 1 }),
  )
  large = updateOf([{ client: MALLORY, structs }])
})

async function written() {
  const { db } = await database()
  const log = openLog(db, 1024 ** 3)
  const of = await openRoom(log)
  of.append({ actor: 'ada', at: 1, bytes: large })
  await of.durable()
  return { log, of }
}

function sandboxOf(memory?: number): Sandbox {
  const sandbox = new Sandbox(memory === undefined ? {} : { memory })
  onTestFinished(() => sandbox.close())
  return sandbox
}

it('[DOC33] condemns nothing that can be opened: what holds a document once is enough to try it', async () => {
  const { log, of } = await written()
  await expect(tryOpening(log, of, { free: 45, most: 45 })).resolves.toBeUndefined()
})

it('[DOC33] where others take the memory the room is not damaged, and may be opened later; where none would do, it is', async () => {
  const { log, of } = await written()
  await expect(tryOpening(log, of, { free: 20, most: 100 })).rejects.toMatchObject({ code: 'rate-limited' })
  await expect(tryOpening(log, of, { free: 15, most: 20 })).rejects.toMatchObject({ code: 'room-damaged' })
})

it('[DOC25] what the machine takes from a trial says nothing of it: a process that cannot be begun, or is ended from without', async () => {
  const task = { kind: 'fold', afresh: true, updates: [Y.encodeStateAsUpdate(new Y.Doc())] } as const
  const sandbox = sandboxOf()
  const { execPath } = process
  process.execPath = '/nowhere'
  try {
    await expect(sandbox.run(task)).rejects.toMatchObject({ code: 'rate-limited' })
  } finally {
    process.execPath = execPath
  }
  expect(await sandbox.run(task)).toEqual({})
  const ended = sandbox.run({ kind: 'fold', afresh: true, updates: [large] })
  await Promise.resolve() // its process is begun
  sandbox.close() // by the signal that a kernel sends whose memory has run out
  await expect(ended).rejects.toMatchObject({ code: 'rate-limited' })
  await expect(sandboxOf(20).run({ ...task, updates: [large] })).rejects.toThrow(SandboxDied)
})
