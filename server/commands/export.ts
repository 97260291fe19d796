import { once } from 'node:events'
import type { Config } from '../config.ts'
import type { Format } from '../history/content/convert.ts'
import { type At, History } from '../history/history.ts'
import { parseAt } from '../history/requests.ts'
import type { Logger } from '../observe/log.ts'
import { type Database, openDatabase } from '../storage/database.ts'
import { writeAtomically } from '../transfer/atomic-file.ts'
import { writeLog } from '../transfer/log-file.ts'
import { requireRoom, withLog } from '../transfer/source.ts'
import { writeVersions } from '../transfer/versions-folder.ts'

export interface ExportOptions {
  readonly at?: string | undefined
  /** One of `FORMATS`. With `all` each version is written so, and the log where none is given. */
  readonly format?: string | undefined
  readonly all?: boolean | undefined
  /** A file; with `all` and a format a folder. */
  readonly out?: string | undefined
}

/** What a position can be written as. `updates` is one Yjs update that makes the document. */
const FORMATS: Readonly<Record<string, Format>> = {
  text: 'text',
  markdown: 'markdown',
  html: 'html',
  json: 'json',
  updates: 'yjs',
}

/** Writes one position of a room, its whole log, or all its versions; to a file, a folder or standard output. */
export async function exportRoom(
  config: Config,
  logger: Logger,
  room: string,
  { at, format, all = false, out }: ExportOptions,
): Promise<void> {
  const written = FORMATS[format ?? 'text']
  if (written === undefined) throw new Error(`--format is one of ${Object.keys(FORMATS).join(', ')}`)
  if (all && at !== undefined) throw new Error('--all is the whole history: it goes with no --at')
  const versions = all && format !== undefined
  if (versions && out === undefined)
    throw new Error('--all with --format writes a folder: name it with --out')
  const position = positionOf(at)
  await withDatabase(config, logger, async (database) => {
    await requireRoom(database.pool, room)
    if (all && !versions)
      return withLog(database.pool, { name: room }, ({ header, entries }) =>
        put(writeLog(header, entries), out),
      )
    const history = new History(database, logger, 'read')
    try {
      if (out !== undefined && versions) await writeVersions(history, room, written, out)
      else await put((await history.content(room, position, written)).bytes, out)
    } finally {
      await history.close()
    }
  })
}

function positionOf(text: string | undefined): At {
  try {
    return parseAt(text)
  } catch {
    const time = new Date(0).toISOString()
    throw new Error(`--at is a position such as 1234, a time such as ${time}, or the id of a version`)
  }
}

async function put(content: Uint8Array | AsyncIterable<string>, out: string | undefined): Promise<void> {
  if (out !== undefined) return writeAtomically(out, content)
  const parts = content instanceof Uint8Array ? [content] : content
  for await (const part of parts) {
    // Rejected when nobody reads any more.
    if (!process.stdout.write(part)) await once(process.stdout, 'drain')
  }
}

export async function withDatabase<Result>(
  config: Pick<Config, 'storage'>,
  logger: Logger,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = await openDatabase(config.storage, logger)
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}
