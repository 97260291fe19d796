import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { continued, merged } from '../../client/sdk/activity/merge.ts'
import { type Activity, groupActivities } from '../../server/activity/groups.ts'

const START = Date.parse('2026-03-02T22:00:00Z')

const activity = fc
  .record({
    number: fc.nat(100_000),
    room: fc.constantFrom('doc:plan', 'doc:b', 'build:1'),
    type: fc.constantFrom('edited', 'build.failed'),
    actor: fc.constantFrom('ada', 'bob', 'eve'),
    minutes: fc.nat(3 * 24 * 60),
  })
  .map(({ number, room, type, actor, minutes }): Activity => {
    const at = new Date(START + minutes * 60_000).toISOString()
    return {
      id: `${room}/${number}/${actor}`,
      room,
      kind: room.split(':')[0] ?? '',
      title: null,
      type,
      actor,
      name: actor,
      at,
      until: at,
      seq: number,
      lastSeq: number,
      text: '',
      entries: 0,
      inserted: 0,
      deleted: 0,
    }
  })

/** Newest first, each once. */
const list = fc
  .uniqueArray(activity, { selector: ({ id }) => id, maxLength: 60 })
  .map((items) => items.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)))

const idsOf = (items: readonly Activity[]) => items.map(({ id }) => id).sort()

describe('groups', () => {
  it('[ACT13] lose nothing and double nothing, and say of whom, when and how often it was', () => {
    fc.assert(
      fc.property(list, (items) => {
        const groups = groupActivities(items)
        expect(idsOf(groups.flatMap((group) => group.items))).toEqual(idsOf(items))
        for (const { key, day, room, type, people, at, until, items: own } of groups) {
          expect(groups.filter((group) => group.key === key)).toHaveLength(1)
          expect(
            own.every((item) => item.room === room && item.type === type && item.at.startsWith(day)),
          ).toBe(true)
          expect(people.reduce((sum, { count }) => sum + count, 0)).toBe(own.length)
          expect(new Set(people.map(({ id }) => id))).toEqual(new Set(own.map(({ actor }) => actor)))
          expect([at, until]).toEqual([
            own.map((item) => item.at).sort()[0],
            own
              .map((item) => item.until)
              .sort()
              .at(-1),
          ])
        }
        const newest = groups.map((group) => group.items[0]?.at ?? '')
        expect(newest).toEqual([...newest].sort().reverse())
      }),
    )
  })

  it('[ACT13] are the same whatever pages the activities came in', () => {
    fc.assert(
      fc.property(list, fc.array(fc.nat(60)), (items, cuts) => {
        const ends = [...cuts.filter((cut) => cut <= items.length).sort((a, b) => a - b), items.length]
        let read: readonly Activity[] = []
        let from = 0
        for (const end of ends) {
          read = continued(read, items.slice(from, end))
          from = end
        }
        expect(groupActivities(read)).toEqual(groupActivities(items))
      }),
    )
  })
})

describe('what a list becomes with what is new', () => {
  it('[ACT20] everything once, newest first, and as it was said last, in whatever order and however often it comes', () => {
    fc.assert(
      fc.property(list, fc.array(fc.nat(59), { maxLength: 20 }), fc.nat(60), (items, again, known) => {
        // Some were read, all the others come as news, some of them twice, and grown.
        const grown = again.flatMap((index) => items[index] ?? []).map((item) => ({ ...item, entries: 7 }))
        const read = items.filter((_, index) => index % 60 < known)
        const news = [...items.filter((item) => !read.includes(item)).reverse(), ...grown]
        const shown = merged(read, news, false)
        expect(idsOf(shown)).toEqual(idsOf(items))
        const times = shown.map(({ at }) => at)
        expect(times).toEqual([...times].sort().reverse())
        const changed = new Set(grown.map(({ id }) => id))
        for (const { id, entries } of shown) expect(entries).toBe(changed.has(id) ? 7 : 0)
      }),
    )
  })

  it('[ACT20] what is older than all that was read is left to its page, and is there once when that comes', () => {
    fc.assert(
      fc.property(list, fc.nat(60), (items, read) => {
        const page = items.slice(0, Math.max(1, read))
        const rest = items.slice(page.length)
        const shown = merged(page, [...rest].reverse(), true)
        expect(idsOf(continued(shown, rest))).toEqual(idsOf(items))
        expect(shown.length - page.length).toBeLessThanOrEqual(
          rest.filter(({ at }) => at === page.at(-1)?.at).length,
        )
      }),
    )
  })
})
