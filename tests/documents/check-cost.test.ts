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

/** What checking, weighing and applying them took, each update in its turn, in ms. */
function costs(updates: readonly Uint8Array[]) {
  const doc = new Y.Doc()
  doc.on('update', () => undefined)
  const spent = { check: 0, weigh: 0, apply: 0 }
  for (const update of updates) {
    const started = performance.now()
    const shape = checkUpdate(update)
    const checked = performance.now()
    weighUpdate(doc, update, shape)
    const weighed = performance.now()
    Y.applyUpdate(doc, update)
    spent.apply += performance.now() - weighed
    spent.weigh += weighed - checked
    spent.check += checked - started
  }
  return spent
}

it.each([
  ['typing', typing(20_000)],
  ['a session of many kinds of edits', session(7, 3_000)],
])(
  '[DOC36] the check takes at most a tenth of applying, with the look at the document a fifth: %s',
  (_, updates) => {
    costs(updates) // warm
    // A busy machine may slow one or the other down, but not all rounds of one.
    const rounds = Array.from({ length: 10 }, () => costs(updates))
    expect(Math.min(...rounds.map(({ check, apply }) => check / apply))).toBeLessThan(0.1)
    expect(Math.min(...rounds.map(({ check, weigh, apply }) => (check + weigh) / apply))).toBeLessThan(0.2)
  },
)
