import type { ErrorCode } from '../../../server/errors.ts'
import { isReserved, MAX_EVENT_BYTES } from '../../../server/protocol.ts'
import { backoff } from '../backoff.ts'
import type { Envelope } from '../envelope.ts'
import { refusal, refusalSaid } from '../refusal.ts'
import { newId } from './new-id.ts'
import { batchOf, type Flight, MAX_BATCH, MAX_LENGTH, MAX_WAITING, messageOf } from './outbox-batch.ts'
import { MemoryStore, type OutboxStore, type Outcome, type Receipt, type Waiting } from './outbox-store.ts'
import { rejection } from './refused-event.ts'

export interface OutboxOptions {
  /** Opens what this person's events are kept in. */
  readonly open: (owner: string, heard: (outcomes: readonly Outcome[]) => void) => Promise<OutboxStore>
  readonly send: (message: string) => void
  readonly settled: (outcome: Outcome) => void
  /** All that waits and that this page did not publish. */
  readonly found: (events: readonly Waiting[]) => void
  readonly changed: () => void
}

interface Published extends PromiseWithResolvers<Receipt> {
  readonly event: Waiting
  /** Who published it, where that was known. */
  readonly owner: string | undefined
  /** It is in the store. */
  kept: boolean
}

/**
 * What was published and is not committed yet, oldest first. It is put away before it is sent, and sent a batch at a
 * time, the next when all of the last is answered: so nothing overtakes. Whatever drops in between, it is sent again
 * with the id that it has, which the server takes once.
 */
export class Outbox {
  readonly #options: OutboxOptions
  /** What this page has published and nothing has come of yet. */
  readonly #published = new Map<string, Published>()
  #length = 0
  /** On their way into the store; who is next to publish as somebody else begins another. */
  #adding: Waiting[] = []
  #underway = 0
  #stored = 0
  /** Of those, found and not published by this page. */
  #others = 0
  /** Before it is known whose they are, events wait in memory. */
  #store: OutboxStore = new MemoryStore()
  /** Of each who was here: what another page settles, it tells whoever is here. */
  readonly #opened = new Map<string, OutboxStore>()
  #owner: string | undefined
  /** How many changes of the owner are underway. */
  #opening = 0
  /** Additions are made one after the other. */
  #turn: Promise<void> = Promise.resolve()
  #flight: Flight | undefined
  #sending = false
  #connected = false
  #failures = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** How many events wait to be committed, those of this device's other pages included. */
  get waiting(): number {
    return this.#stored + this.#underway
  }

  /** Resolves when `waiting` says what is kept, and not only what this page has published. */
  whenCounted(): Promise<void> {
    return this.#turn
  }

