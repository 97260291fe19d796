import { expect, it } from 'vitest'
import type { NewEntry } from '../../server/log/entry.ts'
import { packRoom } from '../../server/log/pack.ts'
import { countTo, database, entry, openLog, openRoom } from './fixture.ts'

const event = (id: string): NewEntry => ({
  ...entry(JSON.stringify({ share: 0.5 }), 'eve'),
  event: { type: 'build.progress', id },
})

it('[EVT80] has the same entries once they are packed, page by page, and each event once', async () => {
  const { db } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  // Every seventh is an event.
  for (const seq of countTo(3_500)) room.append(seq % 7 === 0 ? event(String(seq)) : entry(`edit ${seq}`))
  await room.durable()
  const all = async () => {
    const pages = []
    for (let after = 0; ; ) {
      const page = await log.entryHeads(room.id, after, 300)
      pages.push(...page)
      const last = page.at(-1)
      if (last === undefined) return pages
      after = last.seq
    }
  }
  const expected = countTo(3_500).map((seq) => ({
    seq,
    first: seq,
    at: 1_700_000_000_000,
    ...(seq % 7 === 0
      ? { actor: 'eve', bytes: '{"share":0.5}'.length, type: 'build.progress' }
      : { actor: 'ada', bytes: `edit ${seq}`.length, type: null }),
  }))
  expect(await all()).toEqual(expected)
  // The log packs by itself too: whoever comes second finds it done.
  await packRoom(db.pool, room.id)
  const segments = async () => (await db.pool.query('select from room_segments')).rowCount
  await expect.poll(segments, { timeout: 10_000 }).toBe(2)
  expect(await all()).toEqual(expected)
})
