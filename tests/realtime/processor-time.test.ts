import { expect, it } from 'vitest'
import { begin, spent } from '../../server/realtime/processor-time.ts'

const lasting = 60

const working = (): void => {
  const until = performance.now() + lasting
  while (performance.now() < until);
}
/** As a process is that others keep waiting. */
const waiting = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lasting)

const charged = (act: () => void): number => {
  const began = begin()
  act()
  return spent(began, performance.now())
}

it('[LIM7] charges for the time of a processor, and not for that in which others have it', () => {
  const [work, wait] = [charged(working), charged(waiting)]
  expect(work).toBeGreaterThan(3 * wait)
  expect(work).toBeGreaterThan(0)
})

it('[LIM7] charges for what is over in a moment by the clock', () => {
  expect(charged(() => undefined)).toBeGreaterThan(0)
})
