import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RELATIVE_ERROR, Sketch } from '../../server/observe/sketch.ts'

const SHARES = [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1]
const RUNS = { numRuns: 200 }
const values = fc.array(
  fc.oneof(
    fc.double({ min: 0.001, max: 1e6, noNaN: true }),
    fc.double({ min: -1e4, max: 1e4, noNaN: true }),
    fc.constantFrom(0, 1, 1, 1, -1),
  ),
  { minLength: 1, maxLength: 600 },
)

/** The value of that rank, of the values themselves. */
function exact(all: readonly number[], share: number): number {
  const sorted = [...all].sort((one, other) => one - other)
  return sorted[Math.max(1, Math.ceil(share * all.length)) - 1] ?? Number.NaN
}

const quantiles = (sketch: Sketch) => sketch.quantiles(SHARES)

it('[ANA1] a quantile is within two per cent of the exact one; count, minimum and maximum are exact', () => {
  fc.assert(
    fc.property(values, (all) => {
      const sketch = Sketch.of(all)
      expect([sketch.count, sketch.min, sketch.max]).toEqual([all.length, Math.min(...all), Math.max(...all)])
      for (const share of SHARES) {
        const wanted = exact(all, share)
        expect(Math.abs(sketch.quantile(share) - wanted)).toBeLessThanOrEqual(
          Math.abs(wanted) * sketch.relativeError * 1.000001 + 2e-9,
        )
      }
    }),
    RUNS,
  )
})

it('[ANA1] what a sketch says does not depend on the order of its values, or on how they came together', () => {
  fc.assert(
    fc.property(fc.array(values, { maxLength: 4 }), fc.boolean(), (parts, written) => {
      const whole = Sketch.of(parts.flat())
      const merged = new Sketch()
      for (const part of parts.toReversed()) {
        const sketch = Sketch.of(part.toReversed())
        merged.merge(written ? Sketch.decode(sketch.encode()) : sketch)
      }
      expect(merged.count).toBe(whole.count)
      expect(quantiles(merged)).toEqual(quantiles(whole))
    }),
    RUNS,
  )
})

it('[ANA1] what is written is read again, and is small', () => {
  fc.assert(
    fc.property(values, (all) => {
      const sketch = Sketch.of(all)
      const read = Sketch.decode(sketch.encode())
      expect([read.count, read.sum, read.min, read.max]).toEqual([
        sketch.count,
        sketch.sum,
        sketch.min,
        sketch.max,
      ])
      expect(quantiles(read)).toEqual(quantiles(sketch))
    }),
    RUNS,
  )
  expect(Sketch.of(Array.from({ length: 1_000 }, () => 12.5)).encode().length).toBeLessThan(32)
  expect(() => Sketch.decode(new Uint8Array([9, 9]))).toThrow()
})

it('[ANA1] whatever it is given it stays small, and says how far off it may be', () => {
  // All magnitudes that there are, of both signs: many times more buckets than it may have.
  const all = Array.from({ length: 20_000 }, (_, n) => (n % 2 ? 1 : -1) * 10 ** ((n / 20_000) * 300 - 8))
  const sketch = Sketch.of(all)
  expect(sketch.encode().length).toBeLessThan(3_072)
  expect(sketch.relativeError).toBeGreaterThan(RELATIVE_ERROR)
  for (const share of SHARES) {
    const wanted = exact(all, share)
    expect(Math.abs(sketch.quantile(share) / wanted - 1)).toBeLessThanOrEqual(sketch.relativeError * 1.000001)
  }
  // What is ordinary is never made coarser.
  expect(Sketch.of(all.filter((value) => value > 0.001 && value < 1e5)).relativeError).toBeCloseTo(
    RELATIVE_ERROR,
  )
})

it('[ANA1] what is no finite number is refused, and nothing of it counts', () => {
  const sketch = Sketch.of([1])
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    expect(() => sketch.add(value)).toThrow(RangeError)
  expect([sketch.count, sketch.sum, new Sketch().quantile(0.5)]).toEqual([1, 1, Number.NaN])
})
