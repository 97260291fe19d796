import { SynclineError } from '../errors.ts'
import type { Seq } from '../log/entry.ts'
import type { StoredEvent } from '../log/events.ts'
import type { Log } from '../log/log.ts'
import type { Channel } from './channel.ts'

/** Whoever is told of a room's events, over whatever they are connected by. */
export interface Subscriber {
  /** Whether they keep up. Where not, `Subscription.wake` is to be called once they do. */
  readonly ready: boolean
  mayRead(type: string): boolean
  /** Each event once, in order. */
  events(events: readonly StoredEvent[]): void
  /** Events up to here are not kept any more, and were not sent. */
  reset(after: Seq): void
  /** All up to `head` was sent; from here on it is live. */
  resumed(head: Seq): void
  /** It has ended, and why. */
  failed(error: unknown): void
}

/** Events read from the database at a time. */
const PAGE = 1_000

/**
 * One subscriber of one channel. It is `behind` while it reads what it has missed from the database, and `live` once
 * it has all; one that does not keep up is behind again, so that nothing is kept for it in memory.
 */
export class Subscription {
  readonly #log: Log
  readonly #channel: Channel
  readonly #subscriber: Subscriber
  readonly #stop: () => void
  #position: Seq
  #state: 'behind' | 'reading' | 'live' | 'ended' = 'behind'
  /** The subscriber was told that it has all. */
  #resumed = false

  /** @param after the last position that the subscriber has seen; the newest where it is undefined */
  constructor(log: Log, channel: Channel, subscriber: Subscriber, after: Seq | undefined) {
    this.#log = log
    this.#channel = channel
    this.#subscriber = subscriber
    this.#position = after ?? channel.room.known
    const ended = channel.room.onEnd((end) => this.#fail(new SynclineError(end)))
    const live = channel.listen({
      events: (events) => this.#live(events),
      missed: () => this.#missed(),
    })
    this.#stop = () => {
      ended()
      live()
    }
    this.wake()
  }

  /** All up to here was sent, or is not for the subscriber. */
  get position(): Seq {
    return this.#position
  }

  /** The subscriber keeps up again. */
  wake(): void {
    if (this.#state !== 'behind') return
    this.#state = 'reading'
    this.#catchUp().catch((error: unknown) => this.#fail(error))
  }

  end(): void {
    this.#state = 'ended'
    this.#stop()
  }

  #live(events: readonly StoredEvent[]): void {
    if (this.#state !== 'live') return
    if (!this.#subscriber.ready) {
      this.#state = 'behind'
      return
    }
    // The database may have had them before this node was told that it has: they were read there then.
    const read = (events[0]?.seq ?? 0) <= this.#position
    try {
      this.#send(read ? events.filter(({ seq }) => seq > this.#position) : events)
    } catch (error) {
      this.#fail(error) // it may have these or not, and comes back with the position that it knows
      return
    }
    this.#position = Math.max(this.#position, this.#channel.room.told)
  }

  /** Something was committed that did not come by here: it is read, with what came after it. */
  #missed(): void {
    if (this.#state !== 'live') return
    this.#state = 'behind'
    this.wake()
  }

  async #catchUp(): Promise<void> {
    const { room } = this.#channel
    if (!this.#resumed) await this.#log.refresh(room)
    while (this.#state === 'reading') {
      if (this.#position >= room.known) {
        // Still the turn in which that was so: the next commit is live.
        this.#state = 'live'
        if (this.#resumed) return
        this.#resumed = true
        this.#subscriber.resumed(this.#position)
        return
      }
      if (!this.#subscriber.ready) {
        this.#state = 'behind'
        return
      }
      const until = room.known
      const events = await this.#log.events(room.id, { after: this.#position, until, limit: PAGE })
      // Asked afterwards: what was dropped while the page was read is then known to be.
      const dropped = await this.#log.eventsDropped(room.id)
      if (this.#state !== 'reading') return
      // While this page was read, other rooms may have sent theirs: it is read again once there is room for it.
      if (!this.#subscriber.ready) {
        this.#state = 'behind'
        return
      }
      if (dropped > this.#position) {
        this.#position = dropped
        this.#subscriber.reset(dropped)
        continue
      }
      this.#send(events)
      this.#position = events.at(-1)?.seq ?? until
    }
  }

  #send(events: readonly StoredEvent[]): void {
    const readable = events.every(({ type }) => this.#subscriber.mayRead(type))
      ? events
      : events.filter(({ type }) => this.#subscriber.mayRead(type))
    if (readable.length > 0) this.#subscriber.events(readable)
  }

  #fail(error: unknown): void {
    if (this.#state === 'ended') return
    this.end()
    this.#subscriber.failed(error)
  }
}
