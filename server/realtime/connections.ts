import { z } from 'zod'
import { isAdministrator } from '../access/grants.ts'
import type { Identity } from '../access/identity.ts'
import type { Revocation } from '../access/revocation-table.ts'
import { concerns, type Revocations } from '../access/revocations.ts'
import { Bucket } from '../bucket.ts'
import type { Bus } from '../bus.ts'
import type { Limits } from '../config.ts'
import { type ErrorCode, SynclineError } from '../errors.ts'
import { CountsElsewhere } from '../nodes/counts.ts'
import { Topic } from '../nodes/topic.ts'
import type { Admission } from './admission.ts'
import { Owed } from './owed.ts'
import { Pace } from './pace.ts'

/** A WebSocket, as the registry knows it. */
export interface Socket {
  /** Where it comes from, as a string that is the same for all that count together. */
  readonly address: string
  readonly admissions: ReadonlySet<Admission>
  /** Ends it, telling the rooms of `admissions` why. */
  refuse(error: SynclineError, admissions: Iterable<Admission>): void
  /** Ends it, once what came over it is answered, for its client to go on over another node. */
  move(): Promise<void>
}

/** What a client does that is broken, or hostile: nobody else's WebSocket is closed for it. */
const FAULTS: ReadonlySet<ErrorCode> = new Set([
  'frame-malformed',
  'update-malformed',
  'update-refused',
  'awareness-invalid',
])

interface Known {
  authenticated: boolean
  /** Whose it is: one person's, as a rule, but nothing forbids to share one. */
  readonly users: Set<string>
}

/** A person who is connected, with all their WebSockets on this node. */
interface Person {
  readonly sockets: Set<Socket>
  readonly pace: Pace
  readonly owed: Owed
  /** Full of what they did that no client of ours does. */
  readonly faults: Bucket
  forget: NodeJS.Timeout | undefined
}

/** Whose WebSocket was closed for what they sent. */
const faultSchema = z.object({ user: z.string() })

/**
 * Every WebSocket of this node: where it comes from, and who is in which room over it. Those of other nodes count, as they
 * were told of last: of a quarter of a second ago, and where an address or a person has a tenth of what they may have.
 */
export class Connections {
  readonly #limits: Limits
  readonly #revocations: Pick<Revocations, 'check'>
  readonly #sockets = new Map<Socket, Known>()
  readonly #open = new Counter()
  readonly #unauthenticated = new Counter()
  readonly #people = new Map<string, Person>()
  readonly #addressesElsewhere: CountsElsewhere | undefined
  readonly #usersElsewhere: CountsElsewhere | undefined
  readonly #faults: Topic<z.infer<typeof faultSchema>> | undefined
  #draining = false

