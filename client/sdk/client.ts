import { type PersonStatus, ROOM_NAME } from '../../server/protocol.ts'
import { ActivityFeed, type ActivityFilter } from './activity/feed.ts'
import { readSummary, type Summary, type SummaryQuery } from './activity/summary.ts'
import { socketUrl } from './address.ts'
import { Analytics } from './analytics/analytics.ts'
import { Api } from './api.ts'
import { Attention } from './attention.ts'
import type { SocketClass } from './counted-socket.ts'
import { MemoryStores } from './events/outbox-store.ts'
import { roomsWaiting } from './events/room-events.ts'
import { guarded } from './guarded.ts'
import { Link } from './link.ts'
import { refusal, refusalOf } from './refusal.ts'
import { Room } from './room.ts'
import type { ClientState, ConnectionStatus, User } from './state.ts'
import { Statuses } from './statuses.ts'
import { type TokenSource, Tokens } from './tokens.ts'
import { within } from './within.ts'

export interface ConnectOptions {
  /** The server: `https://collab.example.com`, or its `/sync` address; `/` is the server of this page. */
  readonly url: string
  /** A token, or better a function that fetches one: it is called again before the token expires and after a refusal. */
  readonly token: TokenSource
  /**
   * Who this is; left out, it is whom the token names, and that is whom the others see in any case: of this they see
   * the colour only. Its id keeps the copies of people who share a browser apart, so give it where they may.
   * Give it, too, where events are published offline: until a token says who it is, what is published outlives no page.
   */
  readonly user?: User | undefined
  /** `false` keeps nothing on this device: no copies, unless a room says otherwise, and nothing that waits to be published. */
  readonly offline?: boolean | undefined
  /**
   * The room that this page is most about, for load balancers that bring a room's people together on one node
   * (docs/SCALING.md). It stands in the address; left out, any node will do.
   */
  readonly nearRoom?: string | undefined
  /** A WebSocket class where the platform has none. */
  readonly WebSocket?: SocketClass | undefined
}

export interface RoomOptions {
  /** `false` keeps no copy of this room's document on this device; what is published waits here all the same. */
  readonly offline?: boolean | undefined
}

interface Held {
  readonly room: Room
  holders: number
  timer: ReturnType<typeof setTimeout> | undefined
}

/** Long enough for a component that is taken down and put up again at once, as React does when it looks for mistakes. */
const GRACE_MS = 1_000
const SETTLE_LIMIT_MS = 5_000
const SEND_LIMIT_MS = 5_000

export class Client {
  /** The server's routes, with the token that all rooms have. */
  readonly api: Api
  /** Who of some people is online, away or offline, whatever room they are in. */
  readonly statuses: Statuses
  readonly #attention = new Attention()
  readonly #options: ConnectOptions
  readonly #url: string
  readonly #link: Link
  readonly #tokens: Tokens
  readonly #rooms = new Map<string, Held>()
  readonly #memory = new MemoryStores()
  readonly #analytics = new Map<string, Analytics>()
  readonly #closing = new Set<Promise<void>>()
  readonly #listeners = new Set<() => void>()
  #state: ClientState = { status: 'connecting', transport: 'websocket', losing: false }
  #destroyed: Promise<void> | undefined
  /** Whose events were looked for on this device. */
  #sender: string | undefined

  constructor(options: ConnectOptions) {
    this.#options = options
    this.#url = socketUrl(options.url, options.nearRoom)
    this.#tokens = new Tokens(options.token, () => this.#tokenChanged())
    this.api = new Api(this.#url, this.#tokens)
    this.statuses = new Statuses((users) => this.#people({ users: users.map(encodeURIComponent).join() }))
    this.#link = new Link({
      url: this.#url,
      WebSocket: options.WebSocket,
      changed: () => this.#linkChanged(),
    })
    void this.#sendWhatWaits()
  }

  get status(): ConnectionStatus {
    return this.#state.status
  }

