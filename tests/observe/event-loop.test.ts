import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { EventLoopDelay } from '../../server/observe/event-loop.ts'

/** Longer than twice the time between two looks, so that one of them was due when more than one such time was left. */
const HELD = 500
const BETWEEN_LOOKS = 200

it('[OBS1] tells each who asks how late the event loop was since they asked last', async () => {
  const delays = new EventLoopDelay()
  onTestFinished(() => delays.stop())
  const one = delays.teller()
  const other = delays.teller()
  expect(one()).toEqual({ median: 0, p99: 0, worst: 0 })

  hold(HELD)
  await pause(0)

  expect(one().worst).toBeGreaterThan(BETWEEN_LOOKS)
  expect(one()).toEqual({ median: 0, p99: 0, worst: 0 })
  expect(other().worst).toBeGreaterThan(BETWEEN_LOOKS)
})

function hold(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
