import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { Thinning } from '../../server/history/retention/thinning.ts'
import { ThinningThread } from '../../server/history/retention/thinning-thread.ts'
import { replayed, typed } from './past.ts'

const updates = (edits: number, seed = 1) =>
  typed([{ at: 0, people: ['ada', 'bob'], edits }], seed).map(({ bytes }) => bytes)

/** The last update after which the document has structs, or deletions, that it did not have before. */
function lastThat(updates: readonly Uint8Array[], changed: 'structs' | 'deletions'): number {
  const doc = new Y.Doc({ gc: false })
  const seen = updates.map((update) => {
    doc.transact(() => Y.applyUpdate(doc, update))
    const { sv, ds } = Y.snapshot(doc)
    const known =
      changed === 'structs' ? Y.createSnapshot(Y.createDeleteSet(), sv) : Y.createSnapshot(ds, new Map())
    return Buffer.from(Y.encodeSnapshot(known)).toString('hex')
  })
  return seen.findLastIndex((state, index) => state !== seen[index - 1])
}

describe('merging a run of updates', () => {
  it('[HIS90] keeps all that was written, deleted text too, and is checked by another fold', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const all = updates(200, seed)
      const thinning = new Thinning()
      thinning.apply(all.slice(0, 50))
      const groups = [all.slice(50, 60), all.slice(60, 61), all.slice(61)].map((run) => thinning.merge(run))
      expect(groups.every((group) => thinning.check(group))).toBe(true)
      expect(thinning.same()).toBe(true)
      const thinned = [...all.slice(0, 50), ...groups.map(({ update }) => update)]
      expect(replayed(thinned)).toEqual(replayed(all))
      const size = (list: readonly Uint8Array[]) => list.reduce((sum, { length }) => sum + length, 0)
      expect(size(thinned.slice(50))).toBeLessThan(size(all.slice(50)))
    }
  })

  it('[HIS93] has controls: what lacks a deletion, an insertion, or says another word is not taken', () => {
    const thinningAt = (kept: number, all: readonly Uint8Array[]) => {
      const thinning = new Thinning()
      thinning.apply(all.slice(0, kept))
      return thinning
    }
    const whole = updates(120)
    for (const changed of ['structs', 'deletions'] as const) {
      // Up to the last update that brings some: which is then what the merged update lacks.
      const all = whole.slice(0, 1 + lastThat(whole, changed))
      const thinning = thinningAt(20, all)
      const group = thinning.merge(all.slice(20))
      const lacking = thinningAt(20, all).merge(all.slice(20, -1))
      expect(thinning.check({ ...group, update: lacking.update })).toBe(false)
    }

    // The same structs and deletions with other letters: only the last comparison, of all content, can tell.
    const forged = thinningAt(20, whole)
    const group = forged.merge(whole.slice(20))
    const text = Buffer.from(group.update)
    const at = text.indexOf('epsilon')
    expect(at).toBeGreaterThan(0)
    text.write('EPSILON', at)
    expect(forged.check({ ...group, update: text })).toBe(true)
    expect(forged.same()).toBe(false)
  })

  it('[HIS93] ends with an error where an update builds on what is not there, in the thread as outside of it', async () => {
    const all = updates(30)
    expect(() => new Thinning().merge(all.slice(5))).toThrow('builds on one that is not in the log')
    const thread = new ThinningThread()
    await expect(thread.merge(all.slice(5))).rejects.toThrow('builds on one that is not in the log')
    await thread.close()
  })

  it('[HIS117] ends nothing else where the thread fails while nobody asks it, and says so to who asks next', async () => {
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    process.once('worker', (worker) => worker.once('exit', () => resolve()))
    const thread = new ThinningThread({ program: new URL('./failing-worker.ts', import.meta.url) })
    await ended
    const failure = { code: 'internal', cause: { message: 'a failure that nobody waits for' } }
    await expect(thread.same()).rejects.toMatchObject(failure)
    await expect(thread.same()).rejects.toMatchObject(failure)
    await thread.close()
  })
})
