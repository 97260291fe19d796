import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Capacity, takeDue } from '../../server/webhooks/queue.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'

let database: FreshDatabase
let pool: pg.Pool
beforeAll(async () => {
  database = await freshDatabase()
  pool = new pg.Pool({ connectionString: database.storage.url })
})
beforeEach(async () => {
  await pool.query('truncate webhooks, webhook_deliveries')
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const FREE: Capacity = { busy: new Map(), atOnce: 4, hooks: [] }
const LONG = 60_000

/** A webhook for which so many messages wait, of so many rooms in turn. */
async function webhook(messages: number, rooms: number): Promise<string> {
  const id = randomUUID()
  await pool.query(
    `insert into webhooks (id, url, description, events, rooms, secret, active, created_by)
     values ($1, 'https://a.example', '', '{event:*}', '{}', 's', true, 'root')`,
    [id],
  )
  await pool.query(
    `insert into webhook_deliveries (webhook_id, type, room, seq, at, data)
     select $1, 'event:chat.message', 'talk:' || n % $3, n, now(), '{}' from generate_series(1, $2) as n`,
    [id, messages, rooms],
  )
  return id
}

const everybody = async (lease: number) =>
  (await Promise.all(Array.from({ length: 8 }, () => takeDue(pool, FREE, lease)))).flat().map(({ id }) => id)

it('[HOOK11] nodes that ask at once take each delivery once', async () => {
  await webhook(40, 40)
  const taken: string[] = []
  for (let all = await everybody(LONG); all.length > 0; all = await everybody(LONG)) taken.push(...all)
  expect(taken).toHaveLength(40)
  expect(new Set(taken).size).toBe(40)
})

it('[HOOK11] has a control: where taking something lasts no time, it is taken twice', async () => {
  await webhook(40, 40)
  const taken = [...(await everybody(0)), ...(await everybody(0))]
  expect(new Set(taken).size).toBeLessThan(taken.length)
})

it('[HOOK5] [HOOK10] a webhook has four on their way from a node, of different rooms, and others theirs beside it', async () => {
  const full = await webhook(20, 2)
  const other = await webhook(20, 20)
  const first = await takeDue(pool, FREE, LONG)
  const of = (id: string) => first.filter((due) => due.webhook === id).map(({ seq }) => seq)
  expect(of(full).sort()).toEqual([1, 2])
  expect(of(other)).toHaveLength(4)
  const busy = new Map([[other, 4]])
  expect(await takeDue(pool, { ...FREE, busy }, LONG)).toEqual([])
  // The next of a room goes when the one before has been tried, however that went.
  await pool.query(
    `update webhook_deliveries set taken_until = null, next_at = now() + interval '1 hour' where seq = 1`,
  )
  expect((await takeDue(pool, { ...FREE, busy }, LONG)).map(({ seq }) => seq)).toEqual([3])
})

it('[HOOK3] what a killed node had taken is due again when its time is over', async () => {
  await webhook(1, 1)
  const [first] = await takeDue(pool, FREE, LONG)
  expect(await takeDue(pool, FREE, LONG)).toEqual([])
  await pool.query('update webhook_deliveries set taken_until = now()')
  expect(await takeDue(pool, FREE, LONG)).toMatchObject([{ id: first?.id, attempts: 2 }])
})

it('[HOOK9] a webhook that is off is sent nothing, and has it all when it is on', async () => {
  await webhook(3, 3)
  await pool.query('update webhooks set active = false')
  expect(await takeDue(pool, FREE, LONG)).toEqual([])
  await pool.query('update webhooks set active = true')
  expect(await takeDue(pool, FREE, LONG)).toHaveLength(3)
})
