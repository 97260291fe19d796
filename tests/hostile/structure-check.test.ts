import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate } from '../../server/documents/check-update.ts'
import { session } from '../documents/random-document.ts'

const SESSIONS = 40
const EDITS = 60
/** The fastest of some rounds is what it takes; the others tell of the machine. */
const ROUNDS = 7

const fastest = (act: () => void): number =>
  Math.min(
    ...Array.from({ length: ROUNDS }, () => {
      const started = performance.now()
      act()
      return performance.now() - started
    }),
  )

/** What somebody types into a text, one update a character. */
function typing(characters: number): Uint8Array[] {
  const updates: Uint8Array[] = []
  const document = new Y.Doc()
  document.on('update', (update: Uint8Array) => updates.push(update))
  const text = document.getText('content')
  for (let i = 0; i < characters; i += 1) text.insert(Math.max(0, text.length - (i % 7)), 'a')
  return updates
}

it('[HOS6] checking an update takes at most a tenth of the time of applying it', () => {
  const updates = typing(5_000)
  const checking = fastest(() => {
    for (const update of updates) checkUpdate(update)
  })
  const applying = fastest(() => {
    const document = new Y.Doc()
    for (const update of updates) Y.applyUpdate(document, update)
  })
  expect(checking / applying).toBeLessThan(0.1)
})

it(`[HOS6] nothing of ${SESSIONS} random sessions in text, lists, maps and XML is refused`, () => {
  for (let seed = 1000; seed < 1000 + SESSIONS; seed += 1) {
    const updates = session(seed, EDITS)
    const document = new Y.Doc()
    for (const update of updates) {
      checkUpdate(update)
      Y.applyUpdate(document, update)
    }
    checkUpdate(Y.encodeStateAsUpdate(document))
    checkUpdate(Y.mergeUpdates(updates))
  }
})
