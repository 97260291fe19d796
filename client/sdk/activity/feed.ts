import type { Activity } from '../../../server/activity/groups.ts'
import type { Api } from '../api.ts'
import { backoff } from '../backoff.ts'
import { guarded } from '../guarded.ts'
import { refusalOf } from '../refusal.ts'
import type { Room } from '../room.ts'
import type { Refusal } from '../state.ts'
import { continued, merged } from './merge.ts'
import { type ActivityFilter, activityPath } from './query.ts'

export type { ActivityFilter } from './query.ts'

export interface ActivityState {
  /** Newest first, each once; undefined until the first page was read. */
  readonly items: readonly Activity[] | undefined
  /** Whether there are older ones. */
  readonly hasMore: boolean
  readonly loading: boolean
  /** Why the last question was not answered; what was read before is kept. */
  readonly error: Refusal | undefined
}

interface Page {
  readonly items: readonly Activity[]
  readonly next: string | null
  readonly now: string
  readonly more: boolean
}

const SIGNAL = 'syncline.activity'
/** Pages of news that are read one after the other; of more, the list is read anew. */
const MOST_NEWS = 5
/** Should a signal have been lost, in ms. */
const LOOK_EVERY = 30_000

const START: ActivityState = { items: undefined, hasMore: false, loading: true, error: undefined }

/**
 * What happens in a project, newest first: a page at first, older ones when they are asked for, and what is new by
 * itself. Had from `client.activity(project)`, and to be closed.
 */
export class ActivityFeed {
  readonly #api: Api
  readonly #project: string
  readonly #filter: ActivityFilter
  readonly #listeners = new Set<() => void>()
  readonly #stops: readonly (() => void)[]
  #state = START
  #next: string | null = null
  /** From where on the news are to be asked for; undefined until the first page was read. */
  #now: string | undefined
  /** Counts up when the list is read anew: answers to earlier questions are not for it. */
  #reading = 0
  #askingNews = false
  #newsAgain = false
  #failures = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(api: Api, room: Room, project: string, filter: ActivityFilter) {
    this.#api = api
    this.#project = project
    this.#filter = filter
    let { status } = room
    const timer = setInterval(() => this.#news(), LOOK_EVERY)
    this.#stops = [
      room.onSignal(SIGNAL, () => this.#news()),
      room.subscribe(() => {
        if (room.status === status) return
        status = room.status
        // Signals are not stored: what came while it was away is asked for.
        if (status === 'online') this.#news()
      }),
      () => clearInterval(timer),
      () => clearTimeout(this.#retry),
      () => room.release(),
    ]
    this.reload()
  }

  /** The same object until something in it changes. */
  getState(): ActivityState {
    return this.#state
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Reads the list anew, from the newest on; what is shown stays until it is there. */
  reload(): void {
    clearTimeout(this.#retry)
    this.#reading += 1
    const reading = this.#reading
    this.#set({ loading: true })
    this.#ask({}).then(
      (page) => {
        if (reading !== this.#reading) return
        this.#failures = 0
        this.#next = page.next
        this.#now = page.now
        this.#set({ items: page.items, hasMore: page.next !== null, loading: false, error: undefined })
        this.#news()
      },
      (error: unknown) => {
        if (reading !== this.#reading) return
        this.#failed(error)
        if (refusalOf(error).retryable)
          this.#retry = setTimeout(() => this.reload(), backoff(this.#failures++))
      },
    )
  }

  /** Reads older ones, if there are. */
  loadMore(): void {
    const before = this.#next
    if (before === null || this.#state.loading) return
    const reading = this.#reading
    this.#set({ loading: true })
    this.#ask({ before }).then(
      ({ items, next }) => {
        if (reading !== this.#reading) return
        this.#next = next
        this.#set({
          items: continued(this.#state.items ?? [], items),
          hasMore: next !== null,
          loading: false,
          error: undefined,
        })
      },
      (error: unknown) => {
        if (reading === this.#reading) this.#failed(error)
      },
    )
  }

  /** To be called once. */
  close(): void {
    this.#closed = true
    this.#reading += 1
    for (const stop of this.#stops) stop()
    this.#listeners.clear()
  }

  /** Asks for what has come or changed, one question at a time. */
  #news(): void {
    if (this.#now === undefined || this.#closed) return
    this.#newsAgain = true
    if (this.#askingNews) return
    this.#askingNews = true
    this.#readNews()
      // The next signal, return or look asks from the same place: nothing is missed.
      .catch((error: unknown) => this.#set({ error: refusalOf(error) }))
      .finally(() => {
        this.#askingNews = false
      })
  }

  async #readNews(): Promise<void> {
    for (let pages = 0; this.#newsAgain && !this.#closed; pages += 1) {
      if (pages === MOST_NEWS) return this.reload()
      this.#newsAgain = false
      const reading = this.#reading
      const { items, now, more } = await this.#ask({ since: this.#now })
      // What is read anew may have asked for news meanwhile.
      if (reading !== this.#reading) continue
      this.#now = now
      this.#newsAgain ||= more
      const { items: known = [], hasMore, error } = this.#state
      if (items.length > 0 || error !== undefined)
        this.#set({ items: merged(known, items, hasMore), error: undefined })
    }
  }

  #ask(place: { readonly before?: string; readonly since?: string | undefined }): Promise<Page> {
    return this.#api.get<Page>(activityPath(this.#project, this.#filter, place))
  }

  #failed(error: unknown): void {
    this.#set({ loading: false, error: refusalOf(error) })
  }

  #set(change: Partial<ActivityState>): void {
    if (this.#closed) return
    this.#state = { ...this.#state, ...change }
    for (const listener of [...this.#listeners]) guarded(listener)
  }
}
