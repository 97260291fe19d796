import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate } from '../../server/documents/check-update.ts'
import { weighUpdate } from '../../server/documents/weigh-update.ts'
import { seeded, session } from './random-document.ts'

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

interface Cost {
  check: number
  look: number
  apply: number
}

/**
 * What each of the three takes for all updates, each applied in its turn; in ms. Of every update the fastest of some
 * rounds counts: a collection of garbage, or another process, falls into a few updates of a round and never into
 * the same ones, so that their sum tells of the code alone.
 */
function costOf(updates: readonly Uint8Array[]): Cost {
  const fastest = updates.map((): Cost => ({ check: Infinity, look: Infinity, apply: Infinity }))
  for (let round = 0; round < ROUNDS; round += 1) {
    const doc = new Y.Doc()
    doc.on('update', () => undefined)
    for (const [i, update] of updates.entries()) {
      const cost = fastest[i]
      if (cost === undefined) continue
      const started = performance.now()
      const shape = checkUpdate(update)
      const checked = performance.now()
      weighUpdate(doc, update, shape)
      const looked = performance.now()
      Y.applyUpdate(doc, update)
      const applied = performance.now()
      cost.check = Math.min(cost.check, checked - started)
      cost.look = Math.min(cost.look, looked - checked)
      cost.apply = Math.min(cost.apply, applied - looked)
    }
  }
  const sum: Cost = { check: 0, look: 0, apply: 0 }
  for (const { check, look, apply } of fastest) {
    sum.check += check
    sum.look += look
    sum.apply += apply
  }
  return sum
}

it.each([
  ['typing', typing(20_000)],
  ['a session of many kinds of edits', session(7, 3_000)],
])(
  '[DOC36] the check takes at most a tenth of applying, with the look at the document a fifth: %s',
  (_, updates) => {
    const { check, look, apply } = costOf(updates)
    expect(check / apply).toBeLessThan(0.1)
    expect((check + look) / apply).toBeLessThan(0.2)
  },
)
