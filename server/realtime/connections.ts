import type { Identity } from '../access/identity.ts'
import type { Revocation } from '../access/revocation-table.ts'
import { concerns, type Revocations } from '../access/revocations.ts'
import { Bucket } from '../bucket.ts'
import type { Limits } from '../config.ts'
import { type ErrorCode, SynclineError } from '../errors.ts'
import type { Admission } from './admission.ts'
import { Pace } from './pace.ts'

/** A WebSocket, as the registry knows it. */
export interface Socket {
  /** Where it comes from, as a string that is the same for all that count together. */
  readonly address: string
  readonly admissions: ReadonlySet<Admission>
  /** Ends it, telling the rooms of `admissions` why. */
  refuse(error: SynclineError, admissions: Iterable<Admission>): void
}

/** What a client does that is broken, or hostile: nobody else's WebSocket is closed for it. */
const FAULTS: ReadonlySet<ErrorCode> = new Set([
  'frame-malformed',
  'update-malformed',
  'update-refused',
  'awareness-invalid',
  'slow-reader',
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
  /** Full of what they did that no client of ours does. */
  readonly faults: Bucket
  forget: NodeJS.Timeout | undefined
}

/** Every WebSocket of this node: where it comes from, and who is in which room over it. */
export class Connections {
  readonly #limits: Limits
  readonly #revocations: Pick<Revocations, 'check'>
  readonly #sockets = new Map<Socket, Known>()
  readonly #open = new Counter()
  readonly #unauthenticated = new Counter()
  readonly #people = new Map<string, Person>()

  constructor(limits: Limits, revocations: Pick<Revocations, 'check'>) {
    this.#limits = limits
    this.#revocations = revocations
  }

  get size(): number {
    return this.#sockets.size
  }

  /** @throws SynclineError `too-many-connections`; the WebSocket is not counted then. */
  open(socket: Socket): void {
    const { address } = socket
    const limits = this.#limits
    if (
      this.#unauthenticated.total >= limits.unauthenticated ||
      this.#unauthenticated.of(address) >= limits.unauthenticatedPerAddress ||
      this.#open.of(address) >= limits.socketsPerAddress
    ) {
      throw new SynclineError('too-many-connections')
    }
    this.#sockets.set(socket, { authenticated: false, users: new Set() })
    this.#open.add(address)
    this.#unauthenticated.add(address)
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
   * @throws SynclineError `revoked`, `too-many-connections`, `too-many-rooms`
   */
  admit(socket: Socket, identity: Identity, room: string): Pace {
    this.#revocations.check(identity, room)
    this.authenticated(socket)
    if (socket.admissions.size >= this.#limits.roomsPerSocket) throw new SynclineError('too-many-rooms')
    const person = this.#people.get(identity.user) ?? {
      sockets: new Set(),
      pace: Pace.ofUser(this.#limits),
      faults: new Bucket(this.#limits.faultsPerMinute / 60, 60),
      forget: undefined,
    }
    if (!person.sockets.has(socket) && person.sockets.size >= this.#limits.socketsPerUser) {
      throw new SynclineError('too-many-connections')
    }
    clearTimeout(person.forget)
    this.#people.set(identity.user, person)
    person.sockets.add(socket)
    this.#sockets.get(socket)?.users.add(identity.user)
    return person.pace
  }

  /** Whether somebody gave such reasons too often, and may not come in for now. */
  keptOut(user: string): boolean {
    return (this.#people.get(user)?.faults.take(0, performance.now()) ?? 0) > 0
  }

  /** A WebSocket is closed for this reason. Who gives such reasons too often is kept out until it is less often. */
  closing(socket: Socket, reason: ErrorCode): void {
    if (!FAULTS.has(reason)) return
    const now = performance.now()
    for (const user of this.#sockets.get(socket)?.users ?? []) this.#people.get(user)?.faults.take(1, now)
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

  #leave(user: string, socket: Socket): void {
    const person = this.#people.get(user)
    if (person === undefined) return
    person.sockets.delete(socket)
    if (person.sockets.size > 0) return
    // Who goes and comes again does not begin anew.
    const now = performance.now()
    const refilled = Math.max(person.pace.refill(now), person.faults.refill(now))
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
