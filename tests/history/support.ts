import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import * as Y from 'yjs'
import type { Block } from '../../server/history/blocks/block.ts'
import { readBlocks } from '../../server/history/blocks/blocks.ts'
import { History } from '../../server/history/history.ts'
import type { HistoryEntry } from '../../server/history/positions/history-document.ts'
import type { Log } from '../../server/log/log.ts'
import type { RoomLog } from '../../server/log/room-log.ts'
import type { Database } from '../../server/storage/database.ts'
import { database, openLog, openRoom } from '../log/fixture.ts'

const silent = pino({ level: 'silent' })

export interface HistoryFixture {
  readonly url: string
  readonly db: Database
  readonly log: Log
  readonly history: History
}

/** A log and its history on a database of the test's own. */
export async function openHistory(): Promise<HistoryFixture> {
  const { url, db } = await database()
  const log = openLog(db, 64 * 1024 * 1024)
  return { url, db, log, history: historyOf(db) }
}

/** Another node's, or the same one's after a restart. */
export function historyOf(db: Database): History {
  const history = new History(db, silent)
  onTestFinished(() => history.close())
  return history
}

/** Writes entries as they are into a room, which is made; resolves when they are committed. */
export async function write(
  log: Log,
  entries: Iterable<Omit<HistoryEntry, 'seq'>>,
  name = 'doc:a',
): Promise<RoomLog> {
  const room = await openRoom(log, name)
  for (const { at, actor, bytes } of entries) room.append({ at, actor, bytes })
  await room.durable()
  return room
}

export const START = Date.parse('2026-03-02T09:00:00Z')

/** Edits of one document as entries, each by somebody at a moment (ms after `START`). */
export class Typist {
  readonly doc = new Y.Doc()
  readonly entries: Omit<HistoryEntry, 'seq'>[] = []

  edit(after: number, actor: string, change: (doc: Y.Doc) => void): this {
    const known = Y.encodeStateVector(this.doc)
    const updates: Uint8Array[] = []
    const keep = (update: Uint8Array) => updates.push(update)
    this.doc.on('update', keep)
    this.doc.transact(() => change(this.doc))
    this.doc.off('update', keep)
    const bytes = updates[0] ?? Y.encodeStateAsUpdate(this.doc, known)
    this.entries.push({ at: START + after, actor, bytes })
    return this
  }

  type(after: number, actor: string, text: string): this {
    return this.edit(after, actor, (doc) =>
      doc.getText('content').insert(doc.getText('content').length, text),
    )
  }
}

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** The blocks that are laid aside of a room. */
export async function blocksOf({ pool }: Database, room: RoomLog): Promise<readonly Block[]> {
  const blocks: Block[] = []
  for await (const block of readBlocks(pool, room.id, 0, Number.MAX_SAFE_INTEGER)) blocks.push(block)
  return blocks
}
