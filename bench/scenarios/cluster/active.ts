import { randomUUID } from 'node:crypto'
import type { Scenario } from '../../bench.ts'
import { Client } from '../../load/client.ts'
import { Latencies } from '../../load/latencies.ts'
import { pace, until } from '../../load/pace.ts'
import { withNodes } from './nodes.ts'

const PEOPLE = 500
const IN_A_ROOM = 10
/** Of each, in edits a second: five hundred who write now and then, as people who work together do. */
const RATE = 1
const WARM_UP = 2

/** Many people write, those of each room on both nodes. */
export const active: Scenario = {
  name: 'cluster-active',
  title: `${PEOPLE} people, ${IN_A_ROOM} to a room and on both of two nodes, each writing ${RATE} a second`,
  columns: [
    { figure: 'p50', title: 'seen p50, ms', digits: 1 },
    { figure: 'p99', title: 'seen p99, ms', digits: 1 },
    { figure: 'cpu', title: 'cpu of both, % of a core', digits: 0 },
  ],
  goals: [{ figure: 'p99', atMost: 100 }],
  run: (bench) =>
    bench.each(['syncline'], () =>
      withNodes(bench, 'syncline', async ({ here, there, both }) => {
        const people: Client[] = []
        const latencies = new Latencies()
        let arrived = 0
        while (people.length < PEOPLE) {
          const room = `doc:${randomUUID()}`
          const there10 = await Promise.all(
            Array.from({ length: IN_A_ROOM }, (_, index) =>
              Client.open(index % 2 === 0 ? here : there, room),
            ),
          )
          const byId = new Map(there10.map((person) => [person.id, person]))
          for (const person of there10) {
            person.onTyped = (client, clock, length) => {
              const now = performance.now()
              const sentAt = byId.get(client)?.sentAt
              if (sentAt === undefined || client === person.id) return
              for (let i = clock; i < clock + length; i += 1) latencies.add(now - (sentAt[i] ?? now))
              arrived += length
            }
          }
          people.push(...there10)
        }
        let typed = 0
        const typeFor = async (seconds: number) => {
          await pace(PEOPLE * RATE, seconds, (index) => {
            typed += 1
            people[(index * 7) % PEOPLE]?.type()
          })
          await until(() => arrived === typed * (IN_A_ROOM - 1))
        }
        await typeFor(WARM_UP)
        latencies.clear()
        const { cpu, ms } = await bench.measure(both, () => typeFor(bench.pick(10, 4)))
        await Promise.all(people.map((person) => person.close()))
        return { p50: latencies.percentile(50), p99: latencies.percentile(99), cpu: (cpu / ms) * 100 }
      }),
    ),
}
