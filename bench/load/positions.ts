import { createHash } from 'node:crypto'
import * as Y from 'yjs'
import { DOCUMENT_FIELDS } from '../../server/protocol.ts'

/** Positions 1 … `head`, the same in every run. */
export function samplePositions(head: number, count: number): number[] {
  let state = 2_463_534_242
  return Array.from({ length: count }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return 1 + ((state >>> 0) % head)
  })
}

export const hashOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')

/** The hash of the text at each of these positions, by one replay that stops at all of them. */
export function hashesAt(updates: readonly Uint8Array[], positions: readonly number[]): string[] {
  const doc = new Y.Doc()
  const hashes = new Map<number, string>()
  let head = 0
  for (const seq of positions.toSorted((a, b) => a - b)) {
    doc.transact(() => {
      for (; head < seq; head += 1) Y.applyUpdate(doc, updates[head] ?? new Uint8Array([0, 0]))
    })
    hashes.set(seq, hashOf(doc.getText(DOCUMENT_FIELDS.code).toString()))
  }
  return positions.map((seq) => hashes.get(seq) ?? '')
}

/** What the first `seq` updates make, and nothing else; how long that takes is what history is held against. */
export function replayed(updates: readonly Uint8Array[], seq: number): string {
  const doc = new Y.Doc()
  doc.transact(() => {
    for (let i = 0; i < seq; i += 1) Y.applyUpdate(doc, updates[i] ?? new Uint8Array([0, 0]))
  })
  return doc.getText(DOCUMENT_FIELDS.code).toString()
}
