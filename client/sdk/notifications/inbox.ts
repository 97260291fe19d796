import { backoff } from '../backoff.ts'
import type { Client } from '../client.ts'
import type { EventOf, EventPayloads } from '../events/payloads.ts'
import { Unsent } from '../events/unsent.ts'
import { guarded } from '../guarded.ts'
import { reasonOf } from '../reason.ts'
import type { Room } from '../room.ts'
import type { Refusal } from '../state.ts'
import {
  EMPTY_INBOX,
  foldInbox,
  type InboxState,
  type Notification,
  type NotificationPreferences,
} from './inbox-state.ts'

/** `kept`: all that are not archived. */
export type InboxFilter = 'kept' | 'unread' | 'archived'

export interface InboxView extends InboxState {
  /** Something was read from the server. */
  readonly loaded: boolean
  readonly loading: boolean
  /** Why the list could not be read, or why the last change was not taken. */
  readonly refusal: Refusal | undefined
}

/** What one may say in one's inbox. */
type Saying = Exclude<keyof EventPayloads & `user.${string}`, 'user.notified'>

interface Page {
  readonly notifications: readonly Notification[]
  readonly unread: number
  readonly unseen: number
  readonly seenUntil: number
  readonly preferences: NotificationPreferences
  readonly names: Readonly<Record<string, string>>
  readonly seq: number
  readonly next: number | null
}

const PAGE = 50
/** What one answer may hold. */
const MOST = 500

/**
 * One's own inbox: pages of it from the server, and from their position on the events of the room `user:<me>`. What one
 * does is shown at once, and taken back where the server does not take it. It is kept up to date while somebody listens.
 */
