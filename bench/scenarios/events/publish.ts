import { randomUUID } from 'node:crypto'
import type { EventDraft } from '../../../server/protocol.ts'
import type { Bench, Figures, Scenario } from '../../bench.ts'
import { EventSocket } from '../../load/event-socket.ts'
import { until } from '../../load/pace.ts'
import type { Peer } from '../../peer.ts'

const PUBLISHERS = 4
/** Events of one message, and messages that each publisher has on their way. */
const BATCH = 100
const WINDOW = 5

/** How many events are committed a second. */
export const publish: Scenario = {
  name: 'events-publish',
  title: `durable publishes of ${PUBLISHERS} publishers, ${BATCH} at a time`,
  columns: [
    { figure: 'perSecond', title: 'events/s', digits: 0 },
    { figure: 'oneRoom', title: 'in one room, events/s', digits: 0 },
    { figure: 'micros', title: 'µs an event', digits: 1 },
    { figure: 'oneRoomMicros', title: 'in one room, µs an event', digits: 1 },
    { figure: 'cpu', title: 'cpu, µs an event', digits: 1 },
  ],
  // 10,000 a second.
  goals: [
    { figure: 'micros', atMost: 100 },
    { figure: 'oneRoomMicros', atMost: 100 },
  ],
  run: (bench) =>
    bench.repeat(['syncline'], bench.pick(3, 1), async (peer) => {
      const many = await published(bench, peer, () => `build:${randomUUID()}`)
      const room = `build:${randomUUID()}`
      const one = await published(bench, peer, () => room)
      return {
        perSecond: 1e6 / many.micros,
        oneRoom: 1e6 / one.micros,
        micros: many.micros,
        oneRoomMicros: one.micros,
        cpu: many.cpu,
      }
    }),
}

async function published(
  bench: Bench,
  peer: Peer,
  room: () => string,
): Promise<Figures & { readonly micros: number; readonly cpu: number }> {
  const sockets = await Promise.all(Array.from({ length: PUBLISHERS }, () => EventSocket.open(peer, room())))
  const run = async (count: number): Promise<void> => {
    let sent = 0
    let acknowledged = 0
    const send = (socket: EventSocket): void => {
      if (sent >= count) return
      sent += BATCH
      socket.publish(Array.from({ length: BATCH }, draft))
    }
    for (const socket of sockets) {
      let answered = 0
      socket.onAcknowledged = (events) => {
        acknowledged += events
        answered += events
        for (; answered >= BATCH; answered -= BATCH) send(socket)
      }
      for (let i = 0; i < WINDOW; i += 1) send(socket)
    }
    await until(() => acknowledged >= count, 120_000)
  }
  await run(bench.pick(20_000, 5_000))
  const events = bench.pick(200_000, 40_000)
  const { cpu, ms } = await bench.measure(peer, () => run(events))
  await Promise.all(sockets.map((socket) => socket.close()))
  return { micros: (ms * 1000) / events, cpu: (cpu * 1000) / events }
}

let made = 0

function draft(): EventDraft {
  made += 1
  const lines = [
    `[${made}] compiled module ${made % 997} of 1000 in ${made % 89} ms, nothing to complain about`,
  ]
  return { type: 'build.log', id: `e${made}`, payload: { first: made, lines } }
}
