import { randomUUID } from 'node:crypto'
import type { Scenario } from '../bench.ts'
import { Client } from '../load/client.ts'
import { Latencies } from '../load/latencies.ts'
import { pace, until } from '../load/pace.ts'

const PEOPLE = 200
const RATE = 2
/** In seconds. Who tells edits together calls everything less often, and V8 makes its best code of what is called often: after 2 s it was still at it. */
const WARM_UP = 20
/** Of so many people, what they see is timed; the others only receive it. */
const TIMED = 10

/** Everybody types and everybody watches: each edit is delivered to all. */
export const crowd: Scenario = {
  name: 'crowd',
  title: `${PEOPLE} people in one room, each typing ${RATE} times a second`,
  columns: [
    { figure: 'cpu', title: 'cpu, % of a core', digits: 0 },
    { figure: 'p50', title: 'seen p50, ms', digits: 1 },
    { figure: 'p99', title: 'seen p99, ms', digits: 1 },
  ],
  goals: [
    { figure: 'cpu', against: 'stock', atMost: 0.4 },
    { figure: 'p99', atMost: 50 },
  ],
  run: (bench) =>
    bench.repeat(['bare', 'stock', 'syncline'], bench.pick(3, 1), async (peer) => {
      const room = `doc:${randomUUID()}`
      const people: Client[] = []
      while (people.length < PEOPLE) {
        people.push(...(await Promise.all(Array.from({ length: 20 }, () => Client.open(peer, room)))))
      }
      const byId = new Map(people.map((person) => [person.id, person]))
      const latencies = new Latencies()
      for (const [index, person] of people.entries()) {
        if (index >= TIMED) person.mute()
        else {
          person.onTyped = (client, clock, length) => {
            // Some servers send people their own edits back, and some do now and then.
            if (client === person.id) return
            const now = performance.now()
            const author = byId.get(client)
            for (let i = clock; i < clock + length; i += 1) latencies.add(now - (author?.sentAt[i] ?? now))
          }
        }
      }
      let expected = 0
      const type = (index: number): void => {
        const author = index % PEOPLE
        expected += author < TIMED ? TIMED - 1 : TIMED
        people[author]?.type()
      }
      const settled = (): boolean => latencies.count >= expected
      await pace(PEOPLE * RATE, bench.pick(WARM_UP, 2), type)
      await until(settled)
      expected = 0
      latencies.clear()
      const { cpu, ms } = await bench.measure(peer, async () => {
        await pace(PEOPLE * RATE, bench.pick(5, 3), type)
        await until(settled)
      })
      await Promise.all(people.map((client) => client.close()))
      return { cpu: (cpu / ms) * 100, p50: latencies.percentile(50), p99: latencies.percentile(99) }
    }),
}
