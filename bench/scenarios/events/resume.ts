import { randomUUID } from 'node:crypto'
import type { EventDraft } from '../../../server/protocol.ts'
import { median, type Scenario } from '../../bench.ts'
import { EventSocket } from '../../load/event-socket.ts'
import { until } from '../../load/pace.ts'

const MISSED = 10_000
const AT_ONCE = 1_000

/** Somebody comes back who has missed a great deal. */
export const resume: Scenario = {
  name: 'events-resume',
  title: `a resume over ${MISSED} missed events`,
  columns: [
    { figure: 'ms', title: 'ms', digits: 0 },
    { figure: 'first', title: 'first ones, ms', digits: 1 },
    { figure: 'cpu', title: 'cpu, ms', digits: 0 },
  ],
  goals: [{ figure: 'ms', atMost: 300 }],
  run: (bench) =>
    bench.repeat(['syncline'], bench.pick(3, 1), async (peer) => {
      const room = `build:${randomUUID()}`
      const publisher = await EventSocket.open(peer, room)
      let acknowledged = 0
      publisher.onAcknowledged = (count) => {
        acknowledged += count
      }
      for (let i = 0; i < MISSED; i += AT_ONCE)
        publisher.publish(Array.from({ length: AT_ONCE }, (_, index) => draft(i + index)))
      await until(() => acknowledged === MISSED)
      const whole: number[] = []
      const first: number[] = []
      const rounds = bench.pick(10, 3)
      const { cpu } = await bench.measure(peer, async () => {
        for (let round = 0; round < rounds; round += 1) {
          const reader = await EventSocket.open(peer, room)
          const started = performance.now()
          const resumed = new Promise<void>((resolve) => {
            reader.onResumed = resolve
          })
          let seen = 0
          reader.onEvents = (text) => {
            if (seen === 0) first.push(performance.now() - started)
            seen += text.split('"seq":').length - 1
          }
          reader.resume(0)
          await resumed
          whole.push(performance.now() - started)
          if (seen !== MISSED) throw new Error(`${seen} events came`)
          await reader.close()
        }
      })
      await publisher.close()
      return { ms: median(whole), first: median(first), cpu: cpu / rounds }
    }),
}

const draft = (index: number): EventDraft => ({
  type: 'build.log',
  id: `e${index}`,
  payload: { first: index + 1, lines: [`line ${index + 1} of a build that nobody was watching just then`] },
})
