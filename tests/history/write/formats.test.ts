import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { content, documentOf, replace, richJson } from './in-memory.ts'
import { documents, type Node } from './rich-documents.ts'

const RUNS = { seed: 8, numRuns: 150 }

/** Marks over one character have no order in a Y.XmlText. */
const unordered = (json: unknown): unknown =>
  JSON.parse(JSON.stringify(json), (key, value: unknown) =>
    key === 'marks' && Array.isArray(value)
      ? value.toSorted((a: { type: string }, b: { type: string }) => (a.type < b.type ? -1 : 1))
      : value,
  )

const jsonOf = (doc: Node) => documentOf('json', JSON.stringify(doc))

describe('content in and out', () => {
  it('[CONV1] JSON that was read, written elsewhere, reads the same there', () => {
    fc.assert(
      fc.property(documents(), documents(), (one, other) => {
        const doc = jsonOf(one)
        expect(unordered(richJson(doc))).toEqual(unordered(one))
        const elsewhere = documentOf('json', content(doc, 'json'))
        expect(content(elsewhere, 'json')).toBe(content(doc, 'json'))
        // Where there was something else before, too.
        replace(elsewhere, 'json', JSON.stringify(other))
        expect(unordered(richJson(elsewhere))).toEqual(unordered(other))
      }),
      RUNS,
    )
  })
})
