import type * as Y from 'yjs'
import { DOCUMENT_FIELDS, type Editor } from '../../../server/protocol.ts'

export interface Seed {
  readonly title: string
  readonly editor: Editor
  readonly language?: string
}

const waiting = new Map<string, Seed>()

/** What a document that is about to be opened for the first time starts with. */
export function keepSeed(room: string, seed: Seed): void {
  waiting.set(room, seed)
}

/** Whether this page is about to create the document. */
export const hasSeed = (room: string): boolean => waiting.has(room)

/** Only the page that created the room has its seed, and uses it once: nothing is ever seeded twice. */
export function plantSeed(room: string, doc: Y.Doc): void {
  const seed = waiting.get(room)
  if (seed === undefined) return
  waiting.delete(room)
  const meta = doc.getMap(DOCUMENT_FIELDS.meta)
  doc.transact(() => {
    for (const [key, value] of Object.entries(seed)) meta.set(key, value)
  })
}
