import { z } from 'zod'
import type { Bus } from '../bus.ts'
import { ClusterMap } from '../nodes/cluster-map.ts'
import { ON_THE_WAY } from '../nodes/on-the-way.ts'
import type { Attendance, Online, Present, Whereabouts } from './attendance.ts'

/** What a node tells of somebody who is connected to it. */
const toldSchema = z.object({
  name: z.string(),
  status: z.enum(['online', 'away']),
  device: z.enum(['desktop', 'phone']).nullable(),
  rooms: z.array(z.string()),
  /** Left out by nodes of an earlier version. */
  since: z.number().optional(),
})
type Told = z.infer<typeof toldSchema>

/** Who is connected to any node, and in which rooms. */
export class Everywhere implements Whereabouts {
  readonly #here: Attendance
  readonly #elsewhere: ClusterMap<Told>
  /** By room: who is there on other nodes, and on how many. */
  readonly #rooms = new Map<string, Map<string, number>>()

  constructor(bus: Bus, here: Attendance) {
    this.#here = here
    this.#elsewhere = new ClusterMap({
      bus,
      topic: 'people',
      value: toldSchema,
      // They are on the way to another node.
      lingers: ON_THE_WAY,
      keys: () => here.users(),
      valueOf: (user) => {
        const online = here.online(user)
        if (online === undefined) return undefined
        const { name, status, device, rooms, since } = online
        return { name, status, device, rooms: [...rooms], since }
      },
      onChange: (user, before, now) => {
        for (const room of before?.rooms ?? []) this.#count(room, user, -1)
        for (const room of now?.rooms ?? []) this.#count(room, user, 1)
      },
    })
  }

  /** Something of somebody who is, or was, connected here is different now. */
  changed(user: string): void {
    this.#elsewhere.changed(user)
  }

  get(user: string): Present | undefined {
    const here = this.#here.get(user)
    const told = [...(here === undefined ? [] : [here]), ...this.#elsewhere.elsewhere(user)]
    const [first] = told
    if (first === undefined) return undefined
    const active = told.filter(({ status }) => status === 'online')
    const looked = active.length > 0 ? active : told
    const { device = null } = looked.find((one) => one.device !== null) ?? {}
    return { user, name: first.name, status: active.length > 0 ? 'online' : 'away', device }
  }

  users(): Iterable<string> {
    return new Set([...this.#here.users(), ...this.#elsewhere.keys()])
  }

  online(user: string): Online | undefined {
    const present = this.get(user)
    if (present === undefined) return undefined
    const here = this.#here.online(user)
    const told = [...(here === undefined ? [] : [here]), ...this.#elsewhere.elsewhere(user)]
    const since = Math.min(...told.map((one) => one.since ?? Date.now()))
    return { ...present, since, rooms: [...new Set(told.flatMap(({ rooms }) => rooms))] }
  }

  inRoom(room: string): ReadonlySet<string> {
    return new Set([...this.#here.inRoom(room), ...(this.#rooms.get(room)?.keys() ?? [])])
  }

  #count(room: string, user: string, change: 1 | -1): void {
    const people = this.#rooms.get(room) ?? new Map<string, number>()
    const nodes = (people.get(user) ?? 0) + change
    if (nodes > 0) people.set(user, nodes)
    else people.delete(user)
    if (people.size > 0) this.#rooms.set(room, people)
    else this.#rooms.delete(room)
  }
}
