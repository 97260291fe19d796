import { expect, it } from 'vitest'
import { Bucket } from '../../server/bucket.ts'
import { Pace } from '../../server/realtime/pace.ts'

it('[LIM5] a bucket gives its burst at once and its rate for ever, to the unit', () => {
  const bucket = new Bucket(100, 2)
  for (let taken = 0; taken < 200; taken += 1) expect(bucket.take(1, 5_000)).toBe(0)
  expect(bucket.take(1, 5_000)).toBeCloseTo(10)
  // Ten of these are owed for, and a second brings a hundred.
  expect(bucket.take(99, 6_000)).toBeCloseTo(0)
  expect(bucket.take(1, 6_000)).toBeCloseTo(10)
})

it('[LIM5] who sends no faster than the rate never waits, however long it goes on', () => {
  const bucket = new Bucket(1_000, 1)
  for (let now = 0; now < 100_000; now += 1) expect(bucket.take(1, now)).toBe(0)
})

it('[LIM5] what is taken beyond the burst is owed, and waited for once', () => {
  const bucket = new Bucket(10, 1)
  expect(bucket.take(30, 0)).toBeCloseTo(2_000)
  expect(bucket.take(0, 2_000)).toBe(0)
  expect(bucket.refill(2_000)).toBeCloseTo(1_000)
})

it('[LIM6] [LIM7] messages, bytes and time are counted apart; a person has four times as much as a WebSocket', () => {
  const limits = { messagesPerSecond: 10, bytesPerSecond: 1_000, applyPerSecond: 5 }
  const one = new Pace(limits)
  const all = Pace.ofUser(limits)
  for (let sent = 0; sent < 100; sent += 1) expect(one.received(1, 10, 0)).toBe(0)
  expect(one.received(1, 10, 0)).toBeGreaterThan(0)
  expect(new Pace(limits).received(1, 10_001, 0)).toBeGreaterThan(0)
  expect(all.received(1, 40_000, 0)).toBe(0)
  expect(all.received(1, 1, 0)).toBeGreaterThan(0)
  expect(one.applied(100, 0)).toBe(0)
  expect(one.applied(1, 0)).toBeCloseTo(200)
})
