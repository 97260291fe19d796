import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import type { RoomId } from '../log/entry.ts'
import type { StoredEvent } from '../log/events.ts'
import { tellAll } from '../log/tell-all.ts'
import type { Logger } from '../observe/log.ts'
import type { EventDraft } from '../protocol.ts'
import { type Database, openPool } from '../storage/database.ts'
import { isStorageFailure } from '../storage/failure.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import type { Channels } from './channels.ts'
import { claimRoom, isQueued, type Queued, type QueuedRoom, readQueued, unqueue } from './event-queue.ts'

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

/** Events of one room in one transaction. */
const AT_ONCE = 500
/** How often the queue is looked at for what other nodes have left in it, in ms. */
const POLL = 1_000
/** Rooms in which is published at a time. */
const ROOMS_AT_ONCE = 50
/** How long a room is left alone that could not be followed, in ms. */
const PAUSE = { first: 1_000, longest: 60_000 }
/** How long a question waits for what was committed before it, in ms. */
const CAUGHT_UP_WITHIN = 5_000

/** The one worker of a node that takes events off the queue, a room at a time. */
export class Followers {
  readonly #questions: pg.Pool
  /** Commits without waiting for the disk: what is lost with a machine is simply followed again. */
  readonly #pool: pg.Pool
  readonly #channels: Channels
  readonly #followers: readonly Follower[]
  readonly #logger: Logger
  /** Rooms that failed, with when they are tried again. */
  readonly #failing = new Map<RoomId, { readonly pause: number; readonly until: number }>()
  readonly #waiting = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #again = false
  #closed = false

  constructor(
    database: Pick<Database, 'pool' | 'url'>,
    channels: Channels,
    followers: readonly Follower[],
    logger: Logger,
  ) {
    this.#questions = database.pool
    this.#pool = openPool(database.url, { max: 1, commits: 'soon' })
    this.#channels = channels
    this.#followers = followers
    this.#logger = logger
    channels.onFollowed(() => this.#wake())
  }

  start(): void {
    this.#timer = setInterval(() => this.#wake(), POLL)
    this.#timer.unref()
    this.#wake()
  }

  /** Resolves when the room that is being followed has been. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    await this.#running
    await this.#pool.end()
  }

  /**
   * Resolves when all that was committed in a room until now has been followed, or after some seconds: what is read
   * then says how far it goes.
   */
  async caughtUp(room: string): Promise<void> {
    const limit = Date.now() + CAUGHT_UP_WITHIN
    while (!this.#closed && Date.now() < limit && (await isQueued(this.#questions, room))) {
      this.#wake()
      await this.#nextStep()
    }
  }

  /** Resolves when something has been followed here, or could have been on another node. */
  #nextStep(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, POLL)
      this.#waiting.add(done)
    })
  }

  #wake(): void {
    this.#again = true
    if (this.#running !== undefined || this.#closed || this.#timer === undefined) return
    this.#running = this.#run().finally(() => {
      this.#running = undefined
      if (this.#again) this.#wake()
    })
  }

  /** Goes round the rooms of the queue until nothing is left in it that can be followed. */
  async #run(): Promise<void> {
    let round: RoomId | undefined
    do {
      this.#again = false
      round = undefined
      for (let room = await this.#step(FIRST); room !== undefined; room = await this.#step(room)) {
        round = room
        for (const done of [...this.#waiting]) done()
        if (this.#closed) return
      }
    } while (round !== undefined)
  }

  /** Follows what waits of the next room after one; returns that room. */
  async #step(after: RoomId): Promise<RoomId | undefined> {
    let room: QueuedRoom | undefined
    try {
      const { events } = await inTransaction(this.#pool, async (client) => {
        room = await claimRoom(client, after, this.#paused())
        if (room === undefined) return NOTHING
        const queued = await readQueued(client, room.id, AT_ONCE)
        if (!room.deleted) await this.#publish(await this.#follow(client, room, queued.events))
        await unqueue(client, room.id, queued.until)
        return queued
      })
      if (room === undefined) return undefined
      this.#failing.delete(room.id)
      if (!room.deleted) this.#tell(room, events)
      return room.id
    } catch (error) {
      if (room === undefined || isStorageFailure(error)) {
        this.#logger.warn({ err: error }, 'events could not be followed; they are with the next poll')
        return undefined
      }
      this.#pause(room, error)
      return room.id
    }
  }

  async #follow(
    client: Queryable,
    room: FollowedRoom,
    events: readonly StoredEvent[],
  ): Promise<readonly Derived[]> {
    const derived: Derived[] = []
    for (const follower of this.#followers) {
      const own = followedBy(follower, events)
      if (own.length > 0) derived.push(...(await follower.follow(client, room, own)))
    }
    return derived
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
      const settled = await Promise.allSettled(
        rooms.slice(first, first + ROOMS_AT_ONCE).map(async ([room, all]) => {
          for (const { actor, event } of all) await this.#channels.publishAs(actor, room, [event])
        }),
      )
      for (const result of settled)
        if (result.status === 'rejected' && !isGone(result.reason)) throw result.reason
    }
  }

  #paused(): readonly RoomId[] {
    const now = Date.now()
    return [...this.#failing].filter(([, { until }]) => until > now).map(([room]) => room)
  }

  /** One room that cannot be followed holds up no other. */
  #pause({ id, name }: QueuedRoom, error: unknown): void {
    const before = this.#failing.get(id)?.pause
    const pause = before === undefined ? PAUSE.first : Math.min(before * 2, PAUSE.longest)
    this.#failing.set(id, { pause, until: Date.now() + pause })
    this.#logger.error({ err: error, room: name, pause }, 'the events of a room cannot be followed')
  }
}

const FIRST = 0 as RoomId
const NOTHING: Queued = { events: [], until: 0 }

const followedBy = ({ types }: Follower, events: readonly StoredEvent[]): readonly StoredEvent[] =>
  events.filter(({ type }) => types.includes(type))

/** Nobody is there any more to be told. */
const isGone = (error: unknown): boolean => error instanceof SynclineError && error.code === 'room-deleted'
