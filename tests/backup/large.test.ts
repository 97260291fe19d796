import type pg from 'pg'
import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { contents } from '../../server/backup/contents.ts'
import { folded } from '../../server/commands/import.ts'
import { inTransaction, type Queryable } from '../../server/storage/transaction.ts'
import { insertLog } from '../../server/transfer/insert-room.ts'
import type { LoggedEntry } from '../../server/transfer/log-file.ts'
import { database, openLog, openRoom } from '../log/fixture.ts'
import { asked } from './lively.ts'

const MIB = 2 ** 20
const HEADER = { room: 'doc:a', createdAt: new Date(0).toISOString(), createdBy: 'ada' }

/** Entries of a MiB each, each of which takes the place of the one before. */
function large(count: number): readonly Uint8Array[] {
  const doc = new Y.Doc()
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  for (let at = 0; at < count; at += 1) doc.getMap('shapes').set('one', `${at}`.padEnd(MIB, 'x'))
  return updates
}

/** What a value takes of memory: bytes are read as they are, or as base64. */
const sizeOf = (value: unknown): number =>
  typeof value === 'string' || value instanceof Uint8Array ? value.length : 0

it('[BAK10] few rows that are large are read a part at a time, and all of them are', async () => {
  const { db, url } = await database()
  const log = openLog(db, 64 * MIB)
  for (const [at, bytes] of large(40).entries()) {
    const room = await openRoom(log, `doc:${at}`)
    room.append({ actor: 'ada', at: 0, bytes })
    await room.durable()
  }
  await asked(
    url,
    `insert into keyed_writes (room_id, key, request, head, client, edit, changed)
     select room_id, 'key', 'request', 1, 1, bytes, true from room_updates`,
  )
  let most = 0
  let lines = 0
  await inTransaction(db.pool, async (client) => {
    const query = async (question: string | pg.QueryConfig, values?: unknown[]) => {
      const answer = await client.query<object>(question, values)
      for (const { rows } of [answer].flat())
        most = Math.max(
          most,
          rows.flatMap((row) => Object.values(row).map(sizeOf)).reduce((sum, one) => sum + one, 0),
        )
      return answer
    }
    const watched = { query } as unknown as Queryable
    for await (const { name, lines: written } of contents(watched))
      for await (const _ of written) if (name === 'room_updates.jsonl') lines += 1
  })
  expect(lines).toBe(41)
  expect(most).toBeLessThanOrEqual(16 * MIB)
}, 60_000)

it('[BAK10] the entries of a log are tried and passed on a part at a time', async () => {
  const updates = large(12)
  let read = 0
  async function* file(): AsyncGenerator<LoggedEntry> {
    for (const bytes of updates) {
      read += 1
      yield { seq: read, at: 0, actor: 'ada', bytes }
    }
  }
  const passed: number[] = []
  for await (const { seq } of folded(new Y.Doc(), file())) {
    passed.push(seq)
    expect(read - seq).toBeLessThan(4)
  }
  expect(passed).toEqual(updates.map((_, at) => at + 1))
})

it.each([
  [true, '0'],
  [false, '1min'],
])('[BAK10] Postgres waits for as long as its entries are tried (%s)', async (unhurried, within) => {
  const { db } = await database()
  let told: unknown
  async function* none(): AsyncGenerator<LoggedEntry> {}
  await insertLog(db.pool, 'doc:a', HEADER, none(), {
    unhurried,
    shown: () => ({ title: null, editor: null }),
    record: async (client) => {
      told = (await client.query('show idle_in_transaction_session_timeout')).rows[0]
    },
  })
  expect(told).toEqual({ idle_in_transaction_session_timeout: within })
})
