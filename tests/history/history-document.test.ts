import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { decodeBlock, encodeBlock } from '../../server/history/blocks/block.ts'
import { makeBlock } from '../../server/history/blocks/make-block.ts'
import { HistoryDocument, type HistoryEntry } from '../../server/history/positions/history-document.ts'
import { stateAt } from '../../server/history/positions/state.ts'
import { logOf, steps } from './live-room.ts'
import { contentOf, replay } from './replay.ts'

const RUNS = { seed: 20_260_101, numRuns: 150 }

/** The same entries as blocks of up to `size`, each written and read, and the rest as they are. */
function inBlocks(entries: readonly HistoryEntry[], size: number): HistoryDocument {
  const history = new HistoryDocument()
  const whole = entries.length - (entries.length % size)
  for (let i = 0; i < whole; i += size) {
    const block = makeBlock(entries.slice(i, i + size), (client) => history.changes.knownAt(client, i))
    history.addBlock(decodeBlock(encodeBlock(block)))
  }
  for (const entry of entries.slice(whole)) history.add(entry)
  return history
}

const blockOf = (history: HistoryDocument, entries: readonly HistoryEntry[]) =>
  makeBlock(entries, (client) => history.changes.knownAt(client, (entries[0]?.seq ?? 1) - 1))

function checkPosition(history: HistoryDocument, entries: readonly HistoryEntry[], seq: number): void {
  const expected = replay(entries, seq)
  expect(Y.equalSnapshots(sorted(history.snapshotAt(seq)), sorted(Y.snapshot(expected))), `at ${seq}`).toBe(
    true,
  )
  const doc = new Y.Doc()
  doc.transact(() => Y.applyUpdate(doc, stateAt(history, seq)))
  expect(doc.store.pendingStructs ?? doc.store.pendingDs, `at ${seq}`).toBe(null)
  expect(Y.equalSnapshots(sorted(Y.snapshot(doc)), sorted(Y.snapshot(expected))), `state at ${seq}`).toBe(
    true,
  )
  expect(contentOf(doc), `at ${seq}`).toEqual(contentOf(expected))
}

const sorted = ({ sv, ds }: Y.Snapshot): Y.Snapshot =>
  Y.createSnapshot(ds, new Map([...sv].sort(([a], [b]) => a - b)))

describe('a history document', () => {
  it('[HIS2] has at every position what a replay of the log up to there has', () => {
    fc.assert(
      fc.property(steps(80), (actions) => {
        const entries = logOf(actions)
        const history = HistoryDocument.fromEntries(entries)
        for (let seq = 0; seq <= entries.length; seq += 1) checkPosition(history, entries, seq)
      }),
      RUNS,
    )
  })

  it('[HIS2] is the same out of blocks, however long they are', () => {
    fc.assert(
      fc.property(steps(80), fc.integer({ min: 1, max: 40 }), (actions, size) => {
        const entries = logOf(actions)
        const history = inBlocks(entries, size)
        expect(history.head).toBe(entries.length)
        for (let seq = 0; seq <= entries.length; seq += 1) checkPosition(history, entries, seq)
      }),
      RUNS,
    )
  })

  it('[HIS2] is the same where entries wait as the blocks that were made of them, whenever they are read', () => {
    const sizes = fc.record({ block: fc.integer({ min: 1, max: 20 }), read: fc.integer({ min: 1, max: 60 }) })
    fc.assert(
      fc.property(steps(80), sizes, (actions, { block, read }) => {
        const entries = logOf(actions)
        const history = new HistoryDocument()
        for (const [index, entry] of entries.entries()) {
          history.add(entry)
          const to = index + 1
          if (to % read === 0) history.integrate()
          // A block is made a little later than its last entry has come, as by a worker.
          const end = to - 3
          if (end > 0 && end % block === 0) history.fold(blockOf(history, entries.slice(end - block, end)))
        }
        expect(history.head).toBe(entries.length)
        for (let seq = 0; seq <= entries.length; seq += 1) checkPosition(history, entries, seq)
      }),
      RUNS,
    )
  })

  it('[HIS29] takes less for entries of which a block was made, as long as nobody reads them', () => {
    const doc = new Y.Doc()
    const entries: HistoryEntry[] = []
    doc.on('update', (bytes: Uint8Array) =>
      entries.push({ seq: entries.length + 1, at: 0, actor: 'ada', bytes }),
    )
    const text = doc.getText('content')
    for (let i = 0; i < 2_000; i += 1) text.insert(text.length, 'a')
    const history = HistoryDocument.fromEntries(entries)
    const before = history.bytes
    history.fold(blockOf(history, entries))
    expect(history.bytes).toBeLessThan(before / 10)
  })

  it('[HIS2] says of each id which entry brought it and which one deleted it', () => {
    fc.assert(
      fc.property(steps(60), fc.integer({ min: 1, max: 40 }), (actions, size) => {
        const entries = logOf(actions)
        const expected = new Map<string, { inserted: number; deleted: number }>()
        entries.forEach((entry, index) => {
          const doc = replay(entries, index + 1)
          for (const [client, structs] of doc.store.clients) {
            for (const struct of structs) {
              for (let clock = struct.id.clock; clock < struct.id.clock + struct.length; clock += 1) {
                const key = `${client}:${clock}`
                const known = expected.get(key) ?? { inserted: entry.seq, deleted: 0 }
                if (struct.deleted && known.deleted === 0) known.deleted = entry.seq
                expected.set(key, known)
              }
            }
          }
        })
        for (const { changes } of [HistoryDocument.fromEntries(entries), inBlocks(entries, size)]) {
          for (const [key, { inserted, deleted }] of expected) {
            const [client = 0, clock = 0] = key.split(':').map(Number)
            expect([changes.insertedBy(client, clock).seq, changes.deletedBy(client, clock)], key).toEqual([
              inserted,
              deleted,
            ])
          }
        }
      }),
      { ...RUNS, numRuns: 40 },
    )
  })
})
