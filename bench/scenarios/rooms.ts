import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Scenario } from '../bench.ts'
import { Client } from '../load/client.ts'
import { DOCUMENT_PEERS } from '../peer.ts'

const ROOMS = 50
const READERS = 2
/** Edits that each writer has on their way. */
const WINDOW = 10
const WARM_UP_MS = 1500

/** Many rooms, as many edits as the server takes. */
export const rooms: Scenario = {
  name: 'rooms',
  title: `${ROOMS} rooms, a writer with ${WINDOW} edits on their way and ${READERS} readers each`,
  columns: [
    { figure: 'rate', title: 'updates/s', digits: 0 },
    { figure: 'cpu', title: 'cpu per update, µs', digits: 1 },
  ],
  goals: [{ figure: 'cpu', against: 'bare', atMost: 1.1 }],
  run: (bench) =>
    bench.repeat(DOCUMENT_PEERS, bench.pick(3, 1), async (peer) => {
      const writers: Client[] = []
      const readers: Client[] = []
      for (let index = 0; index < ROOMS; index += 1) {
        const room = `doc:${randomUUID()}`
        writers.push(await Client.open(peer, room))
        readers.push(...(await Promise.all(Array.from({ length: READERS }, () => Client.open(peer, room)))))
      }
      let typing = true
      let acknowledged = 0
      for (const writer of writers) {
        writer.onAcknowledged = () => {
          acknowledged += 1
          if (typing) writer.type()
        }
        for (let i = 0; i < WINDOW; i += 1) writer.type()
      }
      await pause(WARM_UP_MS)
      acknowledged = 0
      let counted = 0
      const { cpu, ms } = await bench.measure(peer, async () => {
        await pause(bench.pick(4000, 2500))
        counted = acknowledged
      })
      typing = false
      await Promise.all([...writers, ...readers].map((client) => client.close()))
      return { rate: (counted * 1000) / ms, cpu: (cpu * 1000) / counted }
    }),
}
