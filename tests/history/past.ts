import * as Y from 'yjs'
import type { Entry, NewEntry } from '../../server/log/entry.ts'
import type { Log } from '../../server/log/log.ts'
import { seeded } from '../documents/random-edit.ts'

export const MINUTE = 60_000
export const DAY = 24 * 60 * MINUTE

export interface Session {
  /** When it begins, ms since the epoch. */
  readonly at: number
  /** Who types, in turn; each edit is 20 s after the one before. */
  readonly people: readonly string[]
  readonly edits: number
}

const WORDS = ['alpha ', 'beta', ' gamma', '\n', 'delta, ', 'epsilon']

const known = new Map<string, readonly NewEntry[]>()

/**
 * What people make of a document in these sessions: text, rich text, a map and a list, with deletions. Made once for
 * all who ask for the same, for it takes seconds.
 */
export function typed(sessions: readonly Session[], seed = 1): readonly NewEntry[] {
  const key = JSON.stringify([sessions, seed])
  const entries = known.get(key) ?? make(sessions, seed)
  known.set(key, entries)
  return entries
}

function make(sessions: readonly Session[], seed: number): readonly NewEntry[] {
  const random = seeded(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const replicas = new Map<string, Y.Doc>()
  const entries: NewEntry[] = []
  const replicaOf = (actor: string): Y.Doc => {
    const known = replicas.get(actor)
    if (known !== undefined) return known
    const replica = new Y.Doc()
    replica.clientID = replicas.size + 1
    for (const { bytes } of entries) replica.transact(() => Y.applyUpdate(replica, bytes))
    replicas.set(actor, replica)
    return replica
  }
  for (const { at, people, edits } of sessions) {
    for (let edit = 0; edit < edits; edit += 1) {
      const actor = people[edit % people.length] ?? ''
      const doc = replicaOf(actor)
      const before = Y.encodeStateVector(doc)
      let bytes = new Uint8Array()
      doc.once('update', (update: Uint8Array) => {
        bytes = Uint8Array.from(update)
      })
      doc.transact(() => change(doc, below))
      if (bytes.length === 0) bytes = Uint8Array.from(Y.encodeStateAsUpdate(doc, before))
      for (const replica of replicas.values())
        if (replica !== doc) replica.transact(() => Y.applyUpdate(replica, bytes))
      entries.push({ actor, at: at + edit * 20_000, bytes })
    }
  }
  return entries
}

function change(doc: Y.Doc, below: (limit: number) => number): void {
  const text = doc.getText('content')
  switch (below(8)) {
    case 6:
    case 7:
      // Formats that overlap, and end where another begins: what Yjs likes to tidy up.
      if (text.length > 8)
        text.format(below(text.length - 6), 1 + below(6), { bold: below(2) === 0 ? true : null })
      break
    case 0:
      if (text.length > 4) text.delete(below(text.length - 3), 3)
      break
    case 1:
      doc.getMap('meta').set(`key ${below(4)}`, below(1000))
      break
    case 2: {
      const paragraph = new Y.XmlElement('paragraph')
      paragraph.insert(0, [new Y.XmlText(WORDS[below(WORDS.length)])])
      const rich = doc.getXmlFragment('default')
      if (rich.length > 3) rich.delete(below(3), 1)
      rich.insert(0, [paragraph])
      break
    }
    default:
      text.insert(below(text.length + 1), WORDS[below(WORDS.length)] ?? '')
  }
}

/** The document after these updates, applied one by one: its content, and what it is made of. */
export function replayed(updates: Iterable<Uint8Array>) {
  const doc = new Y.Doc({ gc: false })
  for (const update of updates) doc.transact(() => Y.applyUpdate(doc, update))
  const content = [
    doc.getText('content').toDelta(),
    doc.getMap('meta').toJSON(),
    doc.getXmlFragment('default').toString(),
  ]
  return { content, snapshot: Buffer.from(Y.encodeSnapshot(Y.snapshot(doc))).toString('hex') }
}

/** All that the log gives up to a position. */
export async function upTo(log: Log, room: Parameters<Log['read']>[0], position: number): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of log.read(room, 0, position))
    entries.push({ ...entry, bytes: Uint8Array.from(entry.bytes) })
  return entries
}
