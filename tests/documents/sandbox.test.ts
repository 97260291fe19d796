import { expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate } from '../../server/documents/check-update.ts'
import { Sandbox, SandboxDied, type SandboxOptions } from '../../server/documents/sandbox.ts'
import { DOCUMENT, HEAVY } from '../../server/documents/update-limits.ts'
import { weighUpdate } from '../../server/documents/weigh-update.ts'
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
const tried = (update: Uint8Array, state: Uint8Array = EMPTY) =>
  ({ kind: 'try', state, update, budgetMs: DOCUMENT.applyMs }) as const

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
  ['the same key 20,000 times', oneKey(20_000), /ms to apply|ends the process/],
  ['the same key 80,000 times', oneKey(80_000), /ends the process/],
  ['10,000 client ids', manyClients(10_000), /every keystroke after it takes/],
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
  const long = { ...tried(oneKey(80_000)), budgetMs: 60_000 }
  await expect(hasty.run(long)).rejects.toThrow('longer than 0.3 s')
})

it('[DOC25] answers each as it was asked, in order', async () => {
  const sandbox = sandboxOf()
  const good = tried(Y.encodeStateAsUpdate(day(10)))
  const answers = await Promise.all([sandbox.run(good), sandbox.run(tried(nested(300))), sandbox.run(good)])
  expect(answers.map(({ problem }) => problem === undefined)).toEqual([true, false, true])
  expect(sandbox.waiting).toBe(0)
})

it('[DOC25] negative control: applied here, they do what they are refused for', () => {
  const crowded = new Y.Doc()
  crowded.on('update', () => undefined)
  Y.applyUpdate(crowded, manyClients(10_000))
  const started = performance.now()
  for (let i = 0; i < 10; i += 1) crowded.getText('content').insert(0, 'x')
  expect((performance.now() - started) / 10).toBeGreaterThan(DOCUMENT.keystrokeMs)

  const deep = new Y.Doc()
  Y.applyUpdate(deep, nested(20_000))
  expect(() => deep.getArray('list').delete(0, 1)).toThrow(RangeError)

  const slow = new Y.Doc()
  const before = performance.now()
  Y.applyUpdate(slow, oneKey(10_000))
  expect(performance.now() - before).toBeGreaterThan(DOCUMENT.applyMs / 2)
  expect(HEAVY.keyed).toBeLessThan(10_000)
  Y.applyUpdate(slow, updateOf([{ client: MALLORY, clock: 10_000, structs: [gc(1)] }]))
})
