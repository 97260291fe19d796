import type { RefusedEvent } from '../events/outbox-store.ts'
import type { EventOf, EventPayloads } from '../events/payloads.ts'
import { reasonOf } from '../reason.ts'
import type { Room } from '../room.ts'
import type { Refusal } from '../state.ts'

type ChatType = Extract<keyof EventPayloads, `chat.${string}`>
/** What was published here and has not come back. */
export type UnsentEvent<Type extends ChatType = ChatType> = Type extends ChatType
  ? { readonly id: string; readonly type: Type; readonly payload: EventPayloads[Type] }
  : never

/**
 * What this device says and the server has not told yet, to be shown in front of what it has. Messages that are refused stay; of all
 * else that is refused, its publisher is told, and it shows no more.
 */
export class Unsent {
  readonly #room: Room
  readonly #changed: () => void
  readonly #waiting = new Map<string, EventOf>()
  /** Where those of them stand that were committed. */
  readonly #committed = new Map<string, number>()
  readonly #refused = new Map<string, Refusal>()
  /** Up to where the server has told what there is. */
  #told = 0

  constructor(room: Room, changed: () => void) {
    this.#room = room
    this.#changed = changed
  }

  /** As if they had been committed last. */
  get events(): readonly EventOf[] {
    return [...this.#waiting.values()]
  }

  /** Messages that were refused, and why. */
  get refused(): ReadonlyMap<string, Refusal> {
    return this.#refused
  }

  /** Also hears of what was published before this page was loaded. */
  start(): () => void {
    return this.#room.onRefused((event) => this.#heardRefusal(event))
  }

  /** Rejects with the refusal as `cause`; of a message, which shows it, never. */
  async publish(event: UnsentEvent, actor: string): Promise<void> {
    this.#waiting.set(event.id, { ...event, actor, at: Date.now(), seq: Number.POSITIVE_INFINITY } as EventOf)
    this.#refused.delete(event.id)
    this.#changed()
    try {
      const { seq } = await this.#room.publish(event.type, event.payload, { id: event.id })
      if (this.#waiting.has(event.id)) this.#committed.set(event.id, seq)
      if (this.#forget([])) this.#changed()
    } catch (error) {
      if (error instanceof Error && error.cause === undefined) return // the room was closed: it is sent when it is opened again
      if (event.type === 'chat.message') this.#refused.set(event.id, reasonOf(error))
      else this.#waiting.delete(event.id)
      this.#changed()
      if (event.type !== 'chat.message') throw error
    }
  }

  again(id: string): void {
    const event = this.#waiting.get(id)
    if (event !== undefined && this.#refused.has(id)) void this.publish(event as UnsentEvent, event.actor)
  }

  drop(id: string): void {
    if (this.#refused.delete(id)) this.#waiting.delete(id)
    this.#changed()
  }

  /** All up to there has been read: what of ours stands there is told by that. Returns whether something was. */
  read(seq: number): boolean {
    this.#told = seq
    return this.#forget([])
  }

  /** Returns whether some of ours were told by these. */
  arrived(events: readonly EventOf[]): boolean {
    this.#told = events.at(-1)?.seq ?? this.#told
    return this.#forget(events.map(({ id }) => id))
  }

  #forget(told: readonly string[]): boolean {
    const before = this.#waiting.size
    const read = [...this.#committed].filter(([, seq]) => seq <= this.#told).map(([id]) => id)
    for (const id of [...told, ...read]) {
      this.#waiting.delete(id)
      this.#committed.delete(id)
      this.#refused.delete(id)
    }
    return this.#waiting.size !== before
  }

  #heardRefusal({ id, type, payload, refusal }: RefusedEvent): void {
    if (type !== 'chat.message' || this.#waiting.has(id)) return
    this.#waiting.set(id, {
      id,
      type,
      payload,
      actor: '',
      at: Date.now(),
      seq: Number.POSITIVE_INFINITY,
    } as EventOf)
    this.#refused.set(id, refusal)
    this.#changed()
  }
}
