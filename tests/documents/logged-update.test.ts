import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { hasPending } from '../../server/documents/pending.ts'
import { perform } from '../../server/documents/sandbox-tasks.ts'
import { HistoryDocument } from '../../server/history/positions/history-document.ts'
import { contentOf } from '../history/replay.ts'
import { edit, seeded } from './random-edit.ts'
import { ServerDocument } from './server-document.ts'

const runs = { seed: 7, numRuns: 80 }

/** A room's document and its log, and what Yjs alone would have the log be. */
class Room {
  readonly log: Uint8Array[] = []
  readonly told: Uint8Array[] = []
  readonly #server = new ServerDocument(({ bytes, told }) => {
    this.log.push(bytes)
    this.told.push(told)
  })
  readonly doc = this.#server.doc

  take(update: Uint8Array): void {
    this.#server.take(update, 'ada')
  }
}

/** The words in some updates, by the ids of their characters; what came first counts. */
function wordsIn(updates: readonly Uint8Array[]): Map<string, string> {
  const chars = new Map<string, string>()
  for (const update of updates) {
    for (const struct of Y.decodeUpdate(update).structs) {
      const { client, clock } = struct.id
      for (let i = 0; i < struct.length; i += 1) {
        const text =
          struct instanceof Y.Item && struct.content instanceof Y.ContentString ? struct.content.str : ''
        const id = `${client}:${clock + i}`
        if (!chars.has(id)) chars.set(id, text.charAt(i))
      }
    }
  }
  return chars
}

/**
 * Some people write together and delete what others are writing in. They see each other's edits late, and send their
 * own one by one, or all that came together while they were away, or all they have.
 */
function writeTogether(seed: number, edits: number): { room: Room; sent: readonly Uint8Array[] } {
  const random = seeded(seed)
  const room = new Room()
  const sent: Uint8Array[] = []
  const people = [1, 2, 3].map((person) => {
    const doc = new Y.Doc()
    doc.clientID = (person * 7_919) % 1_009
    const outbox: Uint8Array[] = []
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'server') outbox.push(update)
    })
    return { doc, outbox }
  })
  const send = ({ doc, outbox }: (typeof people)[number], how: number): void => {
    if (outbox.length === 0) return
    const updates =
      how < 0.3
        ? [...outbox]
        : how < 0.6
          ? [Y.mergeUpdates(outbox)]
          : [Y.encodeStateAsUpdate(doc, how < 0.8 ? Y.encodeStateVector(room.doc) : undefined)]
    outbox.length = 0
    sent.push(...updates)
    for (const update of updates) room.take(update)
  }
  for (let i = 0; i < edits; i += 1) {
    const person = people[Math.floor(random() * people.length)]
    if (person === undefined) continue
    edit(person.doc, random)
    if (random() < 0.4) send(person, random())
    if (random() < 0.2)
      Y.applyUpdate(person.doc, Y.encodeStateAsUpdate(room.doc, Y.encodeStateVector(person.doc)), 'server')
  }
  for (const person of people) send(person, random())
  return { room, sent }
}

/** Client 5 has deleted the first of two paragraphs: where its text ended, and where the other's begins. */
function withParagraphDeleted() {
  const room = new Room()
  const ada = new Y.Doc()
  ada.clientID = 5
  const rich = ada.getXmlFragment('default')
  const [gone, kept] = ['gone', 'kept'].map((words) => {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText(words)])
    rich.push([paragraph])
    return paragraph.get(0) as Y.XmlText
  })
  const [at, next] = [gone?._start?.lastId, kept?._start?.id]
  if (!at || !next) throw new Error('two paragraphs were written')
  room.take(Y.encodeStateAsUpdate(ada))
  const writer = [...room.log]
  rich.delete(0, 1)
  room.take(Y.encodeStateAsUpdate(ada))
  return { room, at, next, writer }
}

/** A document made of some updates: each by itself, or all of them in one transaction, as a load does it. */
function made(updates: readonly Uint8Array[], how: 'one by one' | 'at once', gc = true): Y.Doc {
  const doc = new Y.Doc({ gc })
  if (how === 'one by one') for (const update of updates) Y.applyUpdate(doc, update)
  else
    doc.transact(() => {
      for (const update of updates) Y.applyUpdate(doc, update)
    })
  expect(hasPending(doc)).toBe(false)
  return doc
}

/** Opening merges neighbouring structs: two encodings can only be compared when both have been through it. */
const encoded = (doc: Y.Doc): Uint8Array =>
  Y.encodeStateAsUpdate(made([Y.encodeStateAsUpdate(doc)], 'at once'))

