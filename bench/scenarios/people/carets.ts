import { randomUUID } from 'node:crypto'
import type { Scenario } from '../../bench.ts'
import { Client } from '../../load/client.ts'
import { Latencies } from '../../load/latencies.ts'
import { pace, until } from '../../load/pace.ts'

const PEOPLE = 200
/** As somebody who types or selects: a caret moves with each key. */
const RATE = 5
/** Of so many people, what they see is timed; the others only receive it. */
const TIMED = 10

/** Everybody moves a caret and everybody watches: each move is told to all, or a newer one in its place. */
export const carets: Scenario = {
  name: 'people-carets',
  title: `${PEOPLE} people in one room, each moving a caret ${RATE} times a second`,
  columns: [
    { figure: 'cpu', title: 'cpu, % of a core', digits: 0 },
    { figure: 'p50', title: 'seen p50, ms', digits: 0 },
    { figure: 'p99', title: 'seen p99, ms', digits: 0 },
    { figure: 'told', title: 'moves that are told, %', digits: 0 },
  ],
  goals: [{ figure: 'cpu', against: 'stock', atMost: 0.5 }],
  run: (bench) =>
    bench.repeat(['stock', 'syncline'], bench.pick(3, 1), async (peer) => {
      const room = `doc:${randomUUID()}`
      const people: Client[] = []
      while (people.length < PEOPLE) {
        const batch = Array.from({ length: 20 }, (_, index) =>
          Client.open(peer, room, peer.signToken(`person-${people.length + index}`, { 'doc:*': 'write' })),
        )
        people.push(...(await Promise.all(batch)))
      }
      const byId = new Map(people.map((person) => [person.id, person]))
      const latencies = new Latencies()
      /** Of each who is timed, the last move that they saw of everybody else. */
      const seen = people.slice(0, TIMED).map(() => new Map<number, number>())
      for (const [index, person] of people.entries()) {
        const last = seen[index]
        if (last === undefined) {
          person.mute()
          continue
        }
        person.onMoved = (client, clock) => {
          const sentAt = byId.get(client)?.movedAt[clock]
          // People are told of everybody when they come, and of themselves.
          if (sentAt === undefined || client === person.id || last.get(client) === clock) return
          last.set(client, clock)
          latencies.add(performance.now() - sentAt)
        }
      }
      const move = (index: number): void => people[index % PEOPLE]?.move()
      const settled = (): boolean =>
        seen.every((last, index) =>
          people.every((person, at) => at === index || last.get(person.id) === person.movedAt.length - 1),
        )
      await pace(PEOPLE * RATE, 2, move)
      await until(settled)
      latencies.clear()
      let moves = 0
      const { cpu, ms } = await bench.measure(peer, async () => {
        await pace(PEOPLE * RATE, bench.pick(5, 3), (index) => {
          moves += 1
          move(index)
        })
        await until(settled)
      })
      const told = (latencies.count / (moves * TIMED)) * (PEOPLE / (PEOPLE - 1)) * 100
      await Promise.all(people.map((client) => client.close()))
      return { cpu: (cpu / ms) * 100, p50: latencies.percentile(50), p99: latencies.percentile(99), told }
    }),
}
