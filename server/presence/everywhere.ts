import { z } from 'zod'
import type { Bus } from '../bus.ts'
import { ClusterMap } from '../nodes/cluster-map.ts'
import type { Attendance, Present, Whereabouts } from './attendance.ts'

/** What a node tells of somebody who is connected to it. */
const toldSchema = z.object({
  name: z.string(),
  status: z.enum(['online', 'away']),
  device: z.enum(['desktop', 'phone']).nullable(),
  rooms: z.array(z.string()),
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
      keys: () => here.users(),
      valueOf: (user) => {
        const present = here.get(user)
        if (present === undefined) return undefined
        const { name, status, device } = present
        return { name, status, device, rooms: [...here.roomsOf(user)] }
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
