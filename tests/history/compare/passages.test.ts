import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Lifetimes, NEVER } from '../../../server/history/compare/lifetimes.ts'
import { findPassages, type Match, passageOf } from '../../../server/history/compare/passages.ts'
import { VisibleSet } from '../../../server/history/compare/visible-set.ts'

interface Character {
  readonly char: string
  readonly written: number
  readonly deleted: number
}

function lifetimes(characters: readonly Character[]): Lifetimes {
  const text = new Lifetimes('content', undefined)
  for (const { char, written, deleted } of characters) text.push(char, written, deleted)
  return text
}

/** Reads the text at each position, and keeps for each first character the last time that the query stood there. */
function naive(characters: readonly Character[], query: string): Match[] {
  const found = new Map<number, Match>()
  const last = Math.max(
    0,
    ...characters.flatMap(({ written, deleted }) => [written, deleted]).filter(Number.isFinite),
  )
  for (let seq = 1; seq <= last; seq += 1) {
    const there = [...characters.keys()].filter((index) => {
      const { written = NEVER, deleted = 0 } = characters[index] ?? {}
      return written <= seq && seq < deleted
    })
    const said = there.map((index) => characters[index]?.char.toLowerCase()).join('')
    for (let at = said.indexOf(query); at !== -1; at = said.indexOf(query, at + 1)) {
      const indexes = there.slice(at, at + query.length)
      const gone = Math.min(...indexes.map((index) => characters[index]?.deleted ?? NEVER))
      const [start = 0] = indexes
      if (gone !== NEVER) found.set(start, { start, until: seq + 1, gone })
    }
  }
  return [...found.values()].sort((a, b) => a.start - b.start)
}

const letter = fc.constantFrom('a', 'b', 'A')
const character = fc
  .tuple(
    letter,
    fc.integer({ min: 1, max: 12 }),
    fc.oneof(fc.integer({ min: 1, max: 14 }), fc.constant(NEVER)),
  )
  .map(([char, written, after]) => ({ char, written, deleted: written + after }))
const query = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 5 })

describe('the search for what could once be read', () => {
  it('[HIS44] finds what reading the text at every position finds', () => {
    fc.assert(
      fc.property(fc.array(character, { maxLength: 60 }), query, (characters, wanted) => {
        const text = lifetimes(characters)
        const found = findPassages(text, wanted)
        expect(found).toEqual(naive(characters, wanted))
        for (const match of found) {
          const { indexes } = passageOf(text, match, wanted.length)
          expect(indexes.map((index) => text.text.charAt(index).toLowerCase()).join('')).toBe(wanted)
          const there = (index: number) => text.overlaps(index, match.until - 1, match.until)
          const between = [...characters.keys()].slice(match.start, (indexes.at(-1) ?? 0) + 1)
          expect(between.filter(there)).toEqual(indexes)
        }
      }),
      { seed: 44, numRuns: 3_000 },
    )
  })

  it('[HIS44] has a control: reading only where something goes misses what something written parts', () => {
    const parted = [
      { char: 'a', written: 1, deleted: 9 },
      { char: 'x', written: 5, deleted: NEVER },
      { char: 'b', written: 1, deleted: NEVER },
    ]
    expect(findPassages(lifetimes(parted), 'ab')).toEqual([{ start: 0, until: 5, gone: 9 }])
    const never = parted.map((one) => ({ ...one, deleted: NEVER }))
    expect(findPassages(lifetimes(never), 'ab')).toEqual([])
  })

  /** Each character comes and goes alone, in the middle of the others: each step of a walk by time and place at once forks. */
  it('[HIS44] is done with a hundred thousand characters that came and went alone', () => {
    const count = 100_000
    const text = new Lifetimes('content', undefined)
    for (let index = 0; index < count; index += 1) {
      const turn = (index * 7_919) % count
      text.push('a', 1 + turn, count + 1 + ((turn * 31) % count))
    }
    const found = findPassages(text, 'a'.repeat(20))
    expect(found.length).toBeGreaterThan(count / 2)
  })
})

it('[HIS44] goes from one visible character to the next as a list of them does', () => {
  const step = fc.tuple(fc.nat(2_499), fc.boolean())
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), fc.nat(2_500), (steps, asked) => {
      const set = new VisibleSet(2_500)
      const model = new Set<number>()
      for (const [index, add] of steps) {
        if (add) model.add(index)
        else model.delete(index)
        if (add) set.add(index)
        else set.delete(index)
      }
      const sorted = [...model].sort((a, b) => a - b)
      expect(set.from(asked)).toBe(sorted.find((index) => index >= asked) ?? -1)
      expect(set.before(asked)).toBe(sorted.findLast((index) => index < asked) ?? -1)
    }),
    { seed: 7, numRuns: 300 },
  )
})