export class Inbox {
  readonly #client: Client
  readonly #filter: InboxFilter
  readonly #listeners = new Set<() => void>()
  readonly #newListeners = new Set<(notifications: readonly Notification[]) => void>()
  readonly #unsent = new Unsent({
    shows: (type) => type.startsWith(INBOX.replace(':', '.')),
    keeps: () => false,
    actor: () => '',
    changed: () => this.#changed(),
  })
  /** What the server has said. */
  #base = EMPTY_INBOX
  /** Older ones are before this; null where there are none. */
  #next: number | null = null
  /** Up to here the older pages may have what events are still to tell: counts cannot be made of those. */
  #mixedUntil = 0
  #view: InboxView = { ...EMPTY_INBOX, loaded: false, loading: true, refusal: undefined }
  /** Up to where new ones were told of. */
  #announced = 0
  #loaded = false
  #loading = false
  #again = false
  #failures = 0
  #refusal: Refusal | undefined
  /** Held while somebody listens. */
  #room: Room | undefined
  #stopListening = (): void => {}
  #stopFollowing = (): void => {}
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(client: Client, filter: InboxFilter) {
    this.#client = client
    this.#filter = filter
  }

  /** The same object until something in it changes. */
  getState = (): InboxView => this.#view

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.reload()
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#stop()
    }
  }

  /** Calls back with what comes from now on, while somebody is subscribed. */
  onNew(listener: (notifications: readonly Notification[]) => void): () => void {
    this.#newListeners.add(listener)
    return () => this.#newListeners.delete(listener)
  }

  /** Reads all that is known anew. */
  reload = (): void => this.#load((room) => this.#read(room, this.#base.notifications.length))

  /** Reads older ones too. */
  loadMore = (): void => {
    if (this.#next !== null && !this.#loading) this.#load((room) => this.#readOlder(room))
  }

  /** All that are known were shown. */
  markSeen(): void {
    const until = this.#newest
    if (until > this.#view.seenUntil) this.#say('user.seen', { until })
  }

  markRead(ids: readonly string[]): void {
    this.#mark('user.read', ids)
  }

  markUnread(ids: readonly string[]): void {
    this.#mark('user.unread', ids)
  }

  archive(ids: readonly string[]): void {
    this.#mark('user.archived', ids)
  }

  unarchive(ids: readonly string[]): void {
    this.#mark('user.unarchived', ids)
  }

  /** All that have come so far; not what is on its way. */
  markAllRead(): void {
    if (this.#view.unread > 0) this.#say('user.all_read', { until: this.#base.seq })
  }

  /** What is named changes, and nothing else. */
  setPreferences(change: EventPayloads['user.preferences']): void {
    this.#say('user.preferences', change)
  }

  get #newest(): number {
    return this.#view.notifications[0]?.seq ?? 0
  }

  #mark(type: 'user.read' | 'user.unread' | 'user.archived' | 'user.unarchived', ids: readonly string[]) {
    if (ids.length > 0) this.#say(type, { ids: [...ids] })
  }

  #say<Type extends Saying>(type: Type, payload: EventPayloads[Type]): void {
    this.#refusal = undefined
    const room = this.#room
    const said =
      room === undefined
        ? this.#inRoom((opened) => this.#unsent.publish(opened, type, payload))
        : this.#unsent.publish(room, type, payload)
    said.catch((cause: unknown) => {
      this.#refusal = reasonOf(cause)
      this.#changed()
    })
  }

  #load(read: (room: Room) => Promise<void>): void {
    if (this.#loading) {
      this.#again = true
      return
    }
    this.#loading = true
    this.#again = false
    clearTimeout(this.#timer)
    this.#changed()
    this.#inRoom(read).then(
      () => {
        this.#failures = 0
        this.#loading = false
        this.#changed()
        if (this.#again || this.#base.stale) this.reload()
      },
      (cause: unknown) => {
        this.#loading = false
        this.#refusal = reasonOf(cause)
        this.#changed()
        if (this.#refusal.retryable && this.#listeners.size > 0)
          this.#timer = setTimeout(this.reload, backoff(this.#failures))
        this.#failures += 1
      },
    )
  }

  /** At least as many, in as many pages as that takes. */
  async #read(room: Room, wanted: number): Promise<void> {
    const first = await this.#page(room, Math.max(wanted, PAGE))
    let { notifications, names, next, seq: mixedUntil, ...counts } = first
    while (next !== null && notifications.length < wanted) {
      const page = await this.#page(room, wanted - notifications.length, next)
      notifications = [...notifications, ...page.notifications]
      names = { ...names, ...page.names }
      next = page.next
      mixedUntil = page.seq
    }
    const { seq } = first
    // Where events have told more since, they tell it again, from where the page ends.
    this.#base = { ...counts, seq, notifications, names, complete: next === null, stale: false }
    this.#next = next
    this.#mixedUntil = mixedUntil
    if (!this.#loaded) this.#announced = seq
    this.#loaded = true
    this.#refusal = undefined
    if (this.#listeners.size > 0) this.#listen(room)
  }

  async #readOlder(room: Room): Promise<void> {
    const page = await this.#page(room, PAGE, this.#next ?? undefined)
    const { notifications, names, seq } = this.#base
    // Events were quicker, and what they told of these is not in the page.
    if (page.seq < seq) return this.#read(room, notifications.length + PAGE)
    this.#base = {
      ...this.#base,
      notifications: [...notifications, ...page.notifications],
      names: { ...page.names, ...names },
      complete: page.next === null,
    }
    this.#next = page.next
    this.#mixedUntil = page.seq
    this.#refusal = undefined
  }

  #page(room: Room, limit: number, before?: number): Promise<Page> {
    const id = encodeURIComponent(room.name.slice(INBOX.length))
    const query = new URLSearchParams({ limit: String(Math.min(limit, MOST)), filter: this.#filter })
    if (before !== undefined) query.set('before', String(before))
    return this.#client.api.get<Page>(`/users/${id}/notifications?${query}`)
  }

  #listen(room: Room): void {
    this.#keep(room)
    this.#stopListening()
    this.#stopListening = room.listen(
      {
        events: (events) => {
          this.#base = foldInbox(this.#base, events)
          this.#changed()
          this.#tellNew(events)
          const mixed = events.some(({ type, seq }) => type !== 'user.notified' && seq <= this.#mixedUntil)
          // Of the archived ones no counts are made.
          if (mixed || this.#base.stale || this.#filter === 'archived') this.reload()
        },
        reset: () => this.reload(),
        refused: (reason) => {
          this.#refusal = reason
          this.#changed()
        },
      },
      this.#base.seq,
    )
  }

  #tellNew(events: readonly EventOf[]): void {
    const from = this.#announced
    this.#announced = Math.max(from, events.at(-1)?.seq ?? 0)
    const ids = new Set(
      events.filter(({ type, seq }) => type === 'user.notified' && seq > from).map(({ id }) => id),
    )
    const fresh = this.#base.notifications.filter(
      ({ id, read, archived }) => ids.has(id) && !read && !archived,
    )
    if (fresh.length === 0) return
    for (const listener of [...this.#newListeners]) guarded(() => listener(fresh))
  }

  /** Does it in one's room, which is held meanwhile: by whom it is done may come and go before it is known whose it is. */
  async #inRoom<Result>(act: (room: Room) => Promise<Result>): Promise<Result> {
    const { id } = await this.#client.whoAmI()
    const room = this.#hold(`${INBOX}${id}`)
    if (this.#listeners.size > 0) this.#keep(room)
    try {
      return await act(room)
    } finally {
      room.release()
    }
  }

  /** Holds it until nobody listens any more. */
  #keep({ name }: Room): void {
    if (this.#room !== undefined) return
    this.#room = this.#hold(name)
    this.#stopFollowing = this.#unsent.follow(this.#room)
  }

  #hold(name: string): Room {
    return this.#client.room(name, { offline: false })
  }

  #stop(): void {
    this.#stopListening()
    this.#stopFollowing()
    clearTimeout(this.#timer)
    this.#room?.release()
    this.#room = undefined
  }

  #changed(): void {
    this.#unsent.told(this.#base.seq)
    const shown = foldInbox(this.#base, this.#unsent.events)
    const notifications = shown.notifications.filter(
      ({ archived }) => archived === (this.#filter === 'archived'),
    )
    this.#view = {
      ...shown,
      // What is not sent has no seq yet.
      seq: this.#base.seq,
      notifications,
      loaded: this.#loaded,
      loading: this.#loading,
      refusal: this.#refusal,
    }
    for (const listener of [...this.#listeners]) guarded(listener)
  }
}

const INBOX = 'user:'

const known = new WeakMap<Client, Map<InboxFilter, Inbox>>()

/** One's own inbox, as this filter shows it. Everybody who asks for the same gets the same. */
export const inboxOf = (client: Client, filter: InboxFilter = 'kept'): Inbox => {
  const ofClient = known.get(client) ?? new Map<InboxFilter, Inbox>()
  known.set(client, ofClient)
  const inbox = ofClient.get(filter) ?? new Inbox(client, filter)
  ofClient.set(filter, inbox)
  return inbox
}
