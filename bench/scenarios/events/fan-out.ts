import { randomUUID } from 'node:crypto'
import type { EventDraft } from '../../../server/protocol.ts'
import type { Scenario } from '../../bench.ts'
import { EventSocket } from '../../load/event-socket.ts'
import { Latencies } from '../../load/latencies.ts'
import { pace, until } from '../../load/pace.ts'

const SUBSCRIBERS = 500
const RATE = 40

/** One publishes, hundreds are told. Socket.IO stores nothing, and promises nothing. */
export const fanOut: Scenario = {
  name: 'events-fan-out',
  title: `one publisher of ${RATE} events/s, ${SUBSCRIBERS} subscribers`,
  columns: [
    { figure: 'p50', title: 'delivered p50, ms', digits: 1 },
    { figure: 'p99', title: 'delivered p99, ms', digits: 1 },
    { figure: 'cpu', title: 'cpu, µs a delivery', digits: 2 },
    { figure: 'acknowledged', title: 'acknowledged p50, ms', digits: 1 },
  ],
  goals: [
    { figure: 'p99', atMost: 100 },
    { figure: 'cpu', against: 'socket.io', atMost: 1.5 },
  ],
  run: (bench) =>
    bench.repeat(['socket.io', 'syncline'], bench.pick(5, 1), async (peer) => {
      const room = `build:${randomUUID()}`
      const publisher = await EventSocket.open(peer, room)
      const subscribers: EventSocket[] = []
      while (subscribers.length < SUBSCRIBERS)
        subscribers.push(
          ...(await Promise.all(Array.from({ length: 20 }, () => EventSocket.open(peer, room)))),
        )
      const sentAt: number[] = []
      const delivered = new Latencies()
      const acknowledged = new Latencies()
      let resumed = 0
      for (const subscriber of subscribers) {
        subscriber.onEvents = (text) => {
          const now = performance.now()
          for (let at = text.indexOf(FIRST); at >= 0; at = text.indexOf(FIRST, at + 1))
            delivered.add(now - (sentAt[Number.parseInt(text.slice(at + FIRST.length), 10) - 1] ?? 0))
        }
        subscriber.onResumed = () => {
          resumed += 1
        }
        subscriber.resume(0)
      }
      let acks = 0
      publisher.onAcknowledged = (count) => {
        for (; count > 0; count -= 1) {
          acknowledged.add(performance.now() - (sentAt[acks] ?? 0))
          acks += 1
        }
      }
      await until(() => resumed === SUBSCRIBERS)
      const publish = (): void => {
        sentAt.push(performance.now())
        publisher.publish([draft(sentAt.length)])
      }
      let before = 0
      const settled = (): boolean => delivered.count === (sentAt.length - before) * SUBSCRIBERS
      await pace(RATE, 2, publish)
      await until(settled)
      before = sentAt.length
      delivered.clear()
      acknowledged.clear()
      const { cpu } = await bench.measure(peer, async () => {
        await pace(RATE, bench.pick(10, 4), publish)
        await until(settled)
      })
      await Promise.all([publisher, ...subscribers].map((socket) => socket.close()))
      return {
        p50: delivered.percentile(50),
        p99: delivered.percentile(99),
        cpu: (cpu * 1000) / delivered.count,
        acknowledged: acknowledged.percentile(50),
      }
    }),
}

const FIRST = '"first":'

const draft = (number: number): EventDraft => ({
  type: 'build.log',
  id: `e${number}`,
  payload: { first: number, lines: [`line ${number} of a build that many people are watching just now`] },
})
