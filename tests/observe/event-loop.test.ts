import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { EventLoopDelay } from '../../server/observe/event-loop.ts'

/** Of five looks one is made, late. */
const HELD = 1_000
const BETWEEN_LOOKS = 200

it('[OBS1] tells each who asks how late the event loop was since they asked last', async () => {
  const delays = new EventLoopDelay()
  onTestFinished(() => delays.stop())
  const one = delays.teller()
  const other = delays.teller()
  expect(one()).toEqual({ median: 0, p99: 0, worst: 0 })

  hold(HELD)
  await pause(0)

  const { median, worst } = one()
  expect(worst).toBeGreaterThan(HELD - 2 * BETWEEN_LOOKS)
  // Those that fell out are counted as they would have been.
  expect(median).toBeLessThan(worst - BETWEEN_LOOKS)
  expect(one()).toEqual({ median: 0, p99: 0, worst: 0 })
  expect(other().worst).toBeGreaterThan(BETWEEN_LOOKS)
})

function hold(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
