import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { NewEntry, Seq } from '../../server/log/entry.ts'
import { RoomFeed, type Run, startOf } from '../../server/log/room-feed.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const entry = (seq: Seq): NewEntry => ({ actor: 'ada', at: seq, bytes: Uint8Array.of(seq) })

/** Entries `first … last`. */
const run = (first: Seq, last: Seq, own = false): Run => ({
  lastSeq: last,
  entries: Array.from({ length: last - first + 1 }, (_, index) => entry(first + index)),
  own,
})

/** What a listener has been told, with what it reads in between. */
function listenTo(feed: RoomFeed): Seq[] {
  const told: Seq[] = []
  feed.listen({
    next: (next) => told.push(...next.entries.map((_, index) => startOf(next) + index)),
    missed: () => {
      for (let seq = (told.at(-1) ?? 0) + 1; seq <= feed.known; seq += 1) told.push(seq)
    },
  })
  return told
}

const upTo = (last: Seq): readonly Seq[] => Array.from({ length: last }, (_, index) => index + 1)

it('[CLU4] tells of entries in the order of the log, however they arrive', () => {
  const feed = new RoomFeed(0, () => 100)
  const told = listenTo(feed)
  feed.add(run(3, 4, true))
  feed.add(run(2, 2))
  feed.add(run(6, 6))
  feed.expect()
  expect(told).toEqual([])
  feed.add(run(1, 1))
  expect(told).toEqual([1, 2, 3, 4])
  feed.add(run(5, 5))
  feed.add(run(5, 5))
  expect(told).toEqual(upTo(6))
})

it('[CLU4] gives up what does not arrive while nothing else does, and has it read', () => {
  const feed = new RoomFeed(0, () => 100)
  const told = listenTo(feed)
  feed.add(run(2, 2))
  feed.expect()
  vi.advanceTimersByTime(99)
  expect(told).toEqual([])
  vi.advanceTimersByTime(1)
  expect(told).toEqual([1, 2])
  feed.add(run(1, 1))
  feed.add(run(3, 3))
  expect(told).toEqual([1, 2, 3])
})

it('[CLU4] waits for nothing where nothing arrives by itself', () => {
  const feed = new RoomFeed(0, () => 0)
  const told = listenTo(feed)
  feed.heard(5)
  feed.expect()
  expect(told).toEqual(upTo(5))
})

it('[CLU4] tells of each entry once and in order, whatever is lost, late or said twice', () => {
  const count = 60
  const way = fc.record({ lost: fc.boolean(), late: fc.nat(20), twice: fc.boolean(), own: fc.boolean() })
  fc.assert(
    fc.property(fc.array(way, { minLength: count, maxLength: count }), fc.nat(50), (ways, patience) => {
      const feed = new RoomFeed(0, () => patience)
      const told = listenTo(feed)
      const arrivals = ways.flatMap(({ lost, late, twice, own }, index) => {
        const at = { seq: index + 1, own, at: index + (own ? 0 : late) }
        if (lost && !own) return []
        return twice ? [at, { ...at, at: at.at + 7 }] : [at]
      })
      for (const { seq, own } of arrivals.sort((one, other) => one.at - other.at)) {
        feed.add(run(seq, seq, own))
        feed.expect()
        vi.advanceTimersByTime(10)
      }
      feed.heard(count)
      feed.expect()
      vi.advanceTimersByTime(1_000)
      expect(told).toEqual(upTo(count))
    }),
  )
})
