import { userIdSchema } from '../access/identity.ts'
import { parseRoomName } from '../access/room-name.ts'
import { SynclineError } from '../errors.ts'
import { type Seq, SYSTEM } from '../log/entry.ts'
import type { EventRange, StoredEvent } from '../log/events.ts'
import type { HeldRoom, Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import { tellAll } from '../log/tell-all.ts'
import type { EventDraft, Role } from '../protocol.ts'
import { Batch } from './batch.ts'
import { Channel, type Receipt } from './channel.ts'
import type { PublishedBy } from './kind.ts'
import type { AcceptedEvent, Reference, Registry } from './registry.ts'
import { Streams } from './streams.ts'
import { type Subscriber, Subscription } from './subscription.ts'

export interface EventPage {
  readonly events: readonly StoredEvent[]
  readonly head: Seq
  /** Where events after the position that was asked for are not kept any more: up to where. */
  readonly reset: Seq | undefined
}

/** Who publishes: authenticated, with the role that they have in the room. */
export interface Publisher {
  readonly user: string
  readonly role: Role
}

/** The events of all rooms: the one way in, for WebSockets, HTTP and the server's own code, and the one way out. */
export class Channels {
  readonly registry: Registry
  readonly streams = new Streams()
  readonly #log: Log
  readonly #followListeners = new Set<() => void>()
  /** Weak: a channel lives as long as somebody holds its room. */
  readonly #channels = new WeakMap<RoomLog, Channel>()

  constructor(log: Log, registry: Registry) {
    this.#log = log
    this.registry = registry
  }

  /**
   * Opens a room for its events, until it is released.
   * @throws SynclineError `room-not-found` where it is absent and `createBy` does not say who creates it
   */
  async open(name: string, createBy: string | undefined): Promise<HeldRoom> {
    const held = await this.#log.open(name, createBy)
    if (held === undefined) throw new SynclineError('room-not-found')
    return held
  }

  /** Calls back when something was committed, from here, for those who follow events. */
  onFollowed(listener: () => void): void {
    this.#followListeners.add(listener)
  }

  /**
   * Publishes in a room that is open. All are taken in this order, or refused by themselves, but for those after one that
   * is refused for now; each promise settles when its event is committed.
   */
  publish(
    room: RoomLog,
    name: string,
    { user, role }: Publisher,
    drafts: readonly EventDraft[],
  ): readonly Promise<Receipt>[] {
    const channel = this.#of(room)
    const batch = new Batch()
    return drafts.map((draft) => {
      try {
        // Once there is none there is none for those after this one: all are handed in, or begin to wait, in this turn.
        this.#log.requireSpace(room)
        return this.#publish(channel, batch, { user, role }, this.registry.accept(name, role, draft))
      } catch (error) {
        return Promise.reject(error)
      }
    })
  }

  /**
   * Looks at events before their room is opened, let alone created: all are as they must be, or none is taken.
   * @throws SynclineError what `publish` refuses the first one with, and its place
   */
  accept(name: string, role: PublishedBy, drafts: readonly EventDraft[]): readonly AcceptedEvent[] {
    if (this.#log.full) throw new SynclineError('storage-full')
    return drafts.map((draft, index) => {
      try {
        return this.registry.accept(name, role, draft)
      } catch (error) {
        if (!(error instanceof SynclineError) || drafts.length === 1) throw error
        throw new SynclineError(error.code, `event ${index}: ${error.detail}`)
      }
    })
  }

  /**
   * Publishes what was accepted, in order; resolves when all is settled.
   * @throws SynclineError what the first one is refused with; others may then be committed, but none after one that is
   * refused for now
   */
  async publishAll(
    room: RoomLog,
    publisher: Publisher,
    accepted: readonly AcceptedEvent[],
  ): Promise<readonly Receipt[]> {
    this.#log.requireSpace(room)
    const channel = this.#of(room)
    const batch = new Batch()
    const settled = await Promise.allSettled(
      accepted.map((event) => this.#publish(channel, batch, publisher, event)),
    )
    return settled.map((result) => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
  }

  /**
   * As `accept` and `publishAll`, for the application's own code: it may publish everything, as whom it says, and creates the room.
   * @throws SynclineError also `room-name-invalid`, and `request-invalid` where `user` is no id of a person
   */
  publishAs(user: string, name: string, drafts: readonly EventDraft[]): Promise<readonly Receipt[]> {
    return this.#publishIn(name, { user, role: 'admin' }, 'admin', drafts)
  }

  /** As `publishAs`, also what nobody but the server publishes. */
  publishOwn(name: string, drafts: readonly EventDraft[]): Promise<readonly Receipt[]> {
    return this.#publishIn(name, { user: SYSTEM, role: 'admin' }, 'server', drafts)
  }

  /**
   * Tells a subscriber of all events after a position; of those still to come where it is undefined.
   * @throws SynclineError `position-invalid` where the room has no such position, as far as this node knows
   */
  subscribe(room: RoomLog, subscriber: Subscriber, after: Seq | undefined): Subscription {
    this.requireReached(room, after)
    return new Subscription(this.#log, this.#of(room), subscriber, after)
  }

  /** @throws SynclineError `position-invalid` where the room has no such position, as far as this node knows */
  requireReached({ known }: RoomLog, after: Seq | undefined): void {
    if (after !== undefined && after > known)
      throw new SynclineError('position-invalid', `${after} is after the newest, ${known}`)
  }

  /** Learns how far a room is: who was connected to another node may have seen more of it than this one. */
  refresh(room: RoomLog): Promise<void> {
    return this.#log.refresh(room)
  }

  /**
   * A page of a room's events, up to what is committed now.
   * @throws SynclineError `position-invalid` where `after` is beyond that
   */
  async read(room: RoomLog, range: Omit<EventRange, 'until'>): Promise<EventPage> {
    this.requireReached(room, range.after)
    const { id, known: head } = room
    const events = await this.#log.events(id, { ...range, until: head })
    const dropped = await this.#log.eventsDropped(id)
    return { events, head, reset: dropped > range.after ? dropped : undefined }
  }

  async #publishIn(
    name: string,
    publisher: Publisher,
    role: PublishedBy,
    drafts: readonly EventDraft[],
  ): Promise<readonly Receipt[]> {
    parseRoomName(name)
    if (!userIdSchema.safeParse(publisher.user).success)
      throw new SynclineError('request-invalid', 'user must be 1 to 128 printable characters')
    const accepted = this.accept(name, role, drafts)
    const held = await this.open(name, publisher.user)
    try {
      return await this.publishAll(held.room, publisher, accepted)
    } finally {
      held.release()
    }
  }

  /** Throws nothing itself: what is refused of one event must leave the others' answers to whoever waits for all. */
  async #publish(
    channel: Channel,
    batch: Batch,
    publisher: Publisher,
    event: AcceptedEvent,
  ): Promise<Receipt> {
    const { about } = event
    const { user } = publisher
    // What comes at once is taken in this turn; only what waits for a question to the database holds up what follows.
    if (about === undefined && !channel.waits(user)) return channel.publish(user, event)
    // Whoever publishes may leave meanwhile.
    const release = this.#log.hold(channel.room)
    const unreserve = this.#log.reserve(Buffer.byteLength(event.payload))
    const look = async () => {
      if (about !== undefined) await this.#requireAbout(channel, publisher, event.type, about)
    }
    const check = () => batch.check(look).finally(unreserve)
    return channel.publishAfter(check, user, event).finally(release)
  }

  /** @throws SynclineError `event-invalid` where what it is about is not there; `event-forbidden` where it is somebody else's */
  async #requireAbout(
    channel: Channel,
    publisher: Publisher,
    type: string,
    { id, rule }: Reference,
  ): Promise<void> {
    const { room } = channel
    // What is on its way under this id may still be refused, because another event has it.
    await channel.settled(id)
    const found = await this.#log.eventById(room.id, id)
    if (room.ended !== undefined) throw new SynclineError(room.ended)
    if (found === undefined || !rule.types.includes(found.type))
      throw new SynclineError(
        'event-invalid',
        `${type}: ${rule.field} names no ${rule.types.join(' or ')} of this room`,
      )
    if (rule.by === 'anyone' || found.actor === publisher.user) return
    if (rule.by === 'author or admin' && publisher.role === 'admin') return
    throw new SynclineError('event-forbidden', `${type}: what ${rule.field} names is somebody else's`)
  }

  #of(room: RoomLog): Channel {
    const known = this.#channels.get(room)
    if (known !== undefined) return known
    const channel = new Channel(room, () => tellAll(this.#followListeners, (listener) => listener()))
    this.#channels.set(room, channel)
    return channel
  }
}
