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
  const before = await all()
  expect(before.map(({ seq }) => seq)).toEqual(countTo(3_500))
  expect(before[6]).toEqual({
    seq: 7,
    first: 7,
    at: 1_700_000_000_000,
    actor: 'eve',
    bytes: 13,
    type: 'build.progress',
  })
  expect(before[7]).toMatchObject({ seq: 8, actor: 'ada', bytes: 6, type: null })
  expect(await packRoom(db.pool, room.id)).toBeGreaterThan(0)
  expect(await all()).toEqual(before)
})
