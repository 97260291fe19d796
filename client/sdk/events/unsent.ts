import { reasonOf } from '../reason.ts'
import type { Room } from '../room.ts'
import type { Refusal } from '../state.ts'
import { newId } from './new-id.ts'
import type { Outcome, Receipt, Refused, Waiting } from './outbox-store.ts'
import type { EventOf, EventPayloads, EventType } from './payloads.ts'

interface Entry {
  readonly type: EventType
  readonly payload: unknown
  /** When this page came to know of it. */
  readonly at: number
  /** This page has published it, and hears what comes of it. */
  readonly ours: boolean
  /** Of what is committed. */
  seq?: number
  refusal?: Refusal
}

export interface UnsentOptions {
  readonly shows: (type: EventType) => boolean
  /** Whether it stays after a refusal, to be seen with the reason. */
  readonly keeps: (type: EventType) => boolean
  /** Who one is here, as far as that is known. */
  readonly actor: () => string
  readonly changed: () => void
}

/**
 * What is published in a room on this device and the room has not told yet, to be shown over what it has told: by this page,
 * by others, and by those that are closed.
 */
export class Unsent {
  readonly #options: UnsentOptions
  readonly #entries = new Map<string, Entry>()
  /** Up to where the room has told what there is. */
  #told = 0

  constructor(options: UnsentOptions) {
    this.#options = options
  }

  /** As if they had been committed last. */
  get events(): readonly EventOf[] {
    const actor = this.#options.actor()
    return [...this.#entries].map(
      // TypeScript does not see that a type and its payload go together.
      ([id, { type, payload, at }]) =>
        ({ id, type, payload, actor, at, seq: Number.MAX_SAFE_INTEGER }) as unknown as EventOf,
    )
  }

  refusalOf(id: string): Refusal | undefined {
    return this.#entries.get(id)?.refusal
  }

  /** Also shows what others have published on this device, until what this returns is called. */
  follow(room: Room): () => void {
    return room.onUnsent({
      waiting: (events, refused) => this.#found(events, refused),
      outcome: (outcome) => this.#heard(outcome),
    })
  }

  /** As the room does; where the client is destroyed meanwhile, the next one on this device sends it. */
  publish<Type extends EventType>(
    room: Room,
    type: Type,
    payload: EventPayloads[Type],
    id = newId(),
  ): Promise<Receipt> {
    this.#entries.set(id, { type, payload, at: Date.now(), ours: true })
    const published = room.publish(type, payload, { id, keepRefused: this.#options.keeps(type) })
    published.then(
      ({ seq }) => this.#settle(id, { seq }),
      (error: Error) => {
        if (error.cause === undefined) this.#entries.delete(id)
        else this.#settle(id, { refusal: reasonOf(error) })
      },
    )
    this.#options.changed()
    return published
  }

  /** Once more, what was refused. */
  again(room: Room, id: string): Promise<Receipt> | undefined {
    const entry = this.#entries.get(id)
    return entry?.refusal && this.publish(room, entry.type, entry.payload as EventPayloads[EventType], id)
  }

  /** Forgets what was refused. */
  drop(room: Room, id: string): void {
    if (this.refusalOf(id) === undefined) return
    room.forget(id)
    this.#entries.delete(id)
    this.#options.changed()
  }

  /** The room has told all up to there. Returns whether some of ours was in it. */
  told(seq: number): boolean {
    this.#told = seq
    const before = this.#entries.size
    for (const [id, entry] of this.#entries)
      if (entry.seq !== undefined && entry.seq <= seq) this.#entries.delete(id)
    return this.#entries.size !== before
  }

  #settle(id: string, change: { readonly seq: number } | { readonly refusal: Refusal }): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    if ('seq' in change) entry.seq = change.seq
    else if (this.#options.keeps(entry.type)) entry.refusal = change.refusal
    else this.#entries.delete(id)
    this.told(this.#told)
    this.#options.changed()
  }

  /**
   * All that others have published here and that waits: what waits no more was told, or will be. And what was refused
   * before this was here to hear of it.
   */
  #found(events: readonly Waiting[], refused: readonly Refused[]): void {
    const waiting = new Set(events.map(({ id }) => id))
    for (const [id, { ours, seq, refusal }] of this.#entries)
      if (!ours && seq === undefined && refusal === undefined && !waiting.has(id)) this.#entries.delete(id)
    for (const event of [...refused, ...events]) if (!this.#entries.has(event.id)) this.#add(event)
    this.#options.changed()
  }

  /** What others have published and was refused is shown as well, where such a thing stays. */
  #heard(outcome: Outcome): void {
    if ('refusal' in outcome && !this.#entries.has(outcome.id)) this.#add(outcome)
    this.#settle(outcome.id, outcome)
  }

  #add(event: Waiting | Refused): void {
    const { id, type, payload } = event
    const refused = 'refusal' in event ? { refusal: event.refusal } : {}
    // Whatever an application publishes is of a type that its build knows.
    const known = type as EventType
    if (!this.#options.shows(known)) return
    this.#entries.set(id, {
      type: known,
      payload: JSON.parse(payload),
      at: Date.now(),
      ours: false,
      ...refused,
    })
  }
}
