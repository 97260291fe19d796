import { open, readFile, stat } from 'node:fs/promises'
import type pg from 'pg'
import * as Y from 'yjs'
import { parseRoomName } from '../access/room-name.ts'
import type { Config } from '../config.ts'
import { checkUpdate } from '../documents/check-update.ts'
import { hasPending } from '../documents/pending.ts'
import { summarise } from '../documents/summary.ts'
import type { Logger } from '../observe/log.ts'
import { documentOf } from '../transfer/document-file.ts'
import { type Insertion, insertDocument, insertLog } from '../transfer/insert-room.ts'
import { linesOf as linesIn } from '../transfer/lines.ts'
import { isLogFile, type LoggedEntry, readLog, writeLog } from '../transfer/log-file.ts'
import { withLog } from '../transfer/source.ts'
import { withDatabase } from './export.ts'

export interface ImportOptions {
  readonly kind: string
  readonly actor: string
}

/** The largest text file that becomes a document, in bytes. */
const MAX_FILE = 10 * 1024 * 1024

const SAID: Readonly<Record<Insertion, string>> = {
  inserted: 'imported',
  there: 'there already',
  deleted: 'was deleted; it stays so',
}

/**
 * Brings files in: text as new documents, exported logs as the rooms that they were. Returns how many could not
 * be; each of the others is in whole, and once, however often this is run.
 */
export async function importFiles(
  config: Config,
  logger: Logger,
  files: readonly string[],
  options: ImportOptions,
  print: (line: string) => void,
): Promise<number> {
  parseRoomName(`${options.kind}:x`)
  return withDatabase(config, logger, async ({ pool }) => {
    let failed = 0
    for (const file of files) {
      try {
        const { room, insertion } = await importFile(pool, file, options)
        print(`${file}: ${room} ${SAID[insertion]}`)
      } catch (error) {
        failed += 1
        print(`${file}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    return failed
  })
}

async function importFile(
  pool: pg.Pool,
  file: string,
  { kind, actor }: ImportOptions,
): Promise<{ room: string; insertion: Insertion }> {
  const status = await stat(file)
  if (!status.isFile()) throw new Error('is not a file')
  if (isLogFile(await startOf(file))) return importLog(pool, file)
  if (status.size > MAX_FILE) throw new Error(`is larger than ${MAX_FILE} bytes`)
  const { room, title, update } = documentOf(file, await readFile(file), kind)
  const entry = { actor, at: Date.now(), bytes: update }
  return { room, insertion: await insertDocument(pool, room, entry, { title, editor: 'code' }) }
}

async function importLog(pool: pg.Pool, file: string): Promise<{ room: string; insertion: Insertion }> {
  const { header, entries } = await readLog(linesOf(file))
  const { room } = header
  parseRoomName(room)
  const doc = new Y.Doc()
  const insertion = await insertLog(pool, room, header, folded(doc, entries), {
    unhurried: true,
    shown: () => summarise(doc),
  })
  if (insertion === 'there' && !(await same(pool, file, room)))
    throw new Error(`${room} is there with another log`)
  return { room, insertion }
}

/** Entries that are applied together before they are passed on, and bytes of them. */
const PAGE = { entries: 2_000, bytes: 4 * 1024 * 1024 }

/** The entries, once they are known to make a whole document: a room that cannot be opened is not brought in. */
export async function* folded(doc: Y.Doc, entries: AsyncIterable<LoggedEntry>): AsyncGenerator<LoggedEntry> {
  let page: LoggedEntry[] = []
  let bytes = 0
  const apply = () => {
    doc.transact(() => {
      for (const { bytes } of page) Y.applyUpdate(doc, bytes)
    })
    if (hasPending(doc))
      throw new Error(`an entry up to ${page.at(-1)?.seq} builds on one that is not in the file`)
  }
  for await (const entry of entries) {
    // What was merged may be larger than an edit of one person.
    if (entry.merged === undefined) checkUpdate(entry.bytes)
    bytes += entry.bytes.length
    if (page.push(entry) < PAGE.entries && bytes < PAGE.bytes) continue
    apply()
    yield* page
    page = []
    bytes = 0
  }
  apply()
  yield* page
}

/** Whether the room's log begins with the file's entries, to the byte. */
const same = (pool: pg.Pool, file: string, name: string): Promise<boolean> =>
  withLog(pool, { name }, async ({ header, entries }) => {
    const stored = writeLog(header, entries)
    for await (const line of linesOf(file)) {
      const { value } = await stored.next()
      if (value !== `${line}\n`) return line.startsWith('{"end":')
    }
    return true
  })

async function* linesOf(file: string): AsyncGenerator<string> {
  for await (const line of linesIn(file)) yield line.replace(/\r?\n$/, '')
}

async function startOf(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0)
    return buffer.subarray(0, bytesRead).toString()
  } finally {
    await handle.close()
  }
}
