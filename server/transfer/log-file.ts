import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type Entry, firstOf } from '../log/entry.ts'
import type { StoredEvent } from '../log/events.ts'

/** What a file of a room's log says before its entries. The format is described in docs/EXPORT.md. */
const headerSchema = z.strictObject({
  format: z.literal('syncline-log'),
  version: z.literal(1),
  room: z.string(),
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
  eventsAfter: z.int().positive().optional(),
})

/** An entry, with the events of the positions that it stands for, as far as they are kept. */
export interface LoggedEntry extends Entry {
  readonly events?: readonly StoredEvent[]
}

export type LogHeader = Omit<z.infer<typeof headerSchema>, 'format' | 'version'>

const eventSchema = z.strictObject({
  seq: z.int().positive(),
  at: z.int(),
  actor: z.string(),
  type: z.string(),
  id: z.string(),
  payload: z.unknown(),
})

const entrySchema = z.strictObject({
  seq: z.int().positive(),
  at: z.int(),
  actor: z.string(),
  merged: z
    .strictObject({ first: z.int().positive(), since: z.int(), actors: z.array(z.string()) })
    .optional(),
  update: z.base64(),
  events: z.array(eventSchema).optional(),
})

const endSchema = z.strictObject({ end: z.int(), sha256: z.string() })

/** The lines of a log file, each with its newline. The same log gives the same bytes. */
export async function* writeLog(
  header: LogHeader,
  entries: AsyncIterable<LoggedEntry>,
): AsyncGenerator<string> {
  const hash = createHash('sha256')
  let end = 0
  const line = (value: unknown): string => {
    const text = `${JSON.stringify(value)}\n`
    hash.update(text)
    return text
  }
  yield line({ format: 'syncline-log', version: 1, ...header })
  for await (const { seq, at, actor, merged, bytes, events = [] } of entries) {
    end = seq
    const update = Buffer.from(bytes).toString('base64')
    const told = events.map(({ payload, ...event }) => ({ ...event, payload: JSON.parse(payload) }))
    yield line({ seq, at, actor, merged, update, events: told.length === 0 ? undefined : told })
  }
  yield line({ end, sha256: hash.copy().digest('hex') })
}

/** Whether a file begins as one of these does. */
export const isLogFile = (start: string): boolean => start.startsWith('{"format":"syncline-log"')

/** A file that is not a whole log. */
class LogFileError extends Error {}

export interface LogFile {
  readonly header: LogHeader
  /** To be read to its end: only there is it known whether the file was whole. */
  readonly entries: AsyncGenerator<LoggedEntry>
}

/**
 * Reads what `writeLog` wrote.
 * @throws LogFileError naming the line; from `entries` too, where the file is cut or changed.
 */
export async function readLog(lines: AsyncIterable<string>): Promise<LogFile> {
  const iterator = lines[Symbol.asyncIterator]()
  const hash = createHash('sha256')
  let number = 0
  const next = async (): Promise<unknown> => {
    const { value, done } = await iterator.next()
    if (done) throw new LogFileError(`the file ends after line ${number}: it was cut`)
    number += 1
    try {
      return { text: value, json: JSON.parse(value) }
    } catch {
      throw new LogFileError(`line ${number} is not JSON`)
    }
  }
  const parse = async <T>(schema: z.ZodType<T>): Promise<T> => {
    const { text, json } = (await next()) as { text: string; json: unknown }
    const parsed = schema.safeParse(json)
    if (!parsed.success) throw new LogFileError(`line ${number}: ${z.prettifyError(parsed.error)}`)
    if (!(typeof json === 'object' && json !== null && 'end' in json)) hash.update(`${text}\n`)
    return parsed.data
  }
  const { format: _, version: __, ...header } = await parse(headerSchema)

  async function* entries(): AsyncGenerator<LoggedEntry> {
    let last = 0
    for (;;) {
      const line = await parse(z.union([entrySchema, endSchema]))
      if ('end' in line) {
        if (line.end !== last || line.sha256 !== hash.digest('hex'))
          throw new LogFileError('the file is not as it was written: its last line says so')
        if (!(await iterator.next()).done) throw new LogFileError('something follows the last line')
        return
      }
      const { update, events: told = [], ...rest } = line
      const events = told.map(({ payload, ...event }) => ({
        ...event,
        payload: JSON.stringify(payload ?? null),
      }))
      const entry = { ...rest, bytes: Buffer.from(update, 'base64'), events }
      if (firstOf(entry) !== last + 1 || entry.seq < firstOf(entry))
        throw new LogFileError(`line ${number}: entry ${last + 1} is missing`)
      if (events.some(({ seq }) => seq <= last || seq > entry.seq))
        throw new LogFileError(`line ${number}: an event stands at another position than its entry`)
      last = entry.seq
      yield entry
    }
  }
  return { header, entries: entries() }
}
