import { expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate } from '../../server/documents/check-update.ts'
import { Sandbox } from '../../server/documents/sandbox.ts'
import { weighUpdate } from '../../server/documents/weigh-update.ts'

const ADA = 5

function documentOf(text: string): Y.Doc {
  const doc = new Y.Doc()
  doc.clientID = ADA
  doc.getText('content').insert(0, text)
  return doc
}

/** A character of Mallory's between any two of Ada's, or one of Ada's own once more. */
function between(left: number, right: number, client = 666, clock = 0): Uint8Array {
  const forged = new Y.Doc()
  forged.clientID = client
  forged.getText('content').insert(0, 'x')
  const [item] = Y.decodeUpdate(Y.encodeStateAsUpdate(forged)).structs
  if (!(item instanceof Y.Item)) throw new Error('an item was written')
  const bytes = [1, 1, ...varint(client), ...varint(clock), 0xc4, ADA, left, ADA, right, 1, 120, 0]
  return Uint8Array.from(bytes)
}

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]

const weigh = (doc: Y.Doc, update: Uint8Array) => weighUpdate(doc, update, checkUpdate(update))

/** The document as it is, and as whoever opens its log has it. */
function asLogged(doc: Y.Doc, update: Uint8Array): readonly [memory: string, log: string] {
  const fold = new Y.Doc()
  Y.applyUpdate(fold, Y.encodeStateAsUpdate(doc))
  doc.on('update', (entry: Uint8Array) => Y.applyUpdate(fold, entry))
  Y.applyUpdate(doc, update)
  return [doc.getText('content').toString(), fold.getText('content').toString()]
}

it('[DOC37] an item between neighbours is ordinary, also when others have put something between them', () => {
  const doc = documentOf('hello')
  for (let right = 1; right < 5; right += 1) expect(weigh(doc, between(right - 1, right))).toBe('ordinary')
  const view = between(1, 2)
  for (let i = 0; i < 40; i += 1) doc.getText('content').insert(2, 'others')
  expect(weigh(doc, view)).toBe('ordinary')
})

it('[DOC37] an item whose neighbours stand the other way round, or on both sides of one, is not', () => {
  const doc = documentOf('hello')
  doc.getText('content').insert(2, 'wide')
  expect(weigh(doc, between(3, 1))).toBe('heavy')
  expect(() => weigh(doc, between(2, 2))).toThrow('on both sides')
})

it('[DOC37] an item in two texts at once is not', () => {
  const doc = documentOf('hello')
  doc.getText('other').insert(0, 'world')
  expect(weigh(doc, between(1, 6))).toBe('heavy')
})

it('[DOC37] what is known already and stands inside a character is tried, and refused: the log would not have it', async () => {
  const sandbox = new Sandbox()
  onTestFinished(() => sandbox.close())
  const doc = documentOf('a👩b')
  // The clock of Ada's first character, said to stand between the halves of the second.
  const forged = between(1, 2, ADA, 0)
  expect(() => weigh(doc, forged)).toThrow('builds on one that comes after it')
  doc.getText('content').insert(4, 'tail')
  doc.getText('content').insert(0, 'x')
  const known = between(1, 2, ADA, 8)
  expect(weigh(doc, known)).toBe('heavy')
  const state = Y.encodeStateAsUpdate(doc)
  const { problem } = await sandbox.run({
    kind: 'try',
    state,
    update: known,
    budget: { applyMs: 500 },
  })
  expect(problem).toBe('the document and its log would not be the same')
})

it('[DOC37] negative control: it changes the document, and leaves no trace in the log', () => {
  const doc = documentOf('a👩b')
  doc.getText('content').insert(4, 'tail')
  doc.getText('content').insert(0, 'x')
  const [memory, log] = asLogged(doc, between(1, 2, ADA, 8))
  expect(log).toBe('xa👩btail')
  expect(memory).toBe('xa\ufffd\ufffdbtail')
})

it('[DOC37] half a character that is honestly cut off is tried, and taken', async () => {
  const sandbox = new Sandbox()
  onTestFinished(() => sandbox.close())
  const doc = documentOf('a👩b')
  const cut = between(1, 2)
  expect(weigh(doc, cut)).toBe('heavy')
  const state = Y.encodeStateAsUpdate(doc)
  expect(await sandbox.run({ kind: 'try', state, update: cut, budget: { applyMs: 500 } })).toEqual({})
})