  getState(): ClientState {
    return this.#state
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Whom the rooms are entered as; undefined until a token says it. */
  get user(): User | undefined {
    return this.#options.user ?? this.#tokens.user
  }

  /** The room of one's own, `user:<id>`, held as `room` holds one; undefined where it is not known, or the id makes no name. */
  inbox(): Room | undefined {
    const name = `user:${this.user?.id ?? ''}`
    return ROOM_NAME.test(name) ? this.room(name, { offline: false }) : undefined
  }

  /** Who is in a room, and who was lately, also of those who are not connected to it now: 200 at most. */
  peopleOf(room: string): Promise<readonly PersonStatus[]> {
    return this.#people({ room })
  }

  /** Who this is: as the application says, or else the token. Rejects where neither does. */
  async whoAmI(): Promise<User> {
    const known = this.#options.user ?? this.#tokens.user
    if (known !== undefined) return known
    await this.#tokens.get()
    const named = this.#tokens.user
    if (named === undefined) throw new Error('The token does not say whose it is')
    return named
  }

  /** The room of that name, to be given back with `room.release()`. All holders share one. */
  room(name: string, options: RoomOptions = {}): Room {
    const held = this.#held(name, options)
    clearTimeout(held.timer)
    held.timer = undefined
    held.holders += 1
    return held.room
  }

  /**
   * As `room`, but not held: the room closes after a moment unless somebody takes hold of it. Both give the rooms that
   * were open when the client was destroyed, closed, and throw where there is none.
   */
  peek(name: string, options: RoomOptions = {}): Room {
    const held = this.#held(name, options)
    if (held.holders === 0) this.#closeSoon(name, held)
    return held.room
  }

  /** What happens in the project whose room is `project:<id>`, newest first; to be closed. */
  activity(project: string, filter: ActivityFilter = {}): ActivityFeed {
    return new ActivityFeed(this.api, this.room(`project:${project}`), project, filter)
  }

  /** How much each person did in a project, or was done in each of its rooms. Rejects with the refusal as `cause`. */
  activitySummary(project: string, query: SummaryQuery): Promise<readonly Summary[]> {
    return readSummary(this.api, project, query)
  }

  /** What the organisation counts whose room is `analytics:<org>`. */
  analytics(org: string): Analytics {
    const name = `analytics:${org}`
    if (!ROOM_NAME.test(name)) throw new Error(refusal('room-name-invalid').message)
    const known = this.#analytics.get(org)
    if (known !== undefined) return known
    const made = new Analytics(this.api, name, () => this.room(name, { offline: false }))
    this.#analytics.set(org, made)
    return made
  }

  /**
   * Closes all rooms, and then the socket. What is not saved has five seconds for it, also where the network is away.
   * Rejects, once all is closed, where changes or events were neither saved by then, nor refused, nor kept on this
   * device: with what stood in their way as `cause`.
   */
  destroy(): Promise<void> {
    this.#destroyed ??= this.#destroy()
    return this.#destroyed
  }

  async #destroy(): Promise<void> {
    const rooms = [...this.#rooms.values()].map(({ room }) => room)
    await Promise.all([
      ...rooms.map((room) => within(room.whenSettled(), SETTLE_LIMIT_MS)),
      ...[...this.#analytics.values()].map((analytics) => analytics.close()),
    ])
    const losing = rooms.filter((room) => room.losing)
    for (const [name, held] of [...this.#rooms]) this.#close(name, held)
    const closed = await Promise.allSettled(this.#closing)
    this.#tokens.stop()
    this.statuses.end()
    this.#attention.end()
    this.#link.destroy()
    const failed = closed.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    if (losing.length > 0) throw lost(losing)
  }

  async #people(query: Readonly<Record<string, string>>): Promise<readonly PersonStatus[]> {
    const path = `/presence?${new URLSearchParams(query)}`
    return (await this.api.get<{ readonly people: readonly PersonStatus[] }>(path)).people
  }

  #held(name: string, options: RoomOptions): Held {
    const existing = this.#rooms.get(name)
    if (existing !== undefined) return existing
    if (this.#destroyed !== undefined) throw new Error('The client was destroyed')
    if (!ROOM_NAME.test(name)) throw new Error(refusal('room-name-invalid').message)
    const keeps = this.#options.offline ?? true
    const copied = options.offline ?? keeps
    const held: Held = {
      room: new Room({
        name,
        link: this.#link,
        tokens: this.#tokens,
        user: this.#options.user ?? this.#tokens.user,
        attention: this.#attention,
        copyName: copied ? this.#copyName(name) : undefined,
        // All holders share them, whatever the first of them said of the copy.
        events: { database: keeps ? this.#outboxName : undefined, copied, memory: this.#memory },
        released: () => this.#release(name, held),
      }),
      holders: 0,
      timer: undefined,
    }
    this.#rooms.set(name, held)
    held.room.subscribe(() => this.#roomChanged())
    return held
  }

  get #outboxName(): string {
    return `syncline/${new URL(this.#url).host}/outbox`
  }

  /** What waits on this device is sent as soon as that can be, whichever rooms are open. */
  async #sendWhatWaits(): Promise<void> {
    const owner = this.user?.id
    if (owner === undefined || owner === this.#sender || this.#options.offline === false) return
    this.#sender = owner
    for (const { name, copied } of await roomsWaiting(this.#outboxName, owner)) {
      if (this.#destroyed !== undefined) return
      const room = this.room(name, { offline: copied })
      await this.#sentOrStuck(room)
      // With what is not sent yet it stays open until it is.
      room.release()
    }
  }

  /** One room that cannot be joined for now must not keep back what waits for the others; without a network none can. */
  async #sentOrStuck(room: Room): Promise<void> {
    let over = false
    const end = (): void => {
      over = true
    }
    const sent = room.whenSent().then(end, end) // or it was closed, with all others
    do await within(sent, SEND_LIMIT_MS)
    while (!over && this.status !== 'online')
  }

  /** One person's unsent changes must not be sent as another's who uses this browser later. */
  #copyName(name: string): string {
    const person =
      this.#options.user?.id ?? (this.#tokens.renewable ? undefined : this.#tokens.user?.id) ?? ''
    return ['syncline', new URL(this.#url).host, encodeURIComponent(person), name].join('/')
  }

  #release(name: string, held: Held): void {
    if (held.holders === 0) return
    held.holders -= 1
    if (held.holders === 0) this.#closeSoon(name, held)
  }

  #closeSoon(name: string, held: Held): void {
    clearTimeout(held.timer)
    if (this.#destroyed !== undefined) return
    held.timer = setTimeout(() => this.#closeOnceSaved(name, held), GRACE_MS)
  }

  /** Until it is closed the room stays the one of its name: two at once would be one too many for the server. */
  #closeOnceSaved(name: string, held: Held): void {
    const settle = (): void => {
      if (held.holders === 0 && this.#rooms.get(name) === held) this.#close(name, held)
    }
    void held.room.whenSettled().then(settle)
  }

  #close(name: string, held: Held): void {
    clearTimeout(held.timer)
    // What shows a room when the client is destroyed renders again as it closes, and keeps it as it was.
    if (this.#destroyed === undefined) this.#rooms.delete(name)
    const closed = held.room.destroy()
    this.#closing.add(closed)
    // One that failed stays, for destroy() to report.
    closed.then(
      () => this.#closing.delete(closed),
      () => undefined,
    )
  }

  #tokenChanged(): void {
    const user = this.#options.user ?? this.#tokens.user
    for (const { room } of this.#rooms.values()) {
      if (user !== undefined) room.introduce(user)
      room.tokenRenewed()
    }
    void this.#sendWhatWaits()
  }

  #linkChanged(): void {
    this.#tell({ ...this.#state, status: this.#link.status, transport: this.#link.transport })
  }

  #roomChanged(): void {
    const losing = [...this.#rooms.values()].some(({ room }) => room.losing)
    if (losing !== this.#state.losing) this.#tell({ ...this.#state, losing })
  }

  #tell(state: ClientState): void {
    this.#state = state
    for (const listener of [...this.#listeners]) guarded(listener)
  }
}

const lost = (losing: readonly Room[]): Error => {
  const names = losing.map(({ name }) => name).join(', ')
  const cause = losing.find((room) => room.refusal)?.refusal ?? refusalOf(undefined)
  return new Error(`Changes are neither saved nor kept on this device, in ${names}: ${cause.message}`, {
    cause,
  })
}