  /** @throws TypeError where the payload cannot be written as JSON */
  publish(type: string, payload: unknown, id: string = newId()): Promise<Receipt> {
    if (this.#closed) return Promise.reject(new Error('The room was closed'))
    const event = { id, type, payload: JSON.stringify(payload) ?? 'null' }
    const before = this.#published.get(id)
    if (before !== undefined) {
      const same = before.event.type === type && before.event.payload === event.payload
      return same ? before.promise : this.#refuse(event, 'event-conflict')
    }
    const { length } = event.payload
    if (isReserved(id)) return this.#refuse(event, 'event-invalid')
    if (new TextEncoder().encode(event.payload).length > MAX_EVENT_BYTES)
      return this.#refuse(event, 'event-too-large')
    if (this.waiting >= MAX_WAITING || this.#length + length > MAX_LENGTH)
      return this.#refuse(event, 'outbox-full')
    const published = { ...Promise.withResolvers<Receipt>(), event, owner: this.#owner, kept: false }
    // Who does not wait for it hears of a refusal from `refused`, and is not to fall over it.
    published.promise.catch(() => undefined)
    this.#published.set(id, published)
    this.#length += length
    this.#adding.push(event)
    this.#underway += 1
    if (this.#adding.length === 1) {
      const adding = this.#adding
      this.#inTurn(() => this.#put(adding))
    }
    this.#options.changed()
    return published.promise
  }

  /** Who is here. What somebody else left on this device stays there until they are back. */
  setOwner(owner: string): void {
    if (owner === this.#owner || this.#closed) return
    const nobodys = this.#owner === undefined ? this.#store : undefined
    this.#owner = owner
    this.#opening += 1
    // What is being put away yet is of whoever was here until now.
    this.#adding = []
    this.#inTurn(async () => {
      try {
        this.#store = await this.#open(owner)
        const moved = (await nobodys?.first(MAX_WAITING)) ?? []
        if (moved.length > 0) await this.#keep(moved)
      } finally {
        this.#opening -= 1
      }
      await this.#recount()
      this.#send()
    })
  }

  setConnected(connected: boolean): void {
    if (connected === this.#connected) return
    this.#connected = connected
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#failures = 0
    if (connected) this.#send()
    else this.#flight?.done.resolve()
  }

  /** An envelope of the server's. */
  said(envelope: Envelope): void {
    const flight = this.#flight
    if (flight === undefined) return
    if (envelope.type === 'ack' && Array.isArray(envelope.events)) {
      for (const { id, seq } of envelope.events as readonly Receipt[]) {
        const event = flight.awaited.get(id)
        if (event !== undefined) flight.outcomes.push({ ...event, seq })
        flight.awaited.delete(id)
      }
    } else if (envelope.type === 'reject') {
      // What names none of them, but the message itself, is said of all.
      const named = flight.awaited.get(String(envelope.id))
      const meant = named !== undefined ? [named] : envelope.id === 'publish' ? flight.awaited.values() : []
      const reason = refusalSaid(envelope)
      for (const event of [...meant]) {
        if (reason.retryable) flight.later = true
        else flight.outcomes.push({ ...event, refusal: reason })
        flight.awaited.delete(event.id)
      }
    }
    if (flight.awaited.size === 0) flight.done.resolve()
  }

  /** What this device keeps is sent by the next client that it has; who still waits for it here is told. */
  close(): void {
    this.#closed = true
    this.setConnected(false)
    for (const { reject } of this.#published.values()) reject(new Error('The room was closed'))
    this.#published.clear()
    // After what is still being put away.
    this.#inTurn(async () => {
      for (const store of this.#opened.values()) store.close()
    })
  }

  #inTurn(work: () => Promise<void>): void {
    // One that fails is reported, and holds up none of those after it.
    this.#turn = this.#turn.then(work).catch((error: unknown) =>
      queueMicrotask(() => {
        throw error
      }),
    )
  }

  #refuse(event: Waiting, code: ErrorCode): Promise<never> {
    const reason = refusal(code)
    this.#options.settled({ ...event, refusal: reason })
    return rejection(reason)
  }

  #settled(outcome: Outcome, owner = this.#owner): void {
    const published = this.#published.get(outcome.id)
    this.#published.delete(outcome.id)
    if (published !== undefined) this.#length -= published.event.payload.length
    if ('seq' in outcome) published?.resolve({ id: outcome.id, seq: outcome.seq })
    else published?.reject(new Error(outcome.refusal.message, { cause: outcome.refusal }))
    // What was another's is not told to who is here now.
    if (owner === this.#owner) this.#options.settled(outcome)
  }

