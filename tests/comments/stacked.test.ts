import fc from 'fast-check'
import { expect, it } from 'vitest'
import { stacked } from '../../client/studio/comments/stacked.ts'

const card = fc.record({ top: fc.nat(500), height: fc.integer({ min: 20, max: 200 }) })

it('[COM20] cards stand beside their texts, in their order and none upon another; the one that is looked at exactly', () => {
  fc.assert(
    fc.property(fc.array(card, { minLength: 1, maxLength: 12 }), fc.nat(), (made, chosen) => {
      const cards = made.map((one, at) => ({ ...one, id: String(at) }))
      const active = String(chosen % cards.length)
      for (const looked of [undefined, active]) {
        const tops = stacked(cards, looked)
        const topOf = ({ id }: { readonly id: string }) => tops.get(id) ?? Number.NaN
        if (looked !== undefined) expect(tops.get(looked)).toBe(cards[chosen % cards.length]?.top)
        const shown = [...cards].sort((a, b) => a.top - b.top)
        for (const [at, one] of shown.entries()) {
          const next = shown[at + 1]
          if (next !== undefined) expect(topOf(next)).toBeGreaterThanOrEqual(topOf(one) + one.height)
          // Without one that is looked at nothing makes way upwards.
          if (looked === undefined) expect(topOf(one)).toBeGreaterThanOrEqual(one.top)
        }
      }
    }),
  )
})
