import { type Connection, Document } from '@hocuspocus/server'
import * as decoding from 'lib0/decoding'
import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { SynclineError } from '../../server/errors.ts'
import { onFault } from '../../server/realtime/faults.ts'
import { FirstSync } from '../../server/realtime/first-sync.ts'
import { syncFrame } from '../../server/realtime/frames.ts'

const NOTHING: Uint8Array = new Uint8Array([0])

function documentWith(...texts: readonly string[]): Document {
  const document = new Document('doc:first')
  document.getArray('edits').push([...texts])
  return document
}

/** Asks as somebody at `address` who has what `stateVector` says; the frames of the answer. */
function ask(firstSync: FirstSync, document: Document, stateVector = NOTHING, address = 'doc:first') {
  const frames: Uint8Array[] = []
  const connection = {
    document,
    messageAddress: address,
    send: (frame: Uint8Array) => frames.push(frame),
  }
  firstSync.answer(connection as unknown as Connection, { address, stateVector })
  const [step1, step2] = frames
  if (step1 === undefined || step2 === undefined) throw new Error('two frames were expected')
  return { step1, step2 }
}

function payloadOf(frame: Uint8Array): Uint8Array {
  const decoder = decoding.createDecoder(frame)
  decoding.readVarString(decoder)
  decoding.readVarUint(decoder)
  decoding.readVarUint(decoder)
  return decoding.readVarUint8Array(decoder)
}

it('[RT5] answers as Hocuspocus would: what the client lacks, and the question back', () => {
  const document = documentWith('one')
  const before = Y.encodeStateVector(document)
  document.getArray('edits').push(['two'])
  const { step1, step2 } = ask(new FirstSync(), document, before)
  expect(step1).toEqual(syncFrame('doc:first', 0, Y.encodeStateVector(document)))
  expect(step2).toEqual(syncFrame('doc:first', 1, Y.encodeStateAsUpdate(document, before)))
  document.destroy()
})

it('[RT5] encodes once for all who ask the same: they are sent the very same frame', () => {
  const firstSync = new FirstSync()
  const document = documentWith('one')
  const { step2 } = ask(firstSync, document)
  for (let index = 0; index < 100; index += 1) expect(ask(firstSync, document).step2).toBe(step2)
  // Somebody with a session id has another address, and the same content.
  expect(payloadOf(ask(firstSync, document, NOTHING, 'doc:first\0abc').step2)).toEqual(payloadOf(step2))
  document.destroy()
})

it('[RT5] never answers with what the document was before its last change', () => {
  const firstSync = new FirstSync()
  const document = documentWith('one')
  ask(firstSync, document)
  document.getArray('edits').push(['two'])
  const replica = new Y.Doc()
  Y.applyUpdate(replica, payloadOf(ask(firstSync, document).step2))
  expect(replica.getArray('edits').toArray()).toEqual(['one', 'two'])
  document.destroy()
})

it('[RT5] keeps the answers to a few questions only, for each may be as large as the document', () => {
  const firstSync = new FirstSync()
  const document = documentWith('one')
  const { step2 } = ask(firstSync, document)
  for (let client = 1; client <= 20; client += 1) ask(firstSync, document, new Uint8Array([1, client, 1]))
  expect(ask(firstSync, document).step2).not.toBe(step2)
  expect(ask(firstSync, document).step2).toEqual(step2)
  document.destroy()
})

it('[RT5] refuses a question that cannot be read', () => {
  const document = documentWith('one')
  expect(() => ask(new FirstSync(), document, new Uint8Array([255, 255]))).toThrow(SynclineError)
  document.destroy()
})

it('[DOC31] reports a document that cannot be encoded, and not a question that cannot be read', () => {
  const document = documentWith('one')
  const faults: unknown[] = []
  onFault(document, (cause) => faults.push(cause))
  expect(() => ask(new FirstSync(), document, new Uint8Array([255, 255]))).toThrow(
    expect.objectContaining({ code: 'frame-malformed' }),
  )
  expect(faults).toEqual([])
  document.store.clients.set(7, [])
  expect(() => ask(new FirstSync(), document)).toThrow(expect.objectContaining({ code: 'internal' }))
  expect(faults).toHaveLength(1)
})
