import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { colorFor, distinctColor, isColor } from './color.ts'
import type { EventOf, EventType } from './events/payloads.ts'
import { type EventListener, type EventStart, EventStream } from './events/stream.ts'
import type { Link } from './link.ts'
import { LocalCopy } from './local-copy.ts'
import { peopleIn, samePeople } from './people.ts'
import { refusal } from './refusal.ts'
import { SaveTracker } from './save-tracker.ts'
import { Session } from './session.ts'
import type { Person, Refusal, RoomState, RoomStatus, SaveState, User } from './state.ts'
import type { Tokens } from './tokens.ts'

export interface RoomParts {
  readonly name: string
  readonly link: Link
  readonly tokens: Tokens
  readonly user: User | undefined
  /** Name of the copy on this device; `undefined` keeps none. */
  readonly copyName: string | undefined
  readonly released: () => void
}

/** The copy on this device is normally there in milliseconds; a browser that keeps it locked must not keep us offline. */
const LOAD_LIMIT_MS = 3_000
const FLUSH_LIMIT_MS = 5_000

const START: RoomState = {
  status: 'connecting',
  refusal: undefined,
  readOnly: false,
  saved: 'offline',
  unsaved: 0,
  savedSeq: undefined,
  loaded: false,
  synced: false,
}

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
  readonly #events = new EventStream((after) => this.#session.say(JSON.stringify({ type: 'resume', after })))
  readonly #listeners = new Set<() => void>()
  #state = START
  #people: readonly Person[] = []
  #user: User | undefined
  #closed = false
  #destroyed: Promise<void> | undefined

  constructor(parts: RoomParts) {
    this.name = parts.name
    this.#released = parts.released
    // Before the provider's own listener: a change is counted before the frame that carries it.
    this.doc.on('update', this.#updated)
    this.#copy =
      parts.copyName !== undefined && LocalCopy.available
        ? new LocalCopy(parts.copyName, this.doc, () => this.#tracker.saved === 'saved')
        : undefined
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
    this.awareness.on('change', this.#peopleChanged)
    if (typeof window !== 'undefined') window.addEventListener('pageshow', this.#shownAgain)
    if (parts.user !== undefined) this.setUser(parts.user)
    this.#session.start()
    this.#refresh()
  }

  /** The same object until something in it changes. */
  getState(): RoomState {
    return this.#state
  }

  /** Everybody here, each once, the reader first. The same array until somebody comes, goes or changes. */
  getPeople(): readonly Person[] {
    return this.#people
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

  /**
   * Resolves when the document first holds what the server has. Rejects with the reason if the room is refused, and
   * if it is closed before.
   */
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

  /** Tells the others who this is. What they see of it is the colour: id and name the server takes from the token. */
  setUser(user: User): void {
    this.#user = user
    this.#showAs(user, isColor(user.color) ? user.color : colorFor(user.id))
  }

  /** As `setUser`, unless the application has said who it is. */
  introduce(user: User): void {
    if (this.#user === undefined) this.setUser(user)
  }

  /** Tells the others something passing, such as `typing`; it is not stored. `null` takes it back. */
  setPresence(field: string, value: unknown): void {
    this.awareness.setLocalStateField(field, value)
  }

  /**
   * Calls back with each event of that type, once and in order, whatever drops in between. Returns what stops it.
   * Default: those that come from now on.
   */
  on<Type extends EventType>(
    type: Type,
    listener: (event: EventOf<Type>) => void,
    from: EventStart = 'now',
  ): () => void {
    const ofType = (event: EventOf): event is EventOf<Type> => event.type === type
    return this.listen({ events: (events) => events.filter(ofType).forEach(listener) }, from)
  }

  /** As `on`, for the events of all types, as many at a time as came together. */
  listen(listener: EventListener, from: EventStart = 'now'): () => void {
    return this.#events.listen(listener, from)
  }

  /** Asks again after a refusal. */
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

  /** Resolves when everything is saved, when that cannot be had now, or after a few seconds. */
  async flush(): Promise<void> {
    const settled = (state: RoomState): boolean => state.unsaved === 0 || state.status !== 'online'
    if (!settled(this.#state) && !this.#tracker.refused) await within(this.#when(settled), FLUSH_LIMIT_MS)
  }

  /** For the client, which counts the holders. */
  destroy(): Promise<void> {
    this.#destroyed ??= this.#destroy()
    return this.#destroyed
  }

  async #destroy(): Promise<void> {
    const saved = this.#copy?.destroy()
    this.#session.end()
    if (typeof window !== 'undefined') window.removeEventListener('pageshow', this.#shownAgain)
    this.awareness.off('change', this.#peopleChanged)
    this.awareness.destroy()
    this.#closed = true
    this.#notify()
    try {
      await saved
    } finally {
      this.doc.destroy()
      this.#listeners.clear()
    }
  }

  async #load(): Promise<void> {
    if (this.#copy !== undefined) {
      try {
        this.#tracker.restoredCount(await this.#copy.load())
      } catch {
        // Where the browser denies storage, the room works as one without a copy; nothing was promised of it.
      }
    }
    this.#state = { ...this.#state, loaded: true }
    this.#refresh()
  }

  readonly #updated = (_update: Uint8Array, origin: unknown): void => {
    if (this.#session.brought(origin)) return
    if (this.#copy?.brought(origin) === true) this.#tracker.restored()
    else this.#tracker.changed()
  }

  readonly #peopleChanged = (): void => {
    const people = peopleIn(this.awareness)
    if (samePeople(people, this.#people)) return
    this.#people = people
    this.#notify()
    this.#keepColorsApart()
  }

  #keepColorsApart(): void {
    const shown = this.#people.find(({ self }) => self)
    if (this.#user === undefined || shown === undefined || isColor(this.#user.color)) return
    const others = this.#people.filter(({ self }) => !self)
    const color = distinctColor(shown.id, shown.color, others)
    if (color !== shown.color) this.#showAs(this.#user, color)
  }

  #showAs({ id, name }: User, color: string): void {
    this.awareness.setLocalStateField('user', { id, name, color })
  }

  /** The provider takes a page that is hidden for good out of the room; one that comes back was not. */
  readonly #shownAgain = (): void => {
    if (this.awareness.getLocalState() !== null) return
    this.awareness.setLocalState({})
    if (this.#user !== undefined) this.setUser(this.#user)
  }

  #refresh(): void {
    const session = this.#session
    const tracker = this.#tracker
    this.#events.setConnected(session.joined)
    const next: RoomState = {
      status: session.status,
      refusal: session.refusal ?? (tracker.refused ? refusal('read-only') : undefined),
      readOnly: session.readOnly,
      saved: tracker.saved,
      unsaved: tracker.unsaved,
      savedSeq: session.savedSeq,
      loaded: this.#state.loaded,
      synced: session.synced,
    }
    const before = this.#state
    if (next.saved === 'saved' && before.saved !== 'saved') {
      this.#copy?.confirm()
      session.askSeq()
    }
    const keys = Object.keys(next) as (keyof RoomState)[]
    if (keys.every((key) => next[key] === before[key])) return
    this.#state = next
    this.#notify()
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  #when(holds: (state: RoomState) => boolean, refused = (): boolean => false): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const { status, refusal: reason } = this.#state
        if (holds(this.#state)) resolve()
        else if (status === 'refused' || refused())
          reject(new Error(reason?.message ?? 'The room was refused', { cause: reason }))
        else if (this.#closed) reject(new Error('The room was closed'))
        else return
        stop()
      }
      const stop = this.subscribe(look)
      look()
    })
  }
}

const within = async (promise: Promise<void>, limit: number): Promise<void> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limit)
  })
  try {
    await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
