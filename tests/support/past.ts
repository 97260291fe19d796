import { pino } from 'pino'
import * as Y from 'yjs'
import { Log } from '../../server/log/log.ts'
import { openDatabase } from '../../server/storage/database.ts'
import type { TestServer } from './server.ts'

const silent = pino({ level: 'silent' })

/** Somebody changed a document at a moment (ms). */
export interface PastEdit {
  readonly at: number
  readonly actor: string
  readonly change: (doc: Y.Doc) => void
}

/** Gives a room a past of its own times, before anybody opens it; actors have the names given. */
export async function writePast(
  server: TestServer,
  room: string,
  edits: readonly PastEdit[],
  names: Readonly<Record<string, string>> = {},
): Promise<void> {
  const db = await openDatabase({ kind: 'url', url: server.databaseUrl }, silent)
  const log = new Log(db, silent, 64 * 1024 * 1024)
  try {
    const opened = (await log.open(room, edits[0]?.actor ?? 'system'))?.room
    if (opened === undefined) throw new Error(`no room ${room}`)
    const doc = new Y.Doc()
    let at = 0
    let actor = ''
    doc.on('update', (bytes: Uint8Array) => opened.append({ at, actor, bytes }))
    for (const edit of edits) {
      ;({ at, actor } = edit)
      doc.transact(() => edit.change(doc))
    }
    await opened.durable()
    await log.close()
    for (const [id, name] of Object.entries(names)) {
      await db.pool.query('insert into people values ($1, $2) on conflict (id) do nothing', [id, name])
    }
  } finally {
    await db.close()
  }
}

/** Words at the end of the code. */
export const types = (words: string) => (doc: Y.Doc) => {
  const content = doc.getText('content')
  content.insert(content.length, words)
}

/** The first so many characters of the code go. */
export const erases = (count: number) => (doc: Y.Doc) => doc.getText('content').delete(0, count)

/** What the document is said to be. */
export const isCalled =
  (title: string, editor: 'code' | 'rich', language = 'plaintext') =>
  (doc: Y.Doc) => {
    const meta = doc.getMap('meta')
    for (const [key, value] of Object.entries({ title, editor, language })) meta.set(key, value)
  }

/** A paragraph at the end of the rich text. */
export const writesParagraph =
  (text: string, name = 'paragraph') =>
  (doc: Y.Doc) => {
    const element = new Y.XmlElement(name)
    if (name === 'heading') element.setAttribute('level', '2')
    element.insert(0, [new Y.XmlText(text)])
    const rich = doc.getXmlFragment('default')
    rich.insert(rich.length, [element])
  }
