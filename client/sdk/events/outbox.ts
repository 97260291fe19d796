import type { ErrorCode } from '../../../server/errors.ts'
import { isReserved, MAX_EVENT_BYTES } from '../../../server/protocol.ts'
import { backoff } from '../backoff.ts'
import type { Envelope } from '../envelope.ts'
import { refusal, refusalSaid } from '../refusal.ts'
import { newId } from './new-id.ts'
import { batchOf, type Flight, MAX_BATCH, MAX_LENGTH, MAX_WAITING, messageOf } from './outbox-batch.ts'
import {
  type OutboxStore,
  type Outcome,
  type Receipt,
  type Refused,
  staysRefused,
  type Waiting,
} from './outbox-store.ts'
import { OwnEvents } from './own-events.ts'
import { OwnerStores } from './owner-stores.ts'
import { rejection } from './refused-event.ts'

export interface OutboxOptions {
  /** Opens what this person's events are kept in. */
  readonly open: (owner: string, heard: (outcomes: readonly Outcome[]) => void) => Promise<OutboxStore>
  readonly send: (message: string) => void
  readonly settled: (outcome: Outcome) => void
  /** `others` or `refused` changed. */
  readonly found: () => void
  readonly changed: () => void
}

/**
 * What was published and is not committed yet, oldest first. It is put away before it is sent, and sent a batch at a
 * time, the next when all of the last is answered: so nothing overtakes. Whatever drops in between, it is sent again
 * with the id that it has, which the server takes once.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #own = new OwnEvents()
  readonly #stores: OwnerStores
  /** On their way into the store; who is next to publish as somebody else begins another. */
  #adding: Waiting[] = []
  #underway = 0
  #stored = 0
  #others: readonly Waiting[] = []
  #refused: readonly Refused[] = []
  /** Ids of those that are refused no more: a list that was read a moment earlier has them yet. */
  readonly #forgotten = new Set<string>()
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
    this.#stores = new OwnerStores({
      open: (owner) => options.open(owner, (outcomes) => this.#heard(outcomes, owner)),
      kept: (owner) => this.#own.keptOf(owner),
      refused: () => this.#refused,
    })
  }

  /** How many events wait to be committed, those of this device's other pages included. */
  get waiting(): number {
    return this.#stored + this.#underway
  }

  /** Of those, found and not published by this page. */
  get others(): readonly Waiting[] {
    return this.#others
  }

  /** What was refused, on this device, and stays. */
  get refused(): readonly Refused[] {
    return this.#refused
  }

  /** Whether some of those are lost with the page. */
  get losing(): boolean {
    return this.#underway > 0 || (this.#stored > 0 && !this.#stores.now.lasting)
  }

  /** Resolves when `waiting` says what is kept, and not only what this page has published. */
  whenCounted(): Promise<void> {
    return this.#turn
  }

  /** @throws TypeError where the payload cannot be written as JSON */
  publish(type: string, payload: unknown, id: string = newId(), keepRefused = false): Promise<Receipt> {
    if (this.#closed) return Promise.reject(new Error('The room was closed'))
    const event: Waiting = {
      id,
      type,
      payload: JSON.stringify(payload) ?? 'null',
      ...(keepRefused && { keepRefused }),
    }
    const before = this.#own.get(id)
    if (before !== undefined) {
      const same = before.event.type === type && before.event.payload === event.payload
      return same ? before.promise : this.#refuse(event, 'event-conflict')
    }
    const { length } = event.payload
    if (isReserved(id)) return this.#refuse(event, 'event-invalid')
    if (new TextEncoder().encode(event.payload).length > MAX_EVENT_BYTES)
      return this.#refuse(event, 'event-too-large')
    if (this.waiting + this.#refused.length >= MAX_WAITING || this.#own.length + length > MAX_LENGTH)
      return this.#refuse(event, 'outbox-full')
    const published = this.#own.add(event, this.#owner)
    if (this.#refused.some((refused) => refused.id === id)) this.#forgotten.add(id)
    this.#adding.push(event)
    this.#underway += 1
    if (this.#adding.length === 1) {
      const adding = this.#adding
      this.#inTurn(() => this.#put(adding))
    }
    this.#options.changed()
    return published
  }

  /** Of what was refused. */
  forget(id: string): void {
    if (this.#closed) return
    this.#forgotten.add(id)
    this.#setFound(this.#others, this.#refused)
    this.#inTurn(async () => {
      // Where the store is lost, the count finds out, and another one is not given it.
      await this.#stores.now.forget(id).catch(() => undefined)
      await this.#recount()
    })
  }

  /** Who is here. What somebody else left on this device stays there until they are back. */
  setOwner(owner: string): void {
    if (owner === this.#owner || this.#closed) return
    const nobodys = this.#owner === undefined ? this.#stores.now : undefined
    this.#owner = owner
    this.#opening += 1
    // What is being put away yet is of whoever was here until now.
    this.#adding = []
    this.#inTurn(async () => {
      try {
        await this.#stores.change(owner)
        this.#setFound([], [])
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
    this.#own.close()
    // After what is still being put away.
    this.#inTurn(async () => this.#stores.close())
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
    const refused = { ...event, refusal: reason }
    // What is too much to keep is not kept as refused either.
    if (code === 'event-too-large' && staysRefused(refused))
      this.#inTurn(async () => {
        await this.#stores.now.settle([refused]).catch(() => undefined)
        await this.#recount()
      })
    this.#options.settled(refused)
    return rejection(reason)
  }

  #settled(outcome: Outcome, owner = this.#owner): void {
    this.#own.settle(outcome)
    if ('refusal' in outcome) this.#forgotten.delete(outcome.id)
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
    this.#stored = await this.#stores.count()
    await this.#look()
    this.#options.changed()
  }

  /** For what other pages have published, and pages that are closed, and for what was refused. */
  async #look(): Promise<void> {
    const store = this.#stores.now
    const refused = await store.refused().catch(() => this.#refused)
    const none = this.#stored <= this.#own.kept && this.#others.length === 0
    const all = none ? [] : await store.first(MAX_WAITING).catch((): readonly Waiting[] => [])
    if (store !== this.#stores.now) return
    const others = all.filter(({ id }) => !this.#own.has(id))
    this.#setFound(others, refused)
  }

  #setFound(others: readonly Waiting[], refused: readonly Refused[]): void {
    const before = this.#others.length + this.#refused.length
    this.#others = others
    this.#refused = refused.filter(({ id }) => !this.#forgotten.has(id))
    if (before + this.#others.length + this.#refused.length > 0) this.#options.found()
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
      await this.#stores.add(events)
      this.#own.setKept(events)
    } catch {
      // The device has no room for them, and none of them was kept.
      for (const event of events)
        this.#settled({ ...event, refusal: refusal('outbox-full') }, this.#own.get(event.id)?.owner)
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
    const store = this.#stores.now
    const owner = this.#owner
    store
      .alone(async () => {
        while (
          this.#connected &&
          this.#opening === 0 &&
          store === this.#stores.now &&
          (await this.#sendBatch(store, owner))
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
  async #sendBatch(store: OutboxStore, owner: string | undefined): Promise<boolean> {
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
    for (const outcome of flight.outcomes) this.#settled(outcome, owner)
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
