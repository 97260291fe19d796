import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { listenToType } from './events/one-type.ts'
import type { PublishOptions, Receipt, RefusedEvent } from './events/outbox-store.ts'
import type { EventOf, EventPayloads, EventType } from './events/payloads.ts'
import { RoomEvents, type UnsentListener } from './events/room-events.ts'
import type { EventListener, EventStart } from './events/stream.ts'
import { guarded } from './guarded.ts'
import { whenInterrupted } from './interrupted.ts'
import { LocalCopy } from './local-copy.ts'
import { Presence } from './presence.ts'
import type { RoomParts } from './room-parts.ts'
import { stateOf } from './room-state.ts'
import { SaveTracker } from './save-tracker.ts'
import { Session } from './session.ts'
import { Shared } from './shared.ts'
import type { SharedList } from './shared-list.ts'
import type { SharedMap } from './shared-map.ts'
import type { SignalListener } from './signals.ts'
import {
  NEW_ROOM,
  type Person,
  type Refusal,
  type RoomState,
  type RoomStatus,
  type SaveState,
  sameState,
  type User,
} from './state.ts'
import { whenState } from './when-state.ts'
import { within } from './within.ts'

/** The copy on this device is normally there in milliseconds; a browser that keeps it locked must not keep us offline. */
const LOAD_LIMIT_MS = 3_000

/** A room: its document, who is in it, and the truth about what is saved. Had from `client.room(name)`. */
export class Room {
  readonly name: string
  readonly doc = new Y.Doc()
  readonly awareness = new Awareness(this.doc)
  readonly #tracker = new SaveTracker(() => this.#refresh())
  readonly #session: Session
  readonly #copy: LocalCopy | undefined
  readonly #whenLoaded: Promise<void>
  readonly #released: () => void
  readonly #events: RoomEvents
  readonly #shared = new Shared(this.doc)
  readonly #presence: Presence
  readonly #listeners = new Set<() => void>()
  #state = NEW_ROOM
  #closed = false
  #destroyed: Promise<void> | undefined

