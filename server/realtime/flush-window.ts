import { type Document, isTransactionOrigin } from '@hocuspocus/server'
import type { CommitPace } from '../log/room-log.ts'

/** How long updates are counted before the window is set anew, in ms. */
const SAMPLE = 250
/** Deliveries a second (updates × connections) up to which every turn of the event loop sends at once. */
const FREE_DELIVERIES = 5_000
/** The window at eleven times that and beyond, in ms: the p99 of what people see must stay under 50, and is 43 with it. */
const WIDEST = 40
/** Up to this window, in ms, a commit of its own for each edit costs less than waiting for others would. */
const NARROW = 12

/**
 * Widens a room's flush window as it fills. Each update goes to everybody, so a room of n people who all type
 * costs n² deliveries; gathering some milliseconds' updates into one frame makes it n again. A room in which
 * one person types is not slowed down, however many read, but for the first edit after many have typed. `changed`
 * hears of every sample: the window, in ms, and how many are connected.
 */
export function widenFlushWindow(
  document: Document,
  changed: (window: number, connections: number) => void,
): void {
  let since = Date.now()
  let updates = 0
  const writers = new Set<unknown>()
  document.on('update', (_bytes: Uint8Array, origin: unknown) => {
    updates += 1
    writers.add(isTransactionOrigin(origin) && origin.source === 'connection' ? origin.connection : undefined)
    const now = Date.now()
    const elapsed = now - since
    if (elapsed < SAMPLE) return
    const deliveries = (updates / elapsed) * 1000 * document.connections.size
    const window = writers.size > 1 ? windowFor(deliveries) : 0
    document.flushDelay = window
    changed(window, document.connections.size)
    since = now
    updates = 0
    writers.clear()
  })
}

/** The flush window for so many deliveries a second, in ms. */
export function windowFor(deliveries: number): number {
  if (deliveries <= FREE_DELIVERIES) return 0
  return Math.min(WIDEST, Math.ceil((deliveries / FREE_DELIVERIES - 1) * 4))
}

/**
 * How a room with such a window, in ms, and so many connections is committed. One in which many type gathers: a commit takes 0.25 ms of
 * this process, and 80 a second were a tenth of what a crowd took. Where anybody else is here, it is sent behind the broadcast: sent before
 * it, of four readers half saw an edit after 0.78 ms instead of 0.43, and of a hundred after 2.1 instead of 1.9. A broadcast that itself
 * waits some ms is not waited for.
 */
export function paceOf(window: number, connections: number): CommitPace {
  if (window >= NARROW) return window
  return connections > 1 ? 'after the turn' : 'at once'
}
