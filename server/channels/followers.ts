import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import type { RoomId } from '../log/entry.ts'
import type { StoredEvent } from '../log/events.ts'
import { tellAll } from '../log/tell-all.ts'
import type { Logger } from '../observe/log.ts'
import type { EventDraft } from '../protocol.ts'
import { Rounds } from '../rounds.ts'
import { type Database, openPool } from '../storage/database.ts'
import { OVERLAP, type Pulse } from '../storage/pulse.ts'
import { inTransaction, keptOpen, type Queryable } from '../storage/transaction.ts'
import { within } from '../within.ts'
import type { Channels } from './channels.ts'
import {
  claimRoom,
  type EventQueue,
  enqueue,
  hasQueued,
  isQueued,
  lastQueued,
  type Queued,
  type QueuedRoom,
  readQueued,
  unqueue,
} from './event-queue.ts'

/** The room whose events are followed. */
export interface FollowedRoom {
  readonly id: RoomId
  readonly name: string
}

/** An event that another one brings about. Its id has to be made of that one: it may be published more than once. */
export interface Derived {
  readonly room: string
  readonly actor: string
  readonly event: EventDraft
}

/**
 * Makes something of events that are committed: rows that can be searched, events in other rooms. It is shown each
 * event, room by room in their order, in a transaction that also takes it off the queue: what it writes there is
 * written once.
 */
export interface Follower {
  /** With their kinds: `chat.message`. */
  readonly types: readonly string[]
  /** Returns what is to be published elsewhere; done before the transaction ends, and once whatever is killed. */
  follow(client: Queryable, room: FollowedRoom, events: readonly StoredEvent[]): Promise<readonly Derived[]>
  /** Called on the node that has followed them, once that is committed: for what is not stored. */
  told?(room: FollowedRoom, events: readonly StoredEvent[]): void
}

/** Rooms that are followed beside each other: one in which much follows does not hold up all others. */
const WORKERS = 2
/** Events of one room in one transaction, and of these how many a follower is shown at a time. */
const AT_ONCE: Readonly<Record<EventQueue, { readonly most: number; readonly shown: number }>> = {
  event_queue: { most: 500, shown: 500 },
  telling_queue: { most: 50, shown: 1 },
}
/** Where that failed, of those in the next one. */
const FEWER = 20
/**
 * How long after its beginning what is written in tables is still committed, in ms. Changes of members carry the time at which they were
 * made: of one that is committed later than OVERLAP after it, no other node would hear.
 */
const WRITTEN_WITHIN = OVERLAP / 2
/** Once so much follows from the events that were shown, the others are left to the next transaction. */
const ENOUGH = 200
/** Rooms in which is published at a time. */
const ROOMS_AT_ONCE = 50
/**
 * How long what follows may take to be committed in another room, in ms: one whose entries the database rejects commits nothing. It is
 * published again later, which is then a repeat.
 */
const PUBLISHED_WITHIN = 10_000
/** How long a room is left alone that could not be followed, in ms. */
const PAUSE = { first: 1_000, longest: 60_000 }
/**
 * How long a room is left to nodes of another release where it has an event of a type that nobody here follows, in ms, and how old such an
 * event may be: a type that nobody follows any more holds up no room for ever.
 */
const STRANGE = { pause: 5_000, until: 60 * 60_000 }
/** How often somebody who waits asks whether another node has done it, in ms. */
const ASK_AGAIN = 1_000
/** How long a question waits for what was committed before it, in ms. */
const CAUGHT_UP_WITHIN = 5_000

/** Takes events off the queue, a room at a time. */
export class Followers {
  readonly #questions: pg.Pool
  /** Commits without waiting for the disk: what is lost with a machine is simply followed again. */
  readonly #pool: pg.Pool
  readonly #channels: Channels
  readonly #followers: readonly Follower[]
  readonly #queue: EventQueue
  readonly #logger: Logger
  /** Rooms that failed, by their names, with when they are tried again. */
  readonly #failing = new Map<
    string,
    { readonly room: RoomId; readonly pause: number; readonly until: number }
  >()
  /** Rooms whose next event is followed by another release, with when they are looked at again. */
  readonly #strange = new Map<RoomId, number>()
  readonly #types: ReadonlySet<string>
  /** By the names of rooms: who waits until there is nothing more to be followed. */
  readonly #waiting = new Map<string, Set<() => void>>()
  readonly #workers: readonly Rounds[]
  #unwatch: (() => Promise<void>) | undefined
  #closed = false

