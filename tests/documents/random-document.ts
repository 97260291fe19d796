import * as Y from 'yjs'
import { edit, pick, seeded, WIDE_WORDS } from './random-edit.ts'

const WORDS_AND_PASTES = [...WIDE_WORDS, 'x'.repeat(200)]

/**
 * What some people write together: their updates in the order in which a server gets them. They see each
 * other's edits late, or not for a while.
 */
export function session(seed: number, edits: number, people = 3): Uint8Array[] {
  const random = seeded(seed)
  const updates: Uint8Array[] = []
  const server = new Y.Doc()
  const docs = Array.from({ length: people }, (_, index) => {
    const doc = new Y.Doc()
    doc.clientID = 1_000 + index * 1_000_003 // the same in every run
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'server') return
      updates.push(update)
      Y.applyUpdate(server, update)
    })
    return doc
  })
  for (let i = 0; i < edits; i += 1) {
    const doc = pick(random, docs)
    if (random() < 0.3) Y.applyUpdate(doc, Y.encodeStateAsUpdate(server, Y.encodeStateVector(doc)), 'server')
    edit(doc, random, WORDS_AND_PASTES)
  }
  return updates
}
