import { expect, it, vi } from 'vitest'
import type { Log } from '../../server/log/log.ts'
import { until } from '../support/server-process.ts'
import { connectTo, database, openLog, openRoom } from './fixture.ts'

const suspect = async (log: Log): Promise<boolean | undefined> => {
  const held = await log.open('doc:a', 'ada')
  held?.release()
  return held?.suspect
}

it('[DOC33] suspects no room that a process that lives is opening just now, and one whose opener is gone', async () => {
  const { url, db } = await database()
  const here = openLog(db)
  const opener = await connectTo(url, () => undefined)
  const there = openLog(opener)
  const held = await there.open('doc:a', 'ada')
  if (held === undefined) throw new Error('the room is not there')
  const notes = async () =>
    (await db.pool.query<{ process: number }>('select process from room_loads')).rows.map(
      (row) => row.process,
    )

  there.loading(held.room.id)
  await until(async () => (await notes()).includes(opener.life.process) && !(await suspect(here)))

  // Both at once: whoever is done first takes away its own note alone.
  const done = here.loading(held.room.id)
  await until(async () => (await notes()).length === 2)
  done('decided')
  await until(async () => (await notes()).length === 1)
  expect(await notes()).toEqual([opener.life.process])
  expect(await suspect(here)).toBe(false)

  // One that takes long may end its process yet, and those of all who open the room meanwhile.
  await db.pool.query(`update room_loads set begun_at = now() - interval '4 seconds'`)
  expect(await suspect(here)).toBe(true)
  await db.pool.query('update room_loads set begun_at = now()')

  held.release()
  await there.close()
  await opener.close()
  await until(async () => (await suspect(here)) === true)
  here.loading(held.room.id)('decided')
  await until(async () => (await notes()).length === 0)
  expect(await suspect(here)).toBe(false)
})

it('[DOC33] forgets a load whose end could not be noted, and no load of a process that is gone before the room was opened or quarantined', async () => {
  const { url, db } = await database()
  const here = openLog(db)
  const room = await openRoom(here)
  await room.durable()
  const opener = await connectTo(url, () => undefined)
  const there = openLog(opener)
  const notes = async () => (await db.pool.query('select from room_loads')).rowCount
  there.loading(room.id)
  await until(async () => (await notes()) === 1)
  await db.pool.query(`update room_loads set begun_at = now() - interval '14 minutes'`)
  expect(await suspect(here)).toBe(true)
  // Nothing takes so long, and who began it lives: it has ended, and the database was away just then.
  await db.pool.query(`update room_loads set begun_at = now() - interval '16 minutes'`)
  expect(await suspect(here)).toBe(false)
  here.loading(room.id)('decided')
  await until(async () => (await notes()) === 0)

  there.loading(room.id)
  await until(async () => (await notes()) === 1)
  await there.close()
  await opener.close()
  await until(async () => (await suspect(here)) === true)
  const done = here.loading(room.id)
  await until(async () => (await notes()) === 2)
  done('undecided')
  await until(async () => (await notes()) === 1)
  expect(await suspect(here)).toBe(true)
})

it('[DOC33] takes away the note of a load whose beginning was noted and not answered', async () => {
  const { db } = await database()
  const here = openLog(db)
  const { id } = await openRoom(here)
  const query = vi.spyOn(db.pool, 'query')
  query.mockImplementationOnce(async (...asked: readonly unknown[]) => {
    await Reflect.apply(query.getMockImplementation() ?? Object.getPrototypeOf(db.pool).query, db.pool, asked)
    throw new Error('the answer was lost')
  })
  const done = here.loading(id)
  await until(async () => (await db.pool.query('select from room_loads')).rowCount === 1)
  done('decided')
  await until(async () => (await db.pool.query('select from room_loads')).rowCount === 0)
})

it('[DOC33] shows again that it lives where only its connection was lost', async () => {
  const { url, db } = await database()
  const here = openLog(db)
  const opener = await connectTo(url)
  const there = openLog(opener)
  const held = await there.open('doc:a', 'ada')
  if (held === undefined) throw new Error('the room is not there')
  there.loading(held.room.id)
  const holders = async () =>
    (
      await db.pool.query(`select pid from pg_locks where locktype = 'advisory' and objid = $1`, [
        opener.life.process,
      ])
    ).rows
  await until(async () => (await holders()).length === 1)
  const [before] = await holders()
  await db.pool.query('select pg_terminate_backend($1)', [before.pid])
  await until(async () => {
    const [now] = await holders()
    return now !== undefined && now.pid !== before.pid
  })
  // It may have taken longer than a load that counts as none.
  await db.pool.query('update room_loads set begun_at = now()')
  expect(await suspect(here)).toBe(false)
})
