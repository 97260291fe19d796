import { expect, it } from 'vitest'
import { LaneLedger } from '../../server/log/lane-ledger.ts'

const DAY = 24 * 60 * 60_000
const there = (...lanes: { lane: string; batch: number; age: number }[]) => ({ standby: false, lanes })

it('[LOG16] a lane that has not committed for days is not missed, though it was read of a moment ago', () => {
  const ledger = new LaneLedger()
  ledger.read(there({ lane: 'a', batch: 3, age: 6.5 * DAY }))
  expect(ledger.marks).toEqual([])
  ledger.read(there({ lane: 'a', batch: 4, age: 5.5 * DAY }))
  expect(ledger.marks).toEqual([{ lane: 'a', batch: 4 }])
})

it('[LOG16] what others have outlived by a minute is not asked for, and not kept', () => {
  const ledger = new LaneLedger()
  ledger.read(there({ lane: 'a', batch: 3, age: 200_000 }, { lane: 'b', batch: 1, age: 150_000 }))
  expect(ledger.marks).toHaveLength(2)
  ledger.heard({ lane: 'c', batch: 9 })
  expect(ledger.marks).toEqual([{ lane: 'c', batch: 9 }])
})

it('[LOG16] what was known is not forgotten for a smaller number', () => {
  const ledger = new LaneLedger()
  ledger.heard({ lane: 'a', batch: 3 })
  ledger.heard({ lane: 'a', batch: 2 })
  const [behind, even] = [there({ lane: 'a', batch: 2, age: 0 }), there({ lane: 'a', batch: 3, age: 0 })]
  expect([behind, even, there()].map((rows) => ledger.lacks(ledger.marks, rows))).toEqual([true, false, true])
})