  /** @param bus to the other nodes, where there are any */
  constructor(limits: Limits, revocations: Pick<Revocations, 'check'>, bus?: Bus) {
    this.#limits = limits
    this.#revocations = revocations
    if (bus === undefined) return
    this.#addressesElsewhere = new CountsElsewhere(bus, {
      topic: 'sockets-of-addresses',
      limit: limits.socketsPerAddress,
      keys: () => this.#open.keys(),
      countOf: (address) => this.#open.of(address),
    })
    this.#usersElsewhere = new CountsElsewhere(bus, {
      topic: 'sockets-of-users',
      limit: limits.socketsPerUser,
      keys: () => this.#people.keys(),
      countOf: (user) => this.#people.get(user)?.sockets.size ?? 0,
    })
    this.#faults = new Topic(bus, 'faults', faultSchema)
    this.#faults.subscribe((_from, { user }) => {
      this.#person(user).faults.take(1, performance.now())
      this.#forgetSoon(user)
    })
  }

  get size(): number {
    return this.#sockets.size
  }

  /** Different people who are connected. */
  get people(): number {
    let people = 0
    for (const { sockets } of this.#people.values()) if (sockets.size > 0) people += 1
    return people
  }

  get all(): Iterable<Socket> {
    return this.#sockets.keys()
  }

  has(socket: Socket): boolean {
    return this.#sockets.has(socket)
  }

  /** Nobody comes in any more, also over what is open. */
  drain(): void {
    this.#draining = true
  }

  /**
   * @param authenticated its token was looked at already: it takes no place of those who have shown none
   * @throws SynclineError `shutting-down`, `too-many-connections`; the WebSocket is not counted then.
   */
  open(socket: Socket, authenticated = false): void {
    this.#refuseWhileDraining()
    const { address } = socket
    const limits = this.#limits
    const strangers =
      this.#unauthenticated.total >= limits.unauthenticated ||
      this.#unauthenticated.of(address) >= limits.unauthenticatedPerAddress
    const sockets = this.#open.of(address) + (this.#addressesElsewhere?.of(address) ?? 0)
    if ((strangers && !authenticated) || sockets >= limits.socketsPerAddress) {
      throw new SynclineError('too-many-connections')
    }
    this.#sockets.set(socket, { authenticated, users: new Set() })
    this.#open.add(address)
    this.#addressesElsewhere?.changed(address)
    if (!authenticated) this.#unauthenticated.add(address)
  }

  /** A valid token came over it. */
  authenticated(socket: Socket): void {
    const known = this.#sockets.get(socket)
    if (known === undefined || known.authenticated) return
    known.authenticated = true
    this.#unauthenticated.remove(socket.address)
  }

  /**
   * Whether a person may come in over this WebSocket; what they and all their WebSockets share.
   * @throws SynclineError `session-ended`, `shutting-down`, `revoked`, `too-many-connections`, `too-many-rooms`
   */
  admit(socket: Socket, identity: Identity, room: string): Pick<Person, 'pace' | 'owed'> {
    const known = this.#sockets.get(socket)
    // It closed while its token was looked at: nobody would ever take it away from its person again.
    if (known === undefined) throw new SynclineError('session-ended')
    this.#refuseWhileDraining()
    this.#revocations.check(identity, room)
    this.authenticated(socket)
    if (socket.admissions.size >= this.#limits.roomsPerSocket) throw new SynclineError('too-many-rooms')
    const { user } = identity
    const sockets = this.#people.get(user)?.sockets
    const open = (sockets?.size ?? 0) + (this.#usersElsewhere?.of(user) ?? 0)
    if (!sockets?.has(socket) && open >= this.#limits.socketsPerUser) {
      throw new SynclineError('too-many-connections')
    }
    const person = this.#person(user)
    clearTimeout(person.forget)
    person.sockets.add(socket)
    known.users.add(user)
    this.#usersElsewhere?.changed(user)
    return person
  }

  /**
   * What somebody sends over no WebSocket counts as if it had come over theirs, in bytes.
   * @throws SynclineError `rate-limited`
   */
  charge({ user, grants }: Identity, bytes: number): void {
    if (isAdministrator(grants)) return
    const over = this.#person(user).pace.received(1, bytes, performance.now())
    this.#forgetSoon(user)
    if (over > 0) throw new SynclineError('rate-limited', undefined, { retryAfter: Math.ceil(over / 1000) })
  }

  /** Whether somebody gave such reasons too often, and may not come in for now. */
  keptOut(user: string): boolean {
    return (this.#people.get(user)?.faults.take(0, performance.now()) ?? 0) > 0
  }

  /** A WebSocket is closed for this reason. Who gives such reasons too often is kept out until it is less often. */
  closing(socket: Socket, reason: ErrorCode): void {
    if (!FAULTS.has(reason)) return
    const now = performance.now()
    for (const user of this.#sockets.get(socket)?.users ?? []) {
      this.#people.get(user)?.faults.take(1, now)
      this.#faults?.publish({ user })
    }
  }

  /** @throws SynclineError `revoked` */
  check(identity: Identity, room: string): void {
    this.#revocations.check(identity, room)
  }

  close(socket: Socket): void {
    const known = this.#sockets.get(socket)
    if (known === undefined) return
    this.#sockets.delete(socket)
    this.#open.remove(socket.address)
    this.#addressesElsewhere?.changed(socket.address)
    if (!known.authenticated) this.#unauthenticated.remove(socket.address)
    for (const user of known.users) this.#leave(user, socket)
  }

  /** Ends all that a revocation takes away, and with it each WebSocket that it stood on. */
  revoke(revocation: Revocation): void {
    for (const socket of [...this.#sockets.keys()]) {
      const taken = [...socket.admissions].filter(({ identity, room }) =>
        concerns(revocation, identity, room),
      )
      if (taken.length > 0) socket.refuse(new SynclineError('revoked'), taken)
    }
  }

  #person(user: string): Person {
    const known = this.#people.get(user)
    if (known !== undefined) return known
    const person: Person = {
      sockets: new Set(),
      pace: Pace.ofUser(this.#limits),
      owed: new Owed(),
      faults: new Bucket(this.#limits.faultsPerMinute / 60, 60),
      forget: undefined,
    }
    this.#people.set(user, person)
    return person
  }

  #refuseWhileDraining(): void {
    if (this.#draining) throw new SynclineError('shutting-down')
  }

  #leave(user: string, socket: Socket): void {
    if (!this.#people.get(user)?.sockets.delete(socket)) return
    this.#usersElsewhere?.changed(user)
    this.#forgetSoon(user)
  }

  /** Who goes and comes again does not begin anew. */
  #forgetSoon(user: string): void {
    const person = this.#people.get(user)
    if (person === undefined || person.sockets.size > 0) return
    const now = performance.now()
    const refilled = Math.max(person.pace.refill(now), person.faults.refill(now))
    clearTimeout(person.forget)
    person.forget = setTimeout(() => this.#people.delete(user), refilled)
    person.forget.unref()
  }
}

class Counter {
  readonly #counts = new Map<string, number>()
  #total = 0

  get total(): number {
    return this.#total
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  keys(): Iterable<string> {
    return this.#counts.keys()
  }

  add(key: string): void {
    this.#total += 1
    this.#counts.set(key, this.of(key) + 1)
  }

  remove(key: string): void {
    const left = this.of(key) - 1
    this.#total -= 1
    if (left > 0) this.#counts.set(key, left)
    else this.#counts.delete(key)
  }
}
