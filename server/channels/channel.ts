import { isDeepStrictEqual } from 'node:util'
import { SynclineError } from '../errors.ts'
import type { NewEntry, Seq } from '../log/entry.ts'
import type { StoredEvent } from '../log/events.ts'
import { type Run, startOf } from '../log/room-feed.ts'
import type { Commit, RoomLog } from '../log/room-log.ts'
import { tellAll } from '../log/tell-all.ts'
import type { AcceptedEvent } from './registry.ts'

/** Where an event came to stand. */
export interface Receipt {
  readonly id: string
  readonly seq: Seq
}

interface Pending {
  readonly event: AcceptedEvent
  readonly actor: string
  readonly done: PromiseWithResolvers<Receipt>
}

interface Listener {
  /** What was committed, by whichever node, in order. */
  events(events: readonly StoredEvent[]): void
  /** Something was committed that is not told of here: it is to be read. */
  missed(): void
}

/** The events of one room on this node: on their way to the log, and, once committed, to whoever listens. */
export class Channel {
  readonly room: RoomLog
  /** By their entries, in the order in which they were handed in. */
  readonly #pending = new Map<NewEntry, Pending>()
  readonly #byId = new Map<string, Pending>()
  readonly #listeners = new Set<Listener>()
  readonly #followed: () => void
  /** Of each person whose events wait for what they are about to be looked up: their others wait behind them, nobody else's. */
  readonly #turns = new Map<string, Promise<void>>()

  /** @param followed called after commits in which there is something for the followers */
  constructor(room: RoomLog, followed: () => void) {
    this.room = room
    this.#followed = followed
    room.onCommit((commit) => this.#committed(commit))
    room.follow({
      next: (run) => this.#tell(run),
      missed: () => tellAll(this.#listeners, (listener) => listener.missed()),
    })
    room.onEnd((end) => {
      for (const { done } of this.#pending.values()) done.reject(new SynclineError(end))
      this.#pending.clear()
      this.#byId.clear()
    })
  }

  /**
   * Takes an event, at once and in order; resolves when it is committed. What has its id already is not stored
   * again: the same resolves with the seq that it has.
   * @throws SynclineError `event-conflict` where what has the id is another event; as the room's `ended` says
   */
  publish(actor: string, event: AcceptedEvent): Promise<Receipt> {
    if (this.room.ended !== undefined) return Promise.reject(new SynclineError(this.room.ended))
    const waiting = this.#byId.get(event.id)
    if (waiting !== undefined) {
      const same =
        waiting.actor === actor &&
        waiting.event.type === event.type &&
        sameJson(waiting.event.payload, event.payload)
      return same ? waiting.done.promise : Promise.reject(conflict(event))
    }
    const { type, id, payload, followed } = event
    const entry: NewEntry = {
      actor,
      at: Date.now(),
      bytes: Buffer.from(payload),
      event: { type, id, followed },
    }
    const pending = { event, actor, done: Promise.withResolvers<Receipt>() }
    this.#pending.set(entry, pending)
    this.#byId.set(id, pending)
    this.room.append(entry)
    return pending.done.promise
  }

  /** Whether an event of somebody that comes now has to wait its turn. */
  waits(actor: string): boolean {
    return this.#turns.has(actor)
  }

  /** As `publish`, after `check`, which begins when all that came before of the same person has been handed in. */
  publishAfter(check: () => Promise<void>, actor: string, event: AcceptedEvent): Promise<Receipt> {
    const handedIn = (this.#turns.get(actor) ?? Promise.resolve())
      .then(check)
      .then(() => ({ receipt: this.publish(actor, event) }))
    const over = () => {
      if (this.#turns.get(actor) === turn) this.#turns.delete(actor)
    }
    const turn = handedIn.then(over, over)
    this.#turns.set(actor, turn)
    return handedIn.then(({ receipt }) => receipt)
  }

  /** Resolves when no event of this id is on its way: what came of it is in the database then. */
  async settled(id: string): Promise<void> {
    await this.#byId.get(id)?.done.promise.catch(() => undefined)
  }

  /** Returns what stops it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #committed({ lastSeq, entries, repeats }: Commit): void {
    const first = lastSeq - entries.length + 1
    entries.forEach((entry, index) => {
      const pending = this.#take(entry)
      pending?.done.resolve({ id: pending.event.id, seq: first + index })
    })
    if (entries.some(({ event }) => event?.followed)) this.#followed()
    for (const [entry, { seq, same }] of repeats) {
      const pending = this.#take(entry)
      if (pending === undefined) continue
      if (same) pending.done.resolve({ id: pending.event.id, seq })
      else pending.done.reject(conflict(pending.event))
    }
  }

  #tell(run: Run): void {
    if (this.#listeners.size === 0) return
    const first = startOf(run)
    const events = run.entries.flatMap(({ actor, at, bytes, event }, index): readonly StoredEvent[] => {
      if (event === undefined) return []
      const { type, id } = event
      return [{ type, id, seq: first + index, actor, at, payload: Buffer.from(bytes).toString() }]
    })
    if (events.length > 0) tellAll(this.#listeners, (listener) => listener.events(events))
  }

  #take(entry: NewEntry): Pending | undefined {
    const pending = this.#pending.get(entry)
    if (pending === undefined) return undefined
    this.#pending.delete(entry)
    this.#byId.delete(pending.event.id)
    return pending
  }
}

/** As the database compares them: the order of an object's keys says nothing. */
const sameJson = (one: string, other: string): boolean =>
  one === other || isDeepStrictEqual(JSON.parse(one), JSON.parse(other))

const conflict = ({ id }: AcceptedEvent): SynclineError =>
  new SynclineError('event-conflict', JSON.stringify(id))
