import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import type { Entry, NewEntry } from '../../server/log/entry.ts'
import { Log } from '../../server/log/log.ts'
import type { RoomLog } from '../../server/log/room-log.ts'
import { type Database, openDatabase } from '../../server/storage/database.ts'
import { Pulse } from '../../server/storage/pulse.ts'
import { freshDatabase } from '../support/database.ts'

export const silent = pino({ level: 'silent' })

/** Ends what was made, the last first; at the end of a test, or of all of a file's. */
export type AtEnd = (end: () => Promise<void>) => void

/** An empty database with its tables, gone with the test. */
export async function database(
  atEnd: AtEnd = onTestFinished,
): Promise<{ readonly url: string; readonly db: Database }> {
  const { storage, drop } = await freshDatabase()
  atEnd(drop)
  return { url: storage.url, db: await connectTo(storage.url, atEnd) }
}

/** Another node's way to a database. */
export async function connectTo(url: string, atEnd: AtEnd = onTestFinished): Promise<Database> {
  const db = await openDatabase({ kind: 'url', url }, silent)
  atEnd(() => db.close())
  return db
}

export function startPulse(db: Pick<Database, 'pool'>, atEnd: AtEnd = onTestFinished): Pulse {
  const pulse = new Pulse(db.pool, silent, 400)
  atEnd(() => pulse.stop())
  return pulse
}

export function openLog(db: Database, maxQueueBytes = 1024 * 1024, atEnd: AtEnd = onTestFinished): Log {
  const log = new Log(db, silent, maxQueueBytes)
  atEnd(async () => log.abandon())
  return log
}

export async function openRoom(log: Log, name = 'doc:a'): Promise<RoomLog> {
  const room = (await log.open(name, 'ada'))?.room
  if (room === undefined) throw new Error(`no room ${name}`)
  room.reopened()
  return room
}

export const entry = (text: string, actor = 'ada', at = 1_700_000_000_000): NewEntry => ({
  actor,
  at,
  bytes: Buffer.from(text),
})

/** Appends a number of entries that say who they are; resolves when they are committed. */
export async function fill(room: RoomLog, count: number, prefix = ''): Promise<void> {
  for (let i = 1; i <= count; i += 1)
    room.append(entry(`${prefix}${i}`, `ada ${i % 3}`, 1_700_000_000_000 + i))
  await room.durable()
}

/** All that the log has of a room, up to its head in the database. */
export async function entriesOf(log: Log, name = 'doc:a', after = 0): Promise<Entry[]> {
  const room = await openRoom(log, name)
  const entries: Entry[] = []
  for await (const one of log.read(room.id, after, room.head)) {
    entries.push({ ...one, bytes: Uint8Array.from(one.bytes) })
  }
  return entries
}

export async function textsOf(log: Log, name = 'doc:a'): Promise<string[]> {
  return (await entriesOf(log, name)).map(({ bytes }) => Buffer.from(bytes).toString())
}

/** 1, 2, 3 … */
export const countTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1)
