import { execFileSync } from 'node:child_process'
import { expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate } from '../../server/documents/check-update.ts'
import { Fold } from '../../server/documents/fold.ts'
import { Sandbox, SandboxDied, type SandboxOptions } from '../../server/documents/sandbox.ts'
import type { Budget } from '../../server/documents/sandbox-tasks.ts'
import { DOCUMENT, HEAVY } from '../../server/documents/update-limits.ts'
import { weighUpdate } from '../../server/documents/weigh-update.ts'
import { database, openLog, openRoom } from '../log/fixture.ts'
import {
  CONTENT,
  gc,
  item,
  MALLORY,
  manyClients,
  manyRoots,
  nested,
  oneKey,
  text,
  times,
  updateOf,
} from './attacks.ts'
import { session } from './random-document.ts'
import { seeded } from './random-edit.ts'

function sandboxOf(options?: SandboxOptions): Sandbox {
  const sandbox = new Sandbox(options)
  onTestFinished(() => sandbox.close())
  return sandbox
}

const EMPTY = Uint8Array.of(0, 0)
const tried = (update: Uint8Array, state: Uint8Array = EMPTY, budget: Budget = DOCUMENT) =>
  ({ kind: 'try', state, update, budget }) as const

/** One person's day without a network: so many insertions and deletions all over a text. */
function day(edits: number, doc = new Y.Doc()): Y.Doc {
  const random = seeded(edits)
  const content = doc.getText('content')
  doc.transact(() => {
    for (let i = 0; i < edits; i += 1) {
      const at = Math.floor(random() * content.length)
      if (random() < 0.2 && content.length > at) content.delete(at, 1)
      else content.insert(at, 'word')
    }
  })
  return doc
}

/** A document of many people's, as one that was kept elsewhere for years. */
function grown(people: number): Y.Doc {
  const doc = new Y.Doc()
  const random = seeded(people)
  for (let i = 0; i < people; i += 1) {
    doc.clientID = 10_000 + i
    for (let edit = 0; edit < 40; edit += 1) {
      doc.getText('content').insert(Math.floor(random() * doc.getText('content').length), 'some words')
    }
  }
  return doc
}

it('[DOC25] passes a day of work without a network, and what was kept elsewhere for years', async () => {
  const sandbox = sandboxOf()
  const offline = Y.encodeStateAsUpdate(day(20_000))
  const imported = Y.encodeStateAsUpdate(grown(600))
  expect(imported.length).toBeGreaterThan(389_000)
  for (const update of [offline, imported]) {
    expect(weighUpdate(new Y.Doc(), update, checkUpdate(update))).toBe('heavy')
    expect(await sandbox.run(tried(update))).toEqual({})
  }
  expect(await sandbox.run(tried(offline, imported))).toEqual({})
})

it('[DOC25] passes a session of many kinds of edits at once', async () => {
  const sandbox = sandboxOf()
  for (let seed = 1; seed <= 4; seed += 1) {
    const updates = session(seed, 300)
    const state = Y.mergeUpdates(updates.slice(0, 100))
    expect(await sandbox.run(tried(Y.mergeUpdates(updates), state))).toEqual({})
  }
})

it('[DOC25] passes whatever an honest session has that is strange', async () => {
  const sandbox = sandboxOf()
  let strange = 0
  for (let seed = 1; seed <= 3; seed += 1) {
    const doc = new Y.Doc()
    for (const update of session(seed, 150)) {
      if (weighUpdate(doc, update, checkUpdate(update)) === 'heavy') {
        strange += 1
        expect(await sandbox.run(tried(update, Y.encodeStateAsUpdate(doc)))).toEqual({})
      }
      Y.applyUpdate(doc, update)
    }
  }
  expect(strange).toBeGreaterThan(0)
})

const HARMFUL: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['the same key 20,000 times', oneKey(20_000), /ms to apply|too much processor time/],
  ['the same key 80,000 times', oneKey(80_000), /too much processor time/],
  ['types nested 300 deep', nested(300), /nested 300 deep/],
  ['types nested 5,000 deep', nested(5_000), /nested|cannot be encoded/],
  ['2,000 roots', manyRoots(2_000), /too many roots/],
]

for (const [what, update, reason] of HARMFUL) {
  it(`[DOC25] finds out what becomes of ${what}`, async () => {
    checkUpdate(update)
    const sandbox = sandboxOf()
    const problem = await sandbox.run(tried(update)).then(
      (answer) => answer.problem,
      (error: unknown) => String(error),
    )
    expect(problem).toMatch(reason)
    // And the next one is served all the same.
    expect(await sandbox.run(tried(Y.encodeStateAsUpdate(day(10))))).toEqual({})
  })
}