  constructor(parts: RoomParts) {
    this.name = parts.name
    this.#released = parts.released
    this.#presence = new Presence(this.awareness, parts.attention, () => this.#notify())
    this.#events = new RoomEvents({
      room: parts.name,
      ...parts.events,
      send: (message) => this.#session.say(message),
      changed: () => this.#refresh(),
    })
    // Before the provider's own listener: a change is counted before the frame that carries it.
    this.doc.on('update', this.#updated)
    // Not everybody has heard of what was changed: it is counted, kept and sent once more, as a part of the whole.
    whenInterrupted(this.doc, () => {
      this.#tracker.changed()
      this.#copy?.rewrite()
      this.#session.resync()
    })
    this.#copy = LocalCopy.open(parts.copyName, this.doc, this.#tracker)
    this.#session = new Session({
      name: parts.name,
      doc: this.doc,
      awareness: this.awareness,
      link: parts.link,
      tokens: parts.tokens,
      tracker: this.#tracker,
      ready: () => within(this.#whenLoaded, LOAD_LIMIT_MS),
      changed: () => this.#refresh(),
      said: (envelope) => this.#events.said(envelope),
    })
    this.#whenLoaded = this.#load()
    if (parts.user !== undefined) this.introduce(parts.user)
    this.#session.start()
    this.#refresh()
  }

  /** The same object until something in it changes. */
  getState(): RoomState {
    return this.#state
  }

  /** Everybody here, each once, the reader first. The same array until somebody comes, goes or changes. */
  getPeople(): readonly Person[] {
    return this.#presence.people
  }

  /** Calls back after `getState()` or `getPeople()` changed. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get status(): RoomStatus {
    return this.#state.status
  }

  get refusal(): Refusal | undefined {
    return this.#state.refusal
  }

  get readOnly(): boolean {
    return this.#state.readOnly
  }

  get saved(): SaveState {
    return this.#state.saved
  }

  get unsaved(): number {
    return this.#state.unsaved
  }

  get savedSeq(): number | undefined {
    return this.#state.savedSeq
  }

  /** Resolves when the copy on this device has been read, or at once where there is none. */
  whenLoaded(): Promise<void> {
    return this.#whenLoaded
  }

  /** Resolves when the document first holds what the server has. Rejects with the reason if the room is refused, or closed before. */
  whenSynced(): Promise<void> {
    return this.#when((state) => state.synced)
  }

  /**
   * Resolves when the server has committed every change made here so far and until then. Rejects with the reason
   * if the room, or a change of ours in it, is refused, and if the room is closed before.
   */
  whenSaved(): Promise<void> {
    return this.#when(
      (state) => state.saved === 'saved',
      () => this.#tracker.refused,
    )
  }

  /** Resolves when the server has taken or refused all that waits on this device to be published here. Rejects as `whenSynced`. */
  async whenSent(): Promise<void> {
    await this.#events.outbox.whenCounted()
    await this.#when(({ unsent }) => unsent === 0)
  }

  /** Tells the others who this is. What they see of it is the colour: id and name the server takes from the token. */
  setUser(user: User): void {
    this.#presence.setUser(user)
  }

  /** As `setUser`, unless the application has said who it is. */
  introduce(user: User): void {
    this.#events.outbox.setOwner(user.id)
    if (this.#presence.user === undefined) this.setUser(user)
  }

  /** Tells the others that this person types, for a few seconds from each call, or no more. */
  setTyping(typing: boolean): void {
    this.#presence.setTyping(typing)
  }

  /** Tells the others where in the room this person is: a page, a file; nowhere in particular. */
  setWhere(where: string | undefined): void {
    this.#presence.setWhere(where)
  }

  /** Tells the others something passing of this person, such as a caret; it is not stored. `null` takes it back. */
  setPresence(field: string, value: unknown): void {
    this.awareness.setLocalStateField(field, value)
  }

  /** Calls back with each event of that type, by default from now on: once and in order, whatever drops in between. Returns what stops it. */
  on<Type extends EventType>(
    type: Type,
    listener: (event: EventOf<Type>) => void,
    from: EventStart = 'now',
  ): () => void {
    return listenToType(type, listener, (events) => this.listen({ events }, from))
  }

  /** As `on`, for the events of all types, as many at a time as came together. */
  listen(listener: EventListener, from: EventStart = 'now'): () => void {
    return this.#events.stream.listen(listener, from)
  }

  /**
   * Publishes an event; resolves with its seq when it is committed. Offline it is kept on this device, over a reload too, and sent on return,
   * once and in the order of its publishing. Rejects with the refusal as `cause` where the server does not take it: `onRefused` tells that too.
   */
  publish<Type extends EventType>(
    type: Type,
    payload: EventPayloads[Type],
    { id, keepRefused }: PublishOptions = {},
  ): Promise<Receipt> {
    return this.#events.outbox.publish(type, payload, id, keepRefused)
  }

  /** Forgets an event that was refused and stays. */
  forget(id: string): void {
    this.#events.outbox.forget(id)
  }

  /** Calls back where events up to `after` are kept no more and no listener of ours was told them: what is made of earlier ones is incomplete. */
  onReset(listener: (after: number) => void): () => void {
    return this.#events.stream.onReset(listener)
  }

  /** Calls back with events of this device that were refused, also those that were published before a reload. */
  onRefused(listener: (event: RefusedEvent) => void): () => void {
    return this.#events.onRefused(listener)
  }

  /** Tells what waits here that this page did not publish, and what was refused and stays, at once and as that changes, and what comes of all. */
  onUnsent(listener: UnsentListener): () => void {
    return this.#events.onUnsent(listener)
  }

  /**
   * Says something passing to everybody else who listens in the room now. It is stored nowhere, and lost while not
   * connected: returns whether it was sent.
   * @throws RangeError where `type` is none, or the payload above 4 KB as JSON
   */
  signal(type: string, payload: unknown): boolean {
    return this.#events.signals.send(type, payload)
  }

  /** Calls back with signals of that type, from whoever may read the room: look at a payload before believing it. */
  onSignal(type: string, listener: SignalListener): () => void {
    return this.#events.signals.listen(type, listener)
  }

  /** A map of the document, for state that all share and that is no event: settings, say. */
  map<T extends object>(name: string): SharedMap<T> {
    return this.#shared.map<T>(name)
  }

  /** A list of the document, as `map`. */
  list<T>(name: string): SharedList<T> {
    return this.#shared.list<T>(name)
  }

  /** Asks again after a refusal, of the room or of a change; where one may only read, whether one may write by now. */
  retry(): void {
    this.#session.retry()
  }

  /** Gives back what `client.room(name)` gave. The room closes a moment after its last holder let go. */
  release(): void {
    this.#released()
  }

  /** For the client: a newer token is there. */
  tokenRenewed(): void {
    this.#session.tokenRenewed()
  }

  /** For the client: waiting saves nothing more, as all is saved and sent, or else refused. */
  get settled(): boolean {
    const { status, unsaved, unsent } = this.#state
    const saved = unsaved === 0 || this.#tracker.refused
    return this.#closed || status === 'refused' || (saved && unsent === 0)
  }

  /** For the client: closing it now loses what is neither committed, nor refused, nor kept on this device. */
  get losing(): boolean {
    return !this.#closed && this.#state.losing
  }

  async whenSettled(): Promise<void> {
    await this.#events.outbox.whenCounted()
    await this.#when(() => this.settled)
  }

  /** For the client, which counts the holders. */
  destroy(): Promise<void> {
    this.#destroyed ??= this.#destroy()
    return this.#destroyed
  }

  async #destroy(): Promise<void> {
    this.#closed = true
    const saved = this.#copy?.destroy()
    this.#session.end()
    this.#events.outbox.close()
    this.#presence.end()
    this.#notify()
    try {
      await saved
    } finally {
      this.doc.destroy()
      this.#listeners.clear()
    }
  }

  async #load(): Promise<void> {
    await this.#copy?.load()
    this.#state = { ...this.#state, loaded: true }
    this.#refresh()
  }

  readonly #updated = (_update: Uint8Array, origin: unknown): void => {
    if (this.#session.brought(origin)) this.#copy?.confirm()
    else {
      if (this.#copy?.brought(origin) === true) this.#tracker.restored()
      else this.#tracker.changed()
      this.#copy?.changed()
    }
  }

  #refresh(): void {
    const session = this.#session
    this.#events.setConnected(session.joined)
    const next = stateOf({
      session,
      tracker: this.#tracker,
      outbox: this.#events.outbox,
      copied: this.#copy !== undefined,
      loaded: this.#state.loaded,
    })
    const before = this.#state
    if (next.saved === 'saved' && before.saved !== 'saved') {
      this.#copy?.confirm()
      session.askSeq()
    }
    if (sameState(next, before)) return
    this.#state = next
    this.#notify()
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) guarded(listener)
  }

  #when(holds: (state: RoomState) => boolean, refused?: () => boolean): Promise<void> {
    return whenState(this, holds, { refused, closed: () => this.#closed })
  }
}
