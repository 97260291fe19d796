import { expect, it } from 'vitest'
import { sayMemory, slope, type Taken } from './memory.ts'

const taken = (grows: number): readonly Taken[] =>
  Array.from({ length: 20 }, (_, minute) => ({
    minute,
    heap: 50 + grows * minute + (minute % 3),
    resident: 400 - (minute % 5),
  }))

it('[FAIL6] tells a server that leaks from one whose memory goes up and down', () => {
  expect(Math.abs(slope(taken(0), 'heap'))).toBeLessThan(0.1)
  expect(slope(taken(1), 'heap')).toBeGreaterThan(0.9)
  expect(sayMemory(taken(1))).toContain('alive on the heap 50 to 70 MiB, 1.0')
  expect(sayMemory(taken(1).slice(0, 2))).toBe('memory: too short to say')
})
