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

/** The fastest of some rounds is what it takes; the others tell of the machine. In ms. */
const fastest = (measure: () => number): number => Math.min(...Array.from({ length: ROUNDS }, measure))

function timeOf(act: () => void): number {
  const started = performance.now()
  act()
  return performance.now() - started
}

/** Each update in its turn is looked at, where asked, and then applied; what the one of the two takes. */
function pass(updates: readonly Uint8Array[], which: 'look' | 'apply'): number {
  const doc = new Y.Doc()
  doc.on('update', () => undefined)
  let spent = 0
  for (const update of updates) {
    if (which === 'look') spent += timeOf(() => weighUpdate(doc, update, checkUpdate(update)))
    const applied = timeOf(() => Y.applyUpdate(doc, update))
    if (which === 'apply') spent += applied
  }
  return spent
}

it.each([
  ['typing', typing(20_000)],
  ['a session of many kinds of edits', session(7, 3_000)],
])(
  '[DOC36] the check takes at most a tenth of applying, with the look at the document a fifth: %s',
  (_, updates) => {
    const check = fastest(() => timeOf(() => updates.map(checkUpdate)))
    const look = fastest(() => pass(updates, 'look'))
    const apply = fastest(() => pass(updates, 'apply'))
    expect(check / apply).toBeLessThan(0.1)
    expect(look / apply).toBeLessThan(0.2)
  },
)
