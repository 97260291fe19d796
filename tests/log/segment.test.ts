import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from '../../server/log/entry.ts'
import { decodeSegment, encodeSegment } from '../../server/log/segment.ts'

const entries = fc
  .record({
    first: fc.integer({ min: 1, max: 2 ** 45 }),
    entries: fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 8_640_000_000_000 }),
        actor: fc.string({ unit: 'grapheme', maxLength: 20 }),
        bytes: fc.uint8Array({ maxLength: 300 }),
      }),
      { minLength: 1, maxLength: 60 },
    ),
  })
  .map(({ first, entries }): Entry[] => entries.map((entry, index) => ({ ...entry, seq: first + index })))

describe('a segment', () => {
  it('[LOG7] gives back every entry, whatever its time, actor and bytes', async () => {
    const holds = fc.asyncProperty(entries, async (packed) => {
      const unpacked = await decodeSegment(await encodeSegment(packed))
      expect(unpacked.map((entry) => ({ ...entry, bytes: Uint8Array.from(entry.bytes) }))).toEqual(packed)
    })
    await fc.assert(holds, { seed: 1, numRuns: 100 })
  })

  it('[HIS94] gives back what merged entries stand for, among others', async () => {
    const spans = fc.array(fc.nat({ max: 70 }), { minLength: 60, maxLength: 60 })
    const holds = fc.asyncProperty(entries, spans, async (plain, more) => {
      let seq = (plain[0]?.seq ?? 1) - 1
      const thinned = plain.map((entry, index): Entry => {
        const span = more[index] ?? 0
        const first = seq + 1
        seq += 1 + span
        if (span === 0) return { ...entry, seq }
        return { ...entry, seq, merged: { first, since: entry.at - span, actors: [entry.actor, 'eve'] } }
      })
      const unpacked = await decodeSegment(await encodeSegment(thinned))
      expect(unpacked.map((entry) => ({ ...entry, bytes: Uint8Array.from(entry.bytes) }))).toEqual(thinned)
    })
    await fc.assert(holds, { seed: 1, numRuns: 100 })
  })

  it('[LOG8] that was cut or changed anywhere is not read', async () => {
    const packed = await encodeSegment(
      [1, 2, 3].map((seq) => ({ seq, at: seq, actor: 'ada', bytes: Buffer.from('text') })),
    )
    for (let at = 0; at < packed.length; at += 1) {
      const changed = Uint8Array.from(packed)
      changed[at] = (changed[at] ?? 0) ^ 0x10
      const [cut, other] = await Promise.allSettled([
        decodeSegment(packed.subarray(0, at)),
        decodeSegment(changed),
      ])
      expect([at, cut.status]).toEqual([at, 'rejected'])
      // A bit of the frame's header may say nothing about the content; then nothing has changed.
      if (other.status === 'fulfilled') expect(other.value).toEqual(await decodeSegment(packed))
    }
  })

  it('[LOG8] of a version to come is not read', async () => {
    await expect(decodeSegment(zstdCompressSync(Buffer.from([3, 0, 1, 1, 0])))).rejects.toThrow('version 3')
  })

  it('is not made of entries that do not follow each other, or of none', async () => {
    const one = { at: 1, actor: 'ada', bytes: new Uint8Array() }
    await expect(encodeSegment([])).rejects.toThrow(RangeError)
    await expect(
      encodeSegment([
        { ...one, seq: 1 },
        { ...one, seq: 3 },
      ]),
    ).rejects.toThrow('seq 3 does not follow')
  })
})
