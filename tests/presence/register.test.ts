import { expect, it } from 'vitest'
import { PeoplePresence } from '../../server/presence/people-presence.ts'
import { database, openLog, openRoom, silent } from '../log/fixture.ts'
import { until } from '../support/server.ts'

const ROWS = `select user_id as user, came_at > now() - interval '1 minute' as today from room_people order by 1`

it('[PRE21] who stays in a room for a month is of it still, unless they were taken out of it', async () => {
  const { db } = await database()
  const { id } = await openRoom(openLog(db))
  const people = new PeoplePresence(db.pool, silent)
  const enter = (user: string) => people.attendance.enter({ user, name: user }, 'doc:a')
  const rows = async () => (await db.pool.query(ROWS)).rows
  enter('ada')
  enter('bob').leave()
  enter('eve')
  await until(async () => (await rows()).length === 3)
  await db.pool.query(`update room_people set came_at = now() - interval '31 days' where room_id = $1`, [id])
  await db.pool.query(`insert into revocations (user_id, room, at) values ('eve', 'doc:a', now())`)
  await people.forget(AbortSignal.timeout(60_000))
  expect(await rows()).toEqual([{ user: 'ada', today: true }])
})
