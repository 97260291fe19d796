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

/** Somebody who is connected, with where. */
export interface Online extends Present {
  /** Since when, in milliseconds since the epoch, by the clock of the node where they have been longest. */
  readonly since: number
  readonly rooms: readonly string[]
}

/** Hears who comes and goes. */
export interface Doorkeeper {
  came(person: Present, room: string): void
  /** Their last connection is gone. */
  left(person: Present): void
}

interface House {
  readonly changed: (user: string) => void
  readonly left: (stay: Connected) => void
}

/** One connection; those who have many thousands of them keep no closures for each. */
class Connected implements Stay {
  readonly person: Person
  readonly room: string
  away = false
  device: Device | null = null
  readonly #house: House

  constructor(person: Person, room: string, house: House) {
    this.person = person
    this.room = room
    this.#house = house
    person.stays.add(this)
  }

  said(state: Readonly<Record<string, unknown>>): void {
    const away = state.away === true
    const device = isDevice(state.device) ? state.device : null
    const { stays } = this.person
    if ((away === this.away && device === this.device) || !stays.delete(this)) return
    this.away = away
    this.device = device
    stays.add(this)
    this.#house.changed(this.person.user)
  }

  leave(): void {
    if (this.person.stays.delete(this)) this.#house.left(this)
  }
}

interface Person {
  readonly user: string
  name: string
  readonly since: number
  /** The one that said something last is the last. */
  readonly stays: Set<Connected>
}

/** Tells of people who are connected. */
export interface Whereabouts {
  get(user: string): Present | undefined
  /** Who is in a room now. */
  inRoom(room: string): ReadonlySet<string>
  /** Everybody's ids, each once. */
  users(): Iterable<string>
  online(user: string): Online | undefined
}

/** Who is connected to this node, and in which rooms. */
export class Attendance implements Whereabouts {
  readonly #people = new Map<string, Person>()
  readonly #rooms = new Map<string, Map<string, number>>()
  readonly #doorkeeper: Doorkeeper
  readonly #house: House

  /** @param changed called with each person who is somewhere else now, or does something else */
  constructor(doorkeeper: Doorkeeper, changed: (user: string) => void = () => undefined) {
    this.#doorkeeper = doorkeeper
    this.#house = { changed, left: (stay) => this.#left(stay) }
  }

  enter({ user, name }: Pick<Identity, 'user' | 'name'>, room: string): Stay {
    const person = this.#people.get(user) ?? { user, name, since: Date.now(), stays: new Set() }
    person.name = name
    this.#people.set(user, person)
    const stay = new Connected(person, room, this.#house)
    const inRoom = this.#rooms.get(room) ?? new Map<string, number>()
    this.#rooms.set(room, inRoom.set(user, (inRoom.get(user) ?? 0) + 1))
    this.#doorkeeper.came(presentOf(person, person.stays), room)
    this.#house.changed(user)
    return stay
  }

  get(user: string): Present | undefined {
    const person = this.#people.get(user)
    return person && presentOf(person, person.stays)
  }

  online(user: string): Online | undefined {
    const person = this.#people.get(user)
    if (person === undefined) return undefined
    const { since, stays } = person
    return { ...presentOf(person, stays), since, rooms: this.roomsOf(user) }
  }

  /** Everybody who is connected. */
  *everybody(): Generator<Present> {
    for (const person of this.#people.values()) yield presentOf(person, person.stays)
  }

  users(): Iterable<string> {
    return this.#people.keys()
  }

  /** Who is in which room. */
  *stays(): Generator<{ readonly user: string; readonly room: string }> {
    for (const [room, people] of this.#rooms) for (const user of people.keys()) yield { user, room }
  }

  /** The rooms in which somebody is. */
  roomsOf(user: string): readonly string[] {
    const stays = this.#people.get(user)?.stays ?? []
    return [...new Set([...stays].map(({ room }) => room))]
  }

  inRoom(room: string): ReadonlySet<string> {
    return new Set(this.#rooms.get(room)?.keys())
  }

  #left(stay: Connected): void {
    const { person, room } = stay
    const { user, stays } = person
    const inRoom = this.#rooms.get(room)
    const left = (inRoom?.get(user) ?? 0) - 1
    if (left > 0) inRoom?.set(user, left)
    else inRoom?.delete(user)
    if (inRoom?.size === 0) this.#rooms.delete(room)
    this.#house.changed(user)
    if (stays.size > 0) return
    this.#people.delete(user)
    this.#doorkeeper.left(presentOf(person, [stay]))
  }
}

function presentOf({ user, name }: Person, stays: Iterable<Connected>): Present {
  const inOrder = [...stays]
  const active = inOrder.filter(({ away }) => !away)
  const { device = null } =
    (active.length > 0 ? active : inOrder).findLast((stay) => stay.device !== null) ?? {}
  return { user, name, status: active.length > 0 ? 'online' : 'away', device }
}

const isDevice = (said: unknown): said is Device => said === 'desktop' || said === 'phone'
