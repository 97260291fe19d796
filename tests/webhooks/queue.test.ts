import { expect, it } from 'vitest'
import { replayDelivery } from '../../server/webhooks/delivery-table.ts'
import { offerHooks } from '../../server/webhooks/hooks.ts'
import { type Capacity, type Due, putBack, recordTried, takeDue } from '../../server/webhooks/queue.ts'
import { switchOff } from '../../server/webhooks/webhook-table.ts'
import { databaseOfFile, webhookOf } from './database.ts'

const database = databaseOfFile()

const FREE: Capacity = { busy: new Map(), atOnce: 4, hooks: [] }
const LONG = 60_000

/** What was taken has been sent: it was taken there, or is to be tried again. */
const tried = ({ id, attempts }: Due, again?: number) =>
  recordTried(database.pool, {
    id,
    attempts,
    taken: again === undefined,
    again,
    statusCode: 200,
    error: undefined,
    duration: 1,
  })

const everybody = async (lease: number) =>
  (await Promise.all(Array.from({ length: 8 }, () => takeDue(database.pool, FREE, lease))))
    .flat()
    .map(({ id }) => id)

it('[HOOK11] nodes that ask at once take each delivery once', async () => {
  await webhookOf(database.pool, 40, 40)
  const taken: string[] = []
  for (let all = await everybody(LONG); all.length > 0; all = await everybody(LONG)) taken.push(...all)
  expect(taken).toHaveLength(40)
  expect(new Set(taken).size).toBe(40)
})

it('[HOOK11] has a control: where taking something lasts no time, it is taken twice', async () => {
  await webhookOf(database.pool, 40, 40)
  const taken = [...(await everybody(0)), ...(await everybody(0))]
  expect(new Set(taken).size).toBeLessThan(taken.length)
})

it('[HOOK5] [HOOK10] a webhook has four on their way from a node, of different rooms, and others theirs beside it', async () => {
  const full = await webhookOf(database.pool, 20, 2)
  const other = await webhookOf(database.pool, 20, 20)
  const first = await takeDue(database.pool, FREE, LONG)
  const of = (id: string) => first.filter((due) => due.webhook === id).map(({ seq }) => seq)
  expect(of(full).sort()).toEqual([1, 2])
  expect(of(other)).toHaveLength(4)
  const busy = new Map([[other, 4]])
  expect(await takeDue(database.pool, { ...FREE, busy }, LONG)).toEqual([])
  // The next of a room goes when the one before has been tried, however that went.
  for (const due of first.filter(({ seq }) => seq === 1)) await tried(due, 3_600_000)
  expect((await takeDue(database.pool, { ...FREE, busy }, LONG)).map(({ seq }) => seq)).toEqual([3])
})

it('[HOOK3] what a killed node had taken is due again when its time is over', async () => {
  await webhookOf(database.pool, 1, 1)
  const [first] = await takeDue(database.pool, FREE, LONG)
  expect(await takeDue(database.pool, FREE, LONG)).toEqual([])
  await database.pool.query('update webhook_deliveries set taken_until = now()')
  expect(await takeDue(database.pool, FREE, LONG)).toMatchObject([{ id: first?.id, attempts: 2 }])
})

it('[HOOK10] what a killed node had taken, or one that stops, still goes before what its room has after it', async () => {
  await webhookOf(database.pool, 3, 1)
  const [taken] = await takeDue(database.pool, FREE, LONG)
  await database.pool.query('update webhook_deliveries set taken_until = now() where taken_until is not null')
  const again = await takeDue(database.pool, FREE, LONG)
  expect(again).toMatchObject([{ id: taken?.id, seq: 1, attempts: 2 }])
  for (const due of again) await putBack(database.pool, due)
  const last = await takeDue(database.pool, FREE, LONG)
  // A stop uses up none of the tries that a receiver has.
  expect(last).toMatchObject([{ id: taken?.id, seq: 1, attempts: 2 }])
  for (const due of last) await tried(due)
  expect(await takeDue(database.pool, FREE, LONG)).toMatchObject([{ seq: 2 }])
})

it('[HOOK5] what waits behind the first of one room holds up no other room, however much it is', async () => {
  const id = await webhookOf(database.pool, 150, 1)
  await database.pool.query(
    `insert into webhook_deliveries (webhook_id, type, room, at, data) values ($1, 'document.changed', 'doc:1', now(), '{}')`,
    [id],
  )
  expect((await takeDue(database.pool, FREE, LONG)).map(({ room }) => room).sort()).toEqual([
    'doc:1',
    'talk:0',
  ])
})

it('[HOOK9] [HOOK5] what is sent again waits for nothing that came after it, and holds up nothing', async () => {
  const id = await webhookOf(database.pool, 150, 1)
  const [first] = await takeDue(database.pool, FREE, LONG)
  if (first === undefined) throw new Error('nothing was due')
  await tried(first)
  await replayDelivery(database.pool, id, first.id)
  await database.pool.query(
    `insert into webhook_deliveries (webhook_id, type, room, at, data) values ($1, 'document.changed', 'doc:1', now(), '{}')`,
    [id],
  )
  const taken = await takeDue(database.pool, FREE, LONG)
  expect(taken.map(({ room, seq }) => [room, seq])).toEqual(
    expect.arrayContaining([
      ['talk:0', 1],
      ['talk:0', 2],
      ['doc:1', null],
    ]),
  )
  expect(taken).toHaveLength(3)
})

it('[HOOK21] a hook whose calls take long holds up no hook of another type, in its room neither', async () => {
  const hooks = ['event:build.started', 'event:chat.message']
  await offerHooks(database.pool, hooks)
  await database.pool.query(
    `insert into webhook_deliveries (webhook_id, type, room, at, data)
     select id, hook, 'talk:1', now(), '{}' from webhooks cross join generate_series(1, 150)
     where hook = 'event:build.started'`,
  )
  await database.pool.query(
    `insert into webhook_deliveries (webhook_id, type, room, at, data)
     select id, hook, 'talk:1', now(), '{}' from webhooks where hook = 'event:chat.message'`,
  )
  const first = await takeDue(database.pool, { ...FREE, hooks }, LONG)
  expect(first.map(({ hook }) => hook).sort()).toEqual(hooks)
  // Not by a process that has no such hook, nor by one in which as many calls run as may.
  await database.pool.query('update webhook_deliveries set taken_until = null')
  expect(await takeDue(database.pool, FREE, LONG)).toEqual([])
  const busy = new Map([['event:build.started', 4]])
  expect((await takeDue(database.pool, { ...FREE, busy, hooks }, LONG)).map(({ hook }) => hook)).toEqual([
    'event:chat.message',
  ])
})

it('[HOOK4] a webhook that has another address by now is not switched off for what the one before has said', async () => {
  const id = await webhookOf(database.pool, 1)
  await database.pool.query('update webhooks set failing_since = now()')
  expect(await switchOff(database.pool, id, 'gone', { url: 'https://before.example', failingFor: 0 })).toBe(
    false,
  )
  expect(await switchOff(database.pool, id, 'gone', { url: 'https://a.example', failingFor: 0 })).toBe(true)
})

it('[HOOK9] a webhook that is off is sent nothing, and has it all when it is on', async () => {
  await webhookOf(database.pool, 3, 3)
  await database.pool.query('update webhooks set active = false')
  expect(await takeDue(database.pool, FREE, LONG)).toEqual([])
  await database.pool.query('update webhooks set active = true')
  expect(await takeDue(database.pool, FREE, LONG)).toHaveLength(3)
})
