import { setTimeout as pause } from 'node:timers/promises'

/** Calls `act` evenly, `rate` times a second, for `seconds`. Calls that a busy loop delayed are made up for. */
export async function pace(rate: number, seconds: number, act: (index: number) => void): Promise<void> {
  const total = Math.round(rate * seconds)
  const started = performance.now()
  for (let index = 0; index < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - started) * rate) / 1000) + 1)
    for (; index < due; index += 1) act(index)
    await pause(1)
  }
}

/** Polls until the condition holds. */
export async function until(condition: () => boolean, within = 20_000): Promise<void> {
  const deadline = performance.now() + within
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('A condition was not met in time')
    await pause(5)
  }
}
