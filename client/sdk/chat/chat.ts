import { READ_SIGNAL, type Role } from '../../../server/protocol.ts'
import { backoff } from '../backoff.ts'
import type { Client } from '../client.ts'
import type { EventOf, EventPayloads, EventType } from '../events/payloads.ts'
import { Unsent } from '../events/unsent.ts'
import { guarded } from '../guarded.ts'
import { reasonOf } from '../reason.ts'
import type { Room } from '../room.ts'
import type { Refusal } from '../state.ts'
import {
  type ChatMessage,
  foldMessages,
  isAboutMessage,
  type MessageLink,
  type Messages,
  NO_MESSAGES,
} from './messages.ts'
import { ReadPosition } from './read-position.ts'
import { merged } from './reads.ts'

/** `waiting`: on its way, or kept on this device until it can be sent. */
export type ShownMessage = ChatMessage &
  (
    | { readonly state: 'sent' | 'waiting'; readonly refusal?: undefined }
    | { readonly state: 'refused'; readonly refusal: Refusal }
  )

export interface ChatState {
  /** Oldest first; at the end what this device has not sent. */
  readonly messages: readonly ShownMessage[]
  /** The first page has been read. */
  readonly loaded: boolean
  /** Whether there are older messages than these; `loading` while they are read. */
  readonly older: 'none' | 'some' | 'loading'
  /** Why messages, or older ones, cannot be had. */
  readonly error: Refusal | undefined
  /** Person to the seq up to which they have read. */
  readonly reads: Readonly<Record<string, number>>
  readonly names: Readonly<Record<string, string>>
  /** Where the reader was when this was opened: what follows is new to them. Undefined where they never were here. */
  readonly readBefore: number | undefined
  /** What one may do here; undefined before that is known. */
  readonly role: Role | undefined
}

interface Page {
  readonly messages: readonly ChatMessage[]
  readonly seq: number
  readonly before: number | null
  readonly reads: Readonly<Record<string, number>>
  readonly names: Readonly<Record<string, string>>
  readonly role: Role
}

/** How many changes to messages on older pages are kept: a page is behind by what is being followed at the moment. */
const MOST_LATER = 1000

const EMPTY: ChatState = {
  messages: [],
  loaded: false,
  older: 'none',
  error: undefined,
  reads: {},
  names: {},
  readBefore: undefined,
  role: undefined,
}

export interface MessageDraft {
  readonly text: string
  /** The id of the message that it answers. */
  readonly answers?: string | undefined
  readonly mentions?: readonly string[] | undefined
  readonly links?: readonly MessageLink[] | undefined
}

/** What people say to each other in a room: a chat, or whatever else is talked about in its own room. */
export class Chat {
  readonly room: Room
  readonly #client: Client
  readonly #listeners = new Set<() => void>()
  readonly #unsent: Unsent
  readonly #position: ReadPosition
  #state = EMPTY
  /** As the server has them. */
  #messages: Messages = NO_MESSAGES
  /** What came about messages that are on older pages: such a page may be from before it. */
  #later: readonly EventOf[] = []
  #before: number | null = null
  #stops: (() => void)[] = []
  #stopListening = (): void => {}
  #timer: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #opened = 0
  /** Nothing has been read since it was opened. */
  #opening = true

