import * as Y from 'yjs'
import { checkUpdate } from '../../server/documents/check-update.ts'
import { weighUpdate } from '../../server/documents/weigh-update.ts'
import { session } from './random-document.ts'
import { seeded } from './random-edit.ts'

/** Somebody who types and deletes, one update a keystroke. */
function typing(keystrokes: number): Uint8Array[] {
  const doc = new Y.Doc()
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  const random = seeded(keystrokes)
  const content = doc.getText('content')
  let caret = 0
  for (let i = 0; i < keystrokes; i += 1) {
    if (random() < 0.05) caret = Math.floor(random() * content.length)
    if (random() < 0.15 && caret > 0) {
      caret -= 1
      content.delete(caret, 1)
    } else {
      content.insert(caret, 'a')
      caret += 1
    }
  }
  return updates
}

const ROUNDS = 10

/** In ms, for all updates. */
export interface Costs {
  readonly of: string
  readonly check: number
  /** The check, and the look at the document. */
  readonly look: number
  readonly apply: number
}

function timeOf(act: () => void): number {
  const started = performance.now()
  act()
  return performance.now() - started
}

/**
 * What checking, looking and applying take for all updates, each in its turn; in ms. Of every update the fastest of
 * some rounds counts: a collection of garbage, or another process, falls into a few updates of a round and never
 * into the same ones, so that the sums tell of the code alone. All three are in every round, so that a machine that
 * is slow for a while is slow for all of them.
 */
function costsOf(of: string, updates: readonly Uint8Array[]): Costs {
  const fastest = { check: unmeasured(updates), look: unmeasured(updates), apply: unmeasured(updates) }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [i, update] of updates.entries()) {
      const check = timeOf(() => checkUpdate(update))
      note(fastest.check, i, check)
    }
    const doc = new Y.Doc()
    doc.on('update', () => undefined)
    for (const [i, update] of updates.entries()) {
      const look = timeOf(() => weighUpdate(doc, update, checkUpdate(update)))
      note(fastest.look, i, look)
      const apply = timeOf(() => Y.applyUpdate(doc, update))
      note(fastest.apply, i, apply)
    }
  }
  return { of, check: sum(fastest.check), look: sum(fastest.look), apply: sum(fastest.apply) }
}

const unmeasured = (updates: readonly Uint8Array[]) => updates.map(() => Number.POSITIVE_INFINITY)

function note(fastest: number[], i: number, ms: number): void {
  fastest[i] = Math.min(fastest[i] ?? ms, ms)
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, ms) => total + ms, 0)

const costs = [
  costsOf('typing', typing(20_000)),
  costsOf('a session of many kinds of edits', session(7, 3_000)),
]
process.stdout.write(JSON.stringify(costs))
