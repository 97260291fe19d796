import type { Doc } from 'yjs'

/**
 * Calls back when a listener of `doc` has thrown, whoever's it is. Yjs is then left in the middle of a transaction and tells of
 * no other, ever: what is typed from there on is neither sent nor kept, and nothing of others is shown. It is taken out of that
 * state first. Those that listen behind the one that threw have missed the change.
 */
export function whenInterrupted(doc: Doc, interrupted: () => void): void {
  let looking = false
  doc.on('beforeTransaction', () => {
    if (looking) return
    looking = true
    // All that a transaction does, it does before the first microtask.
    queueMicrotask(() => {
      looking = false
      if (doc._transactionCleanups.length === 0) return
      doc._transactionCleanups = []
      interrupted()
    })
  })
}