  constructor(client: Client, room: Room) {
    this.#client = client
    this.room = room
    this.#unsent = new Unsent({
      shows: (type) => type.startsWith('chat.'),
      keeps: (type) => type === 'chat.message',
      actor: () => client.user?.id ?? '',
      changed: () => this.#show(),
    })
    this.#position = new ReadPosition(
      (seq) => client.api.send('PUT', `/rooms/${encodeURIComponent(room.name)}/read`, { seq }),
      () => this.#listeners.size > 0,
    )
  }

  /** The same until something in it changes. */
  getState = (): ChatState => this.#state

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#start()
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#stop()
    }
  }

  /** Shown at once, and sent when it can be. What is refused stays, with the reason, until it is sent again or dropped. */
  send({ answers, ...said }: MessageDraft): void {
    void this.#publish('chat.message', { ...contentOf(said), ...(answers === undefined ? {} : { answers }) })
  }

  /** Once more, after a refusal. */
  sendAgain(message: string): void {
    void this.#unsent.again(this.room, message)
  }

  /** Forgets a message that was refused. */
  drop(message: string): void {
    this.#unsent.drop(this.room, message)
  }

  edit(message: string, said: Omit<MessageDraft, 'answers'>): Promise<void> {
    return this.#publish('chat.message.edited', { message, ...contentOf(said) })
  }

  /** What it said is gone for everybody, and from the log. */
  delete(message: string): Promise<void> {
    return this.#publish('chat.message.deleted', { message })
  }

  react(message: string, emoji: string, given: boolean): Promise<void> {
    return this.#publish(given ? 'chat.reaction.added' : 'chat.reaction.removed', { message, emoji })
  }

  /** Says that all that is here has been read, or all up to a seq. It is said again until it has been heard, while somebody listens. */
  markRead(seq: number = this.#newest()): void {
    this.#position.move(seq)
  }

  /** Reads the page before the oldest message that is here. */
  loadOlder = async (): Promise<void> => {
    if (this.#before === null || this.#state.older === 'loading') return
    const opened = this.#opened
    this.#set({ older: 'loading' })
    try {
      const page = await this.#page(this.#before)
      if (opened !== this.#opened) return
      this.#later = this.#later.filter(({ seq }) => seq > page.seq)
      const older = foldMessages(byId(page.messages), this.#later)
      this.#messages = new Map([...older, ...this.#messages])
      this.#before = page.before
      this.#set({ names: { ...page.names, ...this.#state.names }, error: undefined })
    } catch (error) {
      if (opened === this.#opened) this.#set({ error: reasonOf(error) })
    }
    this.#set({ older: this.#before === null ? 'none' : 'some' })
    this.#show()
  }

  /** Asks again after an error. */
  reload = (): void => {
    this.#stop()
    if (this.#listeners.size > 0) this.#start()
  }

  #start(): void {
    this.#opened += 1
    this.#opening = true
    let online = this.room.status === 'online'
    this.#stops.push(
      this.#unsent.follow(this.room),
      this.room.onSignal(READ_SIGNAL, ({ actor, payload }) => this.#heardRead(actor, payload)),
      this.room.subscribe(() => {
        const before = online
        online = this.room.status === 'online'
        if (online && !before) void this.#returned()
      }),
    )
    void this.#load(this.#opened)
  }

  #stop(): void {
    this.#opened += 1
    clearTimeout(this.#timer)
    this.#position.stop()
    this.#stopListening()
    for (const stop of this.#stops.splice(0)) stop()
  }

  async #load(opened: number): Promise<void> {
    const joined = this.room.status === 'online'
    try {
      const page = await this.#page()
      if (opened !== this.#opened) return
      this.#failures = 0
      this.#messages = byId(page.messages)
      this.#later = []
      this.#before = page.before
      const { user } = this.#client
      const own = user === undefined ? undefined : page.reads[user.id]
      this.#position.known(own ?? 0)
      this.#set({
        loaded: true,
        older: page.before === null ? 'none' : 'some',
        error: undefined,
        reads: merged(this.#state.reads, page.reads),
        names: { ...this.#state.names, ...page.names },
        role: page.role,
        readBefore: this.#opening ? own : this.#state.readBefore,
      })
      this.#opening = false
      this.#unsent.told(page.seq)
      this.#show()
      const reset = () => {
        this.#stopListening()
        void this.#load(opened)
      }
      this.#stopListening = this.room.listen({ events: (events) => this.#take(events), reset }, page.seq)
      void this.#position.say()
    } catch (error) {
      if (opened !== this.#opened) return
      const reason = reasonOf(error)
      this.#set({ error: reason })
      if (!reason.retryable) {
        if (!joined) this.#loadOnceJoined(opened)
        return
      }
      this.#timer = setTimeout(() => void this.#load(opened), backoff(this.#failures))
      this.#failures += 1
    }
  }

  /** A room that is new is on the server once somebody who may create it has joined it. */
  #loadOnceJoined(opened: number): void {
    const look = () => {
      if (this.room.status !== 'online') return
      stop()
      if (opened === this.#opened) void this.#load(opened)
    }
    const stop = this.room.subscribe(look)
    this.#stops.push(stop)
    look()
  }

  #page(before?: number): Promise<Page> {
    const query = before === undefined ? '' : `?before=${before}`
    return this.#client.api.get<Page>(`/rooms/${encodeURIComponent(this.room.name)}/messages${query}`)
  }

  #take(events: readonly EventOf[]): void {
    const messages = foldMessages(this.#messages, events)
    if (this.#before !== null) {
      const later = events.filter((event) => isAboutMessage(event) && !messages.has(event.payload.message))
      this.#later = [...this.#later, ...later].slice(-MOST_LATER)
    }
    const arrived = this.#unsent.told(events.at(-1)?.seq ?? 0)
    if (messages === this.#messages && !arrived) return
    this.#messages = messages
    this.#show()
  }

  /** Signals that came meanwhile are lost: where the others are now, and what was not said. */
  async #returned(): Promise<void> {
    void this.#position.say()
    const query = `/rooms/${encodeURIComponent(this.room.name)}/messages?limit=1`
    const page = await this.#client.api.get<Page>(query).catch(() => undefined)
    if (page !== undefined) this.#set({ role: page.role, reads: merged(this.#state.reads, page.reads) })
  }

  #heardRead(user: string, payload: unknown): void {
    const seq = (Object(payload) as { readonly seq?: unknown }).seq
    if (typeof seq !== 'number') return
    if (user === this.#client.user?.id) this.#position.known(seq)
    this.#set({ reads: merged(this.#state.reads, { [user]: seq }) })
  }

  /** Rejects with the refusal as `cause`; of a message, which shows it, never. */
  async #publish<Type extends EventType>(type: Type, payload: EventPayloads[Type]): Promise<void> {
    try {
      await this.#unsent.publish(this.room, type, payload)
    } catch (error) {
      // Without a refusal the client was destroyed, and the next one sends it.
      if (type !== 'chat.message' && Object(error).cause !== undefined) throw error
    }
  }

  #newest(): number {
    return [...this.#messages.values()].at(-1)?.seq ?? 0
  }

  #show(): void {
    const shown = foldMessages(this.#messages, this.#unsent.events)
    const messages = [...shown.values()].map((message): ShownMessage => {
      const refusal = this.#unsent.refusalOf(message.id)
      if (refusal !== undefined) return { ...message, state: 'refused', refusal }
      return { ...message, state: this.#messages.has(message.id) ? 'sent' : 'waiting' }
    })
    this.#set({ messages })
  }

  #set(change: Partial<ChatState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of [...this.#listeners]) guarded(listener)
  }
}

const contentOf = ({ text, mentions = [], links = [] }: Omit<MessageDraft, 'answers'>) => ({
  text,
  ...(mentions.length === 0 ? {} : { mentions: [...mentions] }),
  ...(links.length === 0 ? {} : { links: [...links] }),
})

const byId = (messages: readonly ChatMessage[]): Messages =>
  new Map(messages.map((message) => [message.id, message]))

const known = new WeakMap<Room, Chat>()

/** What is said in a room; everybody who asks gets the same. */
export const chatOf = (client: Client, room: Room): Chat => {
  const before = known.get(room)
  if (before !== undefined) return before
  const chat = new Chat(client, room)
  known.set(room, chat)
  return chat
}