it('[DOC25] survives what runs out of memory, and what takes too long', async () => {
  const small = sandboxOf({ memory: 16 })
  const structs = times(200_000, (clock) =>
    clock === 0
      ? item(MALLORY, CONTENT.embed, text('{}'))
      : item(MALLORY, CONTENT.embed, text('{}'), { origin: clock - 1 }),
  )
  const large = updateOf([{ client: MALLORY, structs }])
  await expect(small.run(tried(large))).rejects.toThrow(SandboxDied)
  expect(await small.run(tried(Y.encodeStateAsUpdate(day(10))))).toEqual({})

  const hasty = sandboxOf({ within: 300 })
  const long = tried(oneKey(80_000), EMPTY, { ...DOCUMENT, applyMs: 60_000 })
  await expect(hasty.run(long)).rejects.toThrow('too much processor time')
})

it('[DOC25] answers each as it was asked, in order', async () => {
  const sandbox = sandboxOf()
  const good = tried(Y.encodeStateAsUpdate(day(10)))
  const answers = await Promise.all([sandbox.run(good), sandbox.run(tried(nested(300))), sandbox.run(good)])
  expect(answers.map(({ problem }) => problem === undefined)).toEqual([true, false, true])
  expect(sandbox.waiting).toBe(0)
})

/** The process in which a sandbox of this process tries things: the newest, others may be ending. */
function childOf(): number {
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], {
    encoding: 'utf8',
  })
  return Math.max(...[...children.matchAll(/^ *(\d+).*sandbox-process/gm)].map(([, pid]) => Number(pid)))
}

it('[DOC25] counts the time that a trial takes of the processor, and not how long others keep it waiting', async () => {
  const sandbox = sandboxOf({ within: 3_000 })
  await sandbox.run(tried(Y.encodeStateAsUpdate(day(10))))
  const trying = sandbox.run(tried(Y.encodeStateAsUpdate(day(4_000))))
  // While it is at it, here or there.
  const halted = setTimeout(() => process.kill(childOf(), 'SIGSTOP'), 20)
  const goesOn = setTimeout(() => process.kill(childOf(), 'SIGCONT'), 4_000)
  expect(await trying).toEqual({})
  clearTimeout(halted)
  clearTimeout(goesOn)
})

it('[DOC25] says nothing of an update where its trial was given no processor: it may be sent again', async () => {
  const sandbox = sandboxOf({ patience: 5_000 })
  const good = tried(Y.encodeStateAsUpdate(day(10)))
  await sandbox.run(good)
  process.kill(childOf(), 'SIGSTOP')
  const [trying, behind] = [sandbox.run(good), sandbox.run(good)]
  for (const waiting of [trying, behind])
    await expect(waiting).rejects.toMatchObject({ code: 'rate-limited' })
})

it('[DOC34] says of no entry that it is damaged where the log was given no processor', async () => {
  const { db } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  const doc = new Y.Doc()
  doc.on('update', (bytes: Uint8Array) => room.append({ actor: 'ada', at: 0, bytes }))
  for (const letter of 'ab') doc.getText('content').insert(0, letter)
  await room.durable()
  const fold = new Fold(log, room, sandboxOf({ patience: 5_000 }))
  expect(await fold.until(1)).toBeUndefined()
  process.kill(childOf(), 'SIGSTOP')
  await expect(fold.until(2)).rejects.toMatchObject({ code: 'rate-limited' })
  expect(fold.done).toBe(1)
})

/** What it takes of this process's time, in ms. */
function timeOf(act: () => void): number {
  const before = process.cpuUsage()
  act()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Of what is over in a moment: whatever the machine does beside it only makes it longer. */
const quickest = (time: () => number): number => Math.min(time(), time(), time(), time(), time())

it('[DOC25] negative control: applied here, they do what they are refused for', () => {
  const crowded = new Y.Doc()
  crowded.on('update', () => undefined)
  Y.applyUpdate(crowded, manyClients(10_000))
  const empty = new Y.Doc()
  empty.on('update', () => undefined)
  const typing = (doc: Y.Doc) => timeOf(() => times(20, () => doc.getText('content').insert(0, 'x')))
  expect(typing(crowded)).toBeGreaterThan(10 * quickest(() => typing(empty)))

  const deep = new Y.Doc()
  Y.applyUpdate(deep, nested(20_000))
  // The stack ends half-way, or Yjs does not find what it had begun to change.
  expect(() => deep.getArray('list').delete(0, 1)).toThrow()

  // Ten times the keys take a hundred times as long.
  const slow = new Y.Doc()
  const applying = (keys: number, doc = new Y.Doc()) => timeOf(() => Y.applyUpdate(doc, oneKey(keys)))
  expect(applying(10_000, slow)).toBeGreaterThan(25 * quickest(() => applying(1_000)))
  expect(HEAVY.keyed).toBeLessThan(10_000)
  Y.applyUpdate(slow, updateOf([{ client: MALLORY, clock: 10_000, structs: [gc(1)] }]))
})
