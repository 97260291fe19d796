import type { Identity } from '../access/identity.ts'
import type { Device } from '../protocol.ts'

/** One connection of somebody in a room. */
export interface Stay {
  /** What their client says of itself: another program, so nothing in it is taken on trust. */
  said(state: Readonly<Record<string, unknown>>): void
  leave(): void
}

/** Somebody who is connected, all their connections taken together. */
export interface Present {
  readonly user: string
  readonly name: string
  readonly status: 'online' | 'away'
  /** Where they were active last. */
  readonly device: Device | null
}

/** Hears who comes and goes. */
export interface Doorkeeper {
  came(person: Present, room: string): void
  /** Their last connection is gone. */
  left(person: Present): void
}

interface Connected extends Stay {
  readonly room: string
  away: boolean
  device: Device | null
}

interface Person {
  name: string
  /** The one that said something last is the last. */
  readonly stays: Set<Connected>
}

/** Who is connected to this node, and in which rooms. */
export class Attendance {
  readonly #people = new Map<string, Person>()
  readonly #rooms = new Map<string, Map<string, number>>()
  readonly #doorkeeper: Doorkeeper

  constructor(doorkeeper: Doorkeeper) {
    this.#doorkeeper = doorkeeper
  }

  enter({ user, name }: Pick<Identity, 'user' | 'name'>, room: string): Stay {
    const person = this.#people.get(user) ?? { name, stays: new Set() }
    person.name = name
    this.#people.set(user, person)
    let here = true
    const stay: Connected = {
      room,
      away: false,
      device: null,
      said: (state) => {
        const away = state.away === true
        const device = isDevice(state.device) ? state.device : null
        if (!here || (away === stay.away && device === stay.device)) return
        stay.away = away
        stay.device = device
        person.stays.delete(stay)
        person.stays.add(stay)
      },
      leave: () => {
        if (here) this.#leave(user, person, stay)
        here = false
      },
    }
    person.stays.add(stay)
    const inRoom = this.#rooms.get(room) ?? new Map<string, number>()
    this.#rooms.set(room, inRoom.set(user, (inRoom.get(user) ?? 0) + 1))
    this.#doorkeeper.came(presentOf(user, person), room)
    return stay
  }

  get(user: string): Present | undefined {
    const person = this.#people.get(user)
    return person && presentOf(user, person)
  }

  /** Everybody who is connected. */
  *everybody(): Generator<Present> {
    for (const [user, person] of this.#people) yield presentOf(user, person)
  }

  /** Who is in a room now. */
  inRoom(room: string): ReadonlySet<string> {
    return new Set(this.#rooms.get(room)?.keys())
  }

  #leave(user: string, person: Person, stay: Connected): void {
    const inRoom = this.#rooms.get(stay.room)
    const left = (inRoom?.get(user) ?? 0) - 1
    if (left > 0) inRoom?.set(user, left)
    else inRoom?.delete(user)
    if (inRoom?.size === 0) this.#rooms.delete(stay.room)
    const last = presentOf(user, person)
    person.stays.delete(stay)
    if (person.stays.size > 0) return
    this.#people.delete(user)
    this.#doorkeeper.left(last)
  }
}

function presentOf(user: string, { name, stays }: Person): Present {
  const inOrder = [...stays]
  const active = inOrder.filter(({ away }) => !away)
  const { device = null } =
    (active.length > 0 ? active : inOrder).findLast((stay) => stay.device !== null) ?? {}
  return { user, name, status: active.length > 0 ? 'online' : 'away', device }
}

const isDevice = (said: unknown): said is Device => said === 'desktop' || said === 'phone'