  constructor(
    database: Pick<Database, 'pool' | 'url'>,
    channels: Channels,
    followers: readonly Follower[],
    logger: Logger,
    queue: EventQueue = 'event_queue',
  ) {
    this.#queue = queue
    this.#questions = database.pool
    this.#pool = openPool(database.url, { max: WORKERS, commits: 'soon' })
    this.#channels = channels
    this.#followers = followers
    this.#types = new Set(followers.flatMap(({ types }) => types))
    this.#logger = logger
    this.#workers = Array.from({ length: WORKERS }, () => new Rounds(() => this.#round()))
    channels.onFollowed(() => this.#wake())
  }

  /** Rooms that could not be followed, and are tried again. */
  get failing(): number {
    // Long past its time, another node has followed it, or it was erased.
    for (const [name, { until }] of this.#failing)
      if (until < Date.now() - PAUSE.longest) this.#failing.delete(name)
    return this.#failing.size
  }

  /** Begins with what is queued, and goes on with what other nodes leave in the queue. */
  start(pulse: Pulse): void {
    this.#unwatch = pulse.watch({ when: hasQueued(this.#queue), act: async () => this.#wake() })
    this.#wake()
  }

  /** Hands what is followed here on to this queue, once the followers of another one have had it. */
  get handedOn(): Follower {
    return {
      types: [...this.#types],
      follow: async (client, { id }, events) => {
        await enqueue(
          client,
          this.#queue,
          id,
          events.map(({ seq }) => seq),
        )
        return []
      },
      told: () => this.#wake(),
    }
  }

  /** Publishes nothing more; resolves when what is begun is done, or given up, to be taken up at the next start. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([this.#unwatch?.(), ...this.#workers.map((rounds) => rounds.close())])
    await this.#pool.end()
  }

  /**
   * Resolves when all that was committed in a room until now has been followed, or after some seconds, or where the room
   * cannot be followed just now: what is read then says how far it goes.
   */
  async caughtUp(room: string): Promise<void> {
    const until = await lastQueued(this.#questions, this.#queue, room)
    if (until === undefined) return
    const limit = Date.now() + CAUGHT_UP_WITHIN
    while (!this.#closed && !this.#isPaused(room) && Date.now() < limit) {
      this.#wake()
      await this.#nextStep(room)
      if (!(await isQueued(this.#questions, this.#queue, room, until))) return
    }
  }

  /** Resolves when something of the room has been followed here, or could have been on another node. */
  #nextStep(room: string): Promise<void> {
    const waiting = this.#waiting.get(room) ?? new Set()
    this.#waiting.set(room, waiting)
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        waiting.delete(done)
        if (waiting.size === 0 && this.#waiting.get(room) === waiting) this.#waiting.delete(room)
        resolve()
      }
      const timer = setTimeout(done, ASK_AGAIN)
      waiting.add(done)
    })
  }

  #wake(): void {
    if (this.#unwatch !== undefined) for (const worker of this.#workers) worker.wake()
  }

  /** Goes through the rooms of the queue, until nothing is left in it that can be followed. */
  async #round(): Promise<void> {
    let last: RoomId | undefined
    do {
      last = undefined
      for (let room = await this.#step(FIRST); room !== undefined; room = await this.#step(room.id)) {
        last = room.id
        for (const done of [...(this.#waiting.get(room.name) ?? [])]) done()
        if (this.#closed) return
      }
    } while (last !== undefined)
  }

  /** Follows what waits of the next room after one; returns that room. */
  async #step(after: RoomId): Promise<QueuedRoom | undefined> {
    let room: QueuedRoom | undefined
    try {
      const { events } = await inTransaction(this.#pool, async (client) => {
        room = await claimRoom(client, this.#queue, after, this.#paused())
        if (room === undefined) return NOTHING
        const begun = Date.now()
        const most = this.#failing.has(room.name) ? FEWER : AT_ONCE[this.#queue].most
        let queued = this.#familiar(room.id, await readQueued(client, this.#queue, room.id, most))
        if (!room.deleted) {
          const { derived, ...followed } = await this.#follow(client, room, queued)
          // What follows from many events, for many people, is a commit each.
          await keptOpen(client, this.#publish(derived))
          queued = followed
        }
        await unqueue(client, this.#queue, room.id, queued.until)
        if (this.#queue === 'event_queue' && Date.now() - begun > WRITTEN_WITHIN)
          throw new SynclineError('storage-unavailable', 'what is made of events took too long to write')
        return queued
      })
      if (room === undefined) return undefined
      this.#failing.delete(room.name)
      if (!room.deleted) this.#tell(room, events)
      return room
    } catch (error) {
      // Whatever it was, also that the database took too long: the next room's turn comes first.
      if (room !== undefined) this.#pause(room, error)
      else this.#logger.warn({ err: error }, 'events could not be followed; they are with the next beat')
      return room
    }
  }

  /** Those before the first that only a later release follows: that is not to be taken off the queue here. */
  #familiar(room: RoomId, queued: Queued): Queued {
    const strange = queued.events.findIndex(
      ({ type, at }) => !this.#types.has(type) && at > Date.now() - STRANGE.until,
    )
    const first = queued.events[strange]
    if (first === undefined) return queued
    this.#strange.set(room, Date.now() + STRANGE.pause)
    return { events: queued.events.slice(0, strange), until: first.seq - 1 }
  }

  /** Shows the followers what is queued, until enough follows from it. */
  async #follow(
    client: Queryable,
    room: FollowedRoom,
    { events, until }: Queued,
  ): Promise<Queued & { readonly derived: readonly Derived[] }> {
    const derived: Derived[] = []
    const { shown } = AT_ONCE[this.#queue]
    for (let first = 0; first < events.length; first += shown) {
      const next = events.slice(first, first + shown)
      for (const follower of this.#followers) {
        const own = followedBy(follower, next)
        if (own.length > 0) derived.push(...(await follower.follow(client, room, own)))
      }
      const following = events[first + shown]
      if (following !== undefined && derived.length >= ENOUGH)
        return { derived, events: events.slice(0, first + shown), until: following.seq - 1 }
    }
    return { derived, events, until }
  }

  #tell(room: FollowedRoom, events: readonly StoredEvent[]): void {
    tellAll(this.#followers, (follower) => {
      const own = followedBy(follower, events)
      if (own.length > 0) follower.told?.(room, own)
    })
  }

  /** Each room's in order, and rooms beside each other: they share commits. */
  async #publish(derived: readonly Derived[]): Promise<void> {
    const inRooms = Map.groupBy(derived, ({ room }) => room)
    const rooms = [...inRooms]
    for (let first = 0; first < rooms.length; first += ROOMS_AT_ONCE) {
      if (this.#closed) throw new SynclineError('shutting-down')
      const settled = await Promise.allSettled(
        rooms.slice(first, first + ROOMS_AT_ONCE).map(([room, all]) => this.#publishIn(room, all)),
      )
      for (const result of settled) if (result.status === 'rejected') throw result.reason
    }
  }

  async #publishIn(room: string, derived: readonly Derived[]): Promise<void> {
    for (const { actor, event } of derived) {
      if (this.#closed) throw new SynclineError('shutting-down')
      const published = this.#channels
        .publishAs(actor, room, [event])
        .catch((error: unknown) => this.#requireRetryable(error))
      if (!(await within(PUBLISHED_WITHIN, published)))
        throw new SynclineError('storage-unavailable', `${room} commits nothing`)
    }
  }

  /**
   * What can never be published (its room is deleted, somebody has taken its id) must not keep a room from being followed.
   * @throws whatever may go well another time
   */
  #requireRetryable(error: unknown): void {
    if (!(error instanceof SynclineError) || error.retryable) throw error
    if (error.code !== 'room-deleted')
      this.#logger.error({ err: error }, 'what follows from an event is refused, and left out')
  }

  #isPaused(room: string): boolean {
    return (this.#failing.get(room)?.until ?? 0) > Date.now()
  }

  #paused(): readonly RoomId[] {
    for (const [room, until] of this.#strange) if (until <= Date.now()) this.#strange.delete(room)
    const failing = [...this.#failing].filter(([name]) => this.#isPaused(name)).map(([, { room }]) => room)
    return [...failing, ...this.#strange.keys()]
  }

  /** One room that cannot be followed holds up no other. */
  #pause({ id, name }: QueuedRoom, error: unknown): void {
    const before = this.#failing.get(name)?.pause
    const pause = before === undefined ? PAUSE.first : Math.min(before * 2, PAUSE.longest)
    this.#failing.set(name, { room: id, pause, until: Date.now() + pause })
    this.#logger.error({ err: error, room: name, pause }, 'the events of a room cannot be followed')
  }
}

const FIRST = 0 as RoomId
const NOTHING: Queued = { events: [], until: 0 }

const followedBy = ({ types }: Follower, events: readonly StoredEvent[]): readonly StoredEvent[] =>
  events.filter(({ type }) => types.includes(type))