  /** Another page of this device has added some, or settled these. */
  #heard(outcomes: readonly Outcome[], owner: string): void {
    for (const outcome of outcomes) this.#settled(outcome, owner)
    this.#inTurn(async () => {
      await this.#recount()
      this.#send()
    })
  }

  async #recount(): Promise<void> {
    if (this.#closed) return
    const store = this.#store
    this.#stored = await store.count().catch(async () => {
      await this.#replace(store)
      return this.#store.count()
    })
    await this.#lookForOthers()
    this.#options.changed()
  }

  /** What other pages have published, and pages that are closed; of a store that fails that is nothing. */
  async #lookForOthers(): Promise<void> {
    const own = [...this.#published.values()].filter(({ kept }) => kept).length
    if (this.#stored <= own && this.#others === 0) return
    const all = await this.#store.first(MAX_WAITING).catch((): readonly Waiting[] => [])
    const others = all.filter(({ id }) => !this.#published.has(id))
    this.#others = others.length
    this.#options.found(others)
  }

  /** A person's store is opened once: what other pages tell it would come twice. */
  async #open(owner: string): Promise<OutboxStore> {
    const before = this.#opened.get(owner)
    if (before !== undefined) return before
    const store = await this.#options.open(owner, (outcomes) => this.#heard(outcomes, owner))
    this.#opened.set(owner, store)
    return store
  }

  /** A store that fails may have lost its connection: it is opened anew, and one in memory is what is left after that. */
  async #add(events: readonly Waiting[]): Promise<void> {
    const store = this.#store
    try {
      await store.add(events)
    } catch (error) {
      if (Object(error).name === 'QuotaExceededError') throw error
      await this.#replace(store)
      const kept = new Set((await this.#store.first(MAX_WAITING)).map(({ id }) => id))
      await this.#store.add(events.filter(({ id }) => !kept.has(id)))
    }
  }

  async #replace(failed: OutboxStore): Promise<void> {
    const owner = this.#owner
    if (failed !== this.#store || owner === undefined) return
    this.#opened.delete(owner)
    failed.close()
    this.#store = await this.#open(owner)
    try {
      await this.#store.count()
    } catch {
      this.#store.close()
      // What this page published and nothing came of is all that there is to go on with.
      this.#store = new MemoryStore()
      this.#opened.set(owner, this.#store)
      const ours = [...this.#published.values()].filter((one) => one.kept && (one.owner ?? owner) === owner)
      await this.#store.add(ours.map(({ event }) => event))
    }
  }

  async #put(events: readonly Waiting[]): Promise<void> {
    if (events === this.#adding) this.#adding = []
    this.#underway -= events.length
    this.#stored += events.length
    await this.#keep(events)
    await this.#recount()
    this.#send()
  }

  async #keep(events: readonly Waiting[]): Promise<void> {
    try {
      await this.#add(events)
      for (const { id } of events) {
        const published = this.#published.get(id)
        if (published !== undefined) published.kept = true
      }
    } catch {
      // The device has no room for them, and none of them was kept.
      for (const event of events) this.#settled({ ...event, refusal: refusal('outbox-full') })
    }
  }

  #send(): void {
    if (
      this.#sending ||
      this.#opening > 0 ||
      this.#timer !== undefined ||
      !this.#connected ||
      this.#stored === 0
    )
      return
    this.#sending = true
    const store = this.#store
    store
      .alone(async () => {
        while (
          this.#connected &&
          this.#opening === 0 &&
          store === this.#store &&
          (await this.#sendBatch(store))
        );
      })
      .catch(() => {
        // The count finds out whether the store still works.
        this.#inTurn(() => this.#recount())
        this.#sendLater()
      })
      .finally(() => {
        this.#sending = false
        this.#send()
      })
  }

  /** Whether there may be more to send. */
  async #sendBatch(store: OutboxStore): Promise<boolean> {
    const batch = batchOf(await store.first(MAX_BATCH))
    if (batch.length === 0) await this.#recount()
    if (batch.length === 0 || !this.#connected) return false
    const awaited = new Map(batch.map((event) => [event.id, event]))
    const flight: Flight = { awaited, outcomes: [], later: false, done: Promise.withResolvers() }
    this.#flight = flight
    this.#options.send(messageOf(batch))
    await flight.done.promise
    this.#flight = undefined
    await store.settle(flight.outcomes)
    for (const outcome of flight.outcomes) this.#settled(outcome)
    await this.#recount()
    if (flight.later) this.#sendLater()
    else this.#failures = 0
    return !flight.later
  }

  #sendLater(): void {
    if (!this.#connected) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#send()
    }, backoff(this.#failures))
    this.#failures += 1
  }
}
