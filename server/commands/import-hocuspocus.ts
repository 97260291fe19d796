import type pg from 'pg'
import * as Y from 'yjs'
import { isRoomName, parseRoomName } from '../access/room-name.ts'
import type { Config } from '../config.ts'
import { checkUpdate } from '../documents/check-update.ts'
import { hasPending } from '../documents/pending.ts'
import { type Summary, summarise } from '../documents/summary.ts'
import { read } from '../log/read.ts'
import { findRoom } from '../log/rooms.ts'
import type { Logger } from '../observe/log.ts'
import { insertDocument } from '../transfer/insert-room.ts'
import { type StockDocument, type StockTable, stockDocuments } from '../transfer/stock.ts'
import { withDatabase } from './export.ts'

export interface ImportHocuspocusOptions extends StockTable {
  /** Of the rooms whose stock names have none. */
  readonly kind: string
  readonly actor: string
  readonly dryRun?: boolean | undefined
}

/**
 * Makes a room with one entry of each document of a stock Hocuspocus; those that are there already stay as they are.
 * Returns how many could not be brought in, each of which is named.
 */
export function importHocuspocus(
  config: Pick<Config, 'storage'>,
  logger: Logger,
  source: string,
  options: ImportHocuspocusOptions,
  print: (line: string) => void,
): Promise<number> {
  parseRoomName(`${options.kind}:x`)
  return withDatabase(config, logger, async ({ pool }) => {
    const counts = { imported: 0, there: 0, failed: 0 }
    for await (const document of stockDocuments(source, options)) {
      try {
        counts[await importDocument(pool, document, options)] += 1
      } catch (error) {
        counts.failed += 1
        print(`${document.name}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    const done = options.dryRun ? 'would be imported' : 'imported'
    print(`${counts.imported} documents ${done}, ${counts.there} there already, ${counts.failed} left out`)
    return counts.failed
  })
}

async function importDocument(
  pool: pg.Pool,
  { name, data }: StockDocument,
  { kind, actor, dryRun }: ImportHocuspocusOptions,
): Promise<'imported' | 'there'> {
  // A name that is a room's already has its kind.
  const room = isRoomName(name) ? name : `${kind}:${name}`
  parseRoomName(room)
  if (data === null || data.length === 0) throw new Error('there is nothing in it')
  const shown = shownOf(data)
  const standing = await findRoom(pool, room)
  if (standing === undefined && dryRun) return 'imported'
  if (standing === undefined) {
    const insertion = await insertDocument(pool, room, { actor, at: Date.now(), bytes: data }, shown)
    if (insertion === 'inserted') return 'imported'
  }
  if (!(await beginsWith(pool, room, data))) throw new Error(`${room} is there, and was not made of this`)
  return 'there'
}

/** @throws where the bytes make no whole document */
function shownOf(data: Uint8Array): Summary {
  checkUpdate(data)
  const doc = new Y.Doc()
  try {
    Y.applyUpdate(doc, data)
    if (hasPending(doc)) throw new Error('a part of it is missing')
    return summarise(doc)
  } finally {
    doc.destroy()
  }
}

async function beginsWith(pool: pg.Pool, name: string, data: Uint8Array): Promise<boolean> {
  const room = await findRoom(pool, name)
  if (room === undefined || room.head === 0) return false
  for await (const { bytes } of read(pool, room.id, 0, 1)) return Buffer.compare(bytes, data) === 0
  return false
}
