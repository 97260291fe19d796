import * as Y from 'yjs'
import { firstOf } from '../../log/entry.ts'
import type { HistoryEntry } from '../positions/history-document.ts'
import { type Changes, changesOf } from '../updates/changes.ts'
import { StructMerger } from '../updates/merge-structs.ts'
import { RunFinder } from '../updates/runs.ts'
import type { Block } from './block.ts'

/**
 * Consecutive entries, one at least, as a block.
 * @param known the first clock of a client that the entries before them have not brought
 */
export function makeBlock(entries: readonly HistoryEntry[], known: (client: number) => number): Block {
  const [first] = entries
  const last = entries.at(-1)
  if (first === undefined || last === undefined) throw new RangeError('a block has at least one entry')
  const merger = new StructMerger()
  const runs = new RunFinder()
  const ends = new Map<number, number>()
  const endOf = (client: number): number => ends.get(client) ?? known(client)
  let wide = false
  for (const { seq, bytes } of entries) {
    const fresh = freshPart(bytes, endOf)
    merger.add(fresh.bytes)
    runs.add(seq, fresh.changes)
    wide ||= fresh.changes.wide
    for (const { client, clock, length } of fresh.changes.inserted) ends.set(client, clock + length)
  }
  return {
    firstSeq: firstOf(first),
    lastSeq: last.seq,
    inserts: runs.inserts,
    deletes: runs.deletes,
    wide,
    structs: merger.encode(),
  }
}

/** An entry without structs that earlier ones have brought, of which there are none while one node writes. */
function freshPart(
  bytes: Uint8Array,
  endOf: (client: number) => number,
): { readonly bytes: Uint8Array; readonly changes: Changes } {
  const changes = changesOf(bytes)
  if (changes.inserted.every(({ client, clock }) => clock >= endOf(client))) return { bytes, changes }
  const vector = new Map(changes.inserted.map(({ client }) => [client, endOf(client)]))
  const fresh = Y.diffUpdate(bytes, Y.encodeStateVector(vector))
  return { bytes: fresh, changes: changesOf(fresh) }
}
