import { type Connection, Document } from '@hocuspocus/server'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { paceOf, widenFlushWindow, windowFor } from '../../server/realtime/flush-window.ts'

describe('[RT6] the flush window', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** A room of `people` of whom the first `writers` type in turns, together `rate` times a second. */
  function windowOf({ people, writers, rate }: { people: number; writers: number; rate: number }) {
    const document = new Document('doc:crowd')
    const windows: number[] = []
    const connected = new Set<number>()
    widenFlushWindow(document, (window, count) => {
      windows.push(window)
      connected.add(count)
    })
    const connections = Array.from(
      { length: people },
      () => ({ send: () => undefined }) as unknown as Connection,
    )
    for (const connection of connections) document.connections.set(connection, { clients: new Set() })
    const seen: unknown[] = []
    for (let index = 0; index < rate; index += 1) {
      vi.setSystemTime(Date.now() + 1000 / rate)
      const origin = { source: 'connection', connection: connections[index % writers] }
      document.transact(() => document.getArray('edits').push([index]), origin)
      seen.push(document.flushDelay)
    }
    document.connections.clear()
    document.destroy()
    expect(Math.max(...windows)).toBe(Math.max(...seen.map(Number)))
    expect(connected).toEqual(new Set([people]))
    return Math.max(...windows)
  }

  it('[RT6] is none up to 5,000 deliveries a second, grows with them, and stops at 40 ms', () => {
    expect(windowFor(0)).toBe(0)
    expect(windowFor(5_000)).toBe(0)
    expect(windowFor(10_000)).toBe(4)
    expect(windowFor(40_000)).toBeGreaterThan(windowFor(20_000))
    expect(windowFor(1e9)).toBe(40)
  })

  it('[LOG11] holds up no commit while it is narrow, but for the broadcast where there is one', () => {
    expect(paceOf(0, 1)).toBe('at once')
    expect(paceOf(0, 2)).toBe('after the turn')
    expect(paceOf(windowFor(10_000), 100)).toBe('after the turn')
    expect(paceOf(windowFor(1e9), 100)).toBe(40)
  })

  it('[RT6] widens in a room in which 200 people type twice a second each', () => {
    expect(windowOf({ people: 200, writers: 200, rate: 400 })).toBeGreaterThanOrEqual(20)
  })

  it('[RT6] stays closed for a few people who type', () => {
    expect(windowOf({ people: 5, writers: 5, rate: 100 })).toBe(0)
  })

  it('[RT6] never opens for one writer, however many read and however fast the writer is', () => {
    expect(windowOf({ people: 2_000, writers: 1, rate: 200 })).toBe(0)
  })
})