describe('what the log has of an update', () => {
  it('[DOC38] is all that was written, also what was gone as it came, of which Yjs alone tells no more than a length', () => {
    let lostByYjs = 0
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { room, sent } = writeTogether(seed, 80)
        const [wanted, logged, told] = [sent, room.log, room.told].map(wordsIn)
        expect(logged).toEqual(wanted)
        for (const [id, char] of wanted ?? []) if (told?.get(id) !== char) lostByYjs += 1
      }),
      runs,
    )
    expect(lostByYjs, 'control').toBeGreaterThan(1_000)
  })

  it('[DOC38] makes the very document, however it is applied and with whatever snapshot before it', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (seed, at) => {
        const { room } = writeTogether(seed, 60)
        const { doc, log } = room
        const cut = at % (log.length + 1)
        const snapshot = Y.encodeStateAsUpdate(made(log.slice(0, cut), 'one by one'))
        const content = contentOf(doc)
        for (const gc of [true, false]) {
          for (const how of ['one by one', 'at once'] as const) {
            for (const updates of [log, [snapshot, ...log.slice(cut)]]) {
              const other = made(updates, how, gc)
              expect(contentOf(other)).toEqual(content)
              expect(Y.equalSnapshots(Y.snapshot(other), Y.snapshot(doc))).toBe(true)
              if (gc && how === 'one by one') expect(encoded(other)).toEqual(encoded(doc))
            }
          }
        }
      }),
      runs,
    )
  })

  it('[DOC38] gives history the positions that Yjs’ own updates give', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { log, told } = writeTogether(seed, 60).room
        const [ours, theirs] = [log, told].map((updates) =>
          HistoryDocument.fromEntries(
            updates.map((bytes, index) => ({ seq: index + 1, at: index, actor: 'ada', bytes })),
          ),
        )
        for (let seq = 0; seq <= log.length; seq += 1) {
          const [one, other] = [ours, theirs].map((history) => history?.snapshotAt(seq) as Y.Snapshot)
          expect(one && other && Y.equalSnapshots(one, other), `at ${seq}`).toBe(true)
        }
      }),
      runs,
    )
  })

  it('[DOC38] is what Yjs tells of ordinary edits, to the byte', () => {
    const room = new Room()
    const ada = new Y.Doc()
    ada.on('update', (update: Uint8Array) => room.take(update))
    for (const char of 'typed') ada.getText('content').insert(0, char)
    ada.getText('content').delete(1, 2)
    expect(room.log).toEqual(room.told)
    for (const [index, update] of room.log.entries()) expect(update).toBe(room.told[index])
  })

  it('[DOC38] is nothing of what could not be integrated', () => {
    const { room, at } = withParagraphDeleted()
    const words = [0x84, 5, at.clock, 5, ...new TextEncoder().encode('words')]
    const pending = [0x84, 99, 0, 4, ...new TextEncoder().encode('more')]
    room.take(Uint8Array.of(1, 2, 66, 0, ...words, ...pending, 0))
    expect(hasPending(room.doc)).toBe(true)
    expect([...wordsIn(room.log.slice(-1)).values()].join('')).toBe('words')
    made(room.log, 'one by one')
  })

  it('[DOC38] is held against the document where a heavy update is tried', () => {
    const { room, writer } = withParagraphDeleted()
    const bob = new Y.Doc()
    for (const update of writer) Y.applyUpdate(bob, update)
    const seen = (bob.getXmlFragment('default').get(0) as Y.XmlElement).get(0) as Y.XmlText
    for (let i = 0; i < 3_000; i += 1) seen.insert(i % 2, 'x')
    const state = Y.encodeStateAsUpdate(room.doc)
    const update = Y.encodeStateAsUpdate(bob, Y.encodeStateVector(room.doc))
    expect(perform({ kind: 'try', state, update, budget: { applyMs: 10_000 } }, () => undefined)).toEqual({})
    room.take(update)
    expect([...wordsIn(room.log.slice(-1)).values()].join('')).toHaveLength(3_000)
  })

  it('[DOC38] leaves what stands half in something deleted, which no editor writes, as the document has it', () => {
    const { room, at, next } = withParagraphDeleted()
    const between = Uint8Array.of(1, 1, 66, 0, 0xc4, 5, at.clock, 5, next.clock, 1, 120, 0)
    const beside = Uint8Array.of(1, 1, 67, 0, 0x84, 5, at.clock, 1, 120, 0)
    room.take(between)
    expect(room.log.at(-1)).toBe(room.told.at(-1))
    room.take(beside)
    expect(room.log.at(-1), 'control').not.toBe(room.told.at(-1))
  })
})
