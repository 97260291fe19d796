import * as Y from 'yjs'
import type { HistoryEntry } from '../../../server/history/positions/history-document.ts'
import { edit, pick, seeded, WORDS } from '../../documents/random-edit.ts'
import { ServerDocument } from '../../documents/server-document.ts'

export const PEOPLE = ['ada', 'bob', 'cleo'] as const
const FIRST_AT = 1_700_000_000_000

/** Who wrote a character, and who deleted it, as an observer of the server's text saw it happen. */
export interface Recorded {
  readonly char: string
  readonly written: number
  deleted: number | undefined
}

export interface Session {
  readonly entries: readonly HistoryEntry[]
  /** Every character that was ever in `content`, in no order. */
  readonly recorded: readonly Recorded[]
  /** Those in it at the end, in its order. */
  readonly visible: readonly Recorded[]
}

interface Person {
  readonly actor: string
  doc: Y.Doc
}

/**
 * What some people write together, as the server's log has it. They see each other's edits late, send their
 * own late, and now and then come back with all they have, from a new client or the old one.
 */
export function writeTogether(seed: number, edits: number, words: readonly string[] = WORDS): Session {
  const random = seeded(seed)
  const entries: HistoryEntry[] = []
  const recorded: Recorded[] = []
  const visible: Recorded[] = []
  const room = new ServerDocument(({ bytes, actor }) => {
    const seq = entries.length + 1
    entries.push({ seq, at: FIRST_AT + seq * 1_000, actor, bytes })
  })
  const server = room.doc
  server.getText('content').observe(({ delta }) => {
    let at = 0
    for (const { retain = 0, insert, delete: count = 0 } of delta) {
      at += retain
      const chars =
        typeof insert === 'string' ? [...Array(insert.length).keys()].map((i) => insert.charAt(i)) : []
      const written = chars.map((char) => ({ char, written: entries.length + 1, deleted: undefined }))
      if (insert !== undefined && typeof insert !== 'string') {
        written.push({ char: EMBED, written: entries.length + 1, deleted: undefined })
      }
      recorded.push(...written)
      visible.splice(at, 0, ...written)
      at += written.length
      for (const gone of visible.splice(at, count)) gone.deleted = entries.length + 1
    }
  })
  let clients = 0
  const newDoc = () => {
    const doc = new Y.Doc()
    clients += 1
    doc.clientID = 1_000 + clients * 1_000_003 // the same in every run
    return doc
  }
  const people: Person[] = PEOPLE.map((actor) => ({ actor, doc: newDoc() }))
  const send = ({ actor, doc }: Person, whole: boolean) =>
    room.take(Y.encodeStateAsUpdate(doc, whole ? undefined : Y.encodeStateVector(server)), actor)
  for (let i = 0; i < edits; i += 1) {
    const person = pick(random, people)
    edit(person.doc, random, words)
    if (random() < 0.7) send(person, random() < 0.3)
    if (random() < 0.4)
      Y.applyUpdate(person.doc, Y.encodeStateAsUpdate(server, Y.encodeStateVector(person.doc)))
    if (random() < 0.03) {
      send(person, true)
      const doc = newDoc()
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(server))
      person.doc = doc
    }
  }
  for (const person of people) send(person, true)
  return { entries, recorded, visible }
}

export const EMBED = '\uFFFC'
