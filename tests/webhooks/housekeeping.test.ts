import { expect, it } from 'vitest'
import { PART } from '../../server/storage/in-parts.ts'
import type { Queryable } from '../../server/storage/transaction.ts'
import { forgetDeliveries } from '../../server/webhooks/delivery-table.ts'
import { keepHooks, offerHooks } from '../../server/webhooks/hooks.ts'
import { deleteWebhook } from '../../server/webhooks/webhook-table.ts'
import { databaseOfFile, webhookOf } from './database.ts'

const database = databaseOfFile()

const left = async () => (await database.pool.query('select webhook_id from webhook_deliveries')).rows

/** How many rows each statement has deleted. */
function counted(): { readonly db: Queryable; readonly parts: number[] } {
  const parts: number[] = []
  const query = async (text: string, values: unknown[]) => {
    const result = await database.pool.query(text, values)
    parts.push(result.rowCount ?? 0)
    return result
  }
  return { db: { query } as Queryable, parts }
}

const RUNNING = new AbortController().signal

it('[HOOK14] a webhook is deleted at once, and what it was sent and would have been in parts, afterwards', async () => {
  const gone = await webhookOf(database.pool, PART + 1)
  const kept = await webhookOf(database.pool, 1)
  const { db, parts } = counted()
  await deleteWebhook(db, gone)
  expect(parts).toEqual([1])
  await forgetDeliveries(db, 30, RUNNING)
  expect(Math.max(...parts)).toBe(PART)
  expect(await left()).toEqual([{ webhook_id: kept }])
})

it('[HOOK14] what is older than it is kept goes, in parts, and not once the server stops', async () => {
  await webhookOf(database.pool, PART + 1)
  await database.pool.query(`update webhook_deliveries set created_at = now() - interval '31 days'`)
  const young = await webhookOf(database.pool, 1)
  await forgetDeliveries(database.pool, 30, AbortSignal.abort())
  expect(await left()).toHaveLength(PART + 2)
  const { db, parts } = counted()
  await forgetDeliveries(db, 30, RUNNING)
  expect(parts.slice(0, 2)).toEqual([PART, 1])
  expect(await left()).toEqual([{ webhook_id: young }])
})

it('[HOOK12] a purged name goes also where its erasure was still to be told of', async () => {
  const id = await webhookOf(database.pool, 0)
  await database.pool.query(`update webhooks set events = '{room.erased}'`)
  await database.pool.query(
    `insert into rooms (name, kind, created_by, deleted_at, deleted_by) values
     ('doc:purged', 'doc', 'ada', now(), 'root'), ('doc:erased', 'doc', 'ada', now(), 'root')`,
  )
  await database.pool.query('update rooms set erased_at = now()')
  await database.pool.query(`update rooms set name = null where name = 'doc:purged'`)
  const names = async () =>
    (
      await database.pool.query('select room from webhook_deliveries where webhook_id = $1 order by room', [
        id,
      ])
    ).rows
  // It still waits to be told.
  await forgetDeliveries(database.pool, 30, RUNNING)
  expect(await names()).toEqual([{ room: 'doc:erased' }, { room: 'doc:purged' }])
  await database.pool.query(
    'update webhook_deliveries set next_at = null, untried = false, delivered_at = now()',
  )
  await forgetDeliveries(database.pool, 30, RUNNING)
  expect(await names()).toEqual([{ room: 'doc:erased' }])
})

it('[HOOK20] of a hook that no process has had for a day nothing is kept, and of the others everything', async () => {
  await offerHooks(database.pool, ['room.created', 'room.erased'])
  await database.pool.query(`insert into rooms (name, kind, created_by) values ('doc:1', 'doc', 'ada')`)
  await database.pool.query(`update webhooks set changed_at = now() - interval '2 days'`)
  await keepHooks(database.pool, ['room.created'])
  await forgetDeliveries(database.pool, 30, RUNNING)
  expect((await database.pool.query('select hook from webhooks')).rows).toEqual([{ hook: 'room.created' }])
  expect(await left()).toHaveLength(1)
  await database.pool.query(`update webhooks set changed_at = now() - interval '2 days'`)
  await keepHooks(database.pool, [])
  await forgetDeliveries(database.pool, 30, RUNNING)
  expect(await left()).toEqual([])
})
