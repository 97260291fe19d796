import { folded, NOTHING_TOLD, type Told } from '../events/folded.ts'
import type { Receipt } from '../events/outbox-store.ts'
import type { EventPayloads } from '../events/payloads.ts'
import { Unsent as UnsentEvents } from '../events/unsent.ts'
import { guarded } from '../guarded.ts'
import type { Room } from '../room.ts'
import type { Refusal } from '../state.ts'
import { anchorOf } from './anchor.ts'
import { GONE, type Place, resolveAnchors } from './resolve.ts'
import {
  type Anchor,
  foldThreads,
  isOfThreads,
  isThreadType,
  THREADS,
  type Thread,
  type ThreadEvent,
} from './threads-state.ts'

/** Something of ours that is not committed. */
export interface Unsent {
  readonly id: string
  readonly type: ThreadEvent['type']
  /** The thread or the comment that it is about; its own id where it begins a thread. */
  readonly about: string
  /** What was written, where it was. */
  readonly text: string | undefined
  /** Undefined while it is on its way. */
  readonly refusal: Refusal | undefined
}

export interface ThreadsView extends Told {
  /** Oldest first, with what is on its way, and with what was begun or answered here and refused. */
  readonly threads: readonly Thread[]
  /** Those whose text is there no more, as far as that is known. */
  readonly gone: ReadonlySet<string>
  /** By their ids: a comment's is its own. */
  readonly unsent: ReadonlyMap<string, Unsent>
}

export interface NewComment {
  readonly text: string
  readonly mentions?: readonly string[] | undefined
}

const NO_PLACES: ReadonlyMap<string, Place> = new Map()

/**
 * The threads of a room, over what its events make of them: with what was done here and is not committed yet, and with
 * where their texts are now. Had from `threadsOf(room)`.
 */
export class Threads {
  readonly room: Room
  readonly #listeners = new Set<() => void>()
  readonly #placeListeners = new Set<() => void>()
  readonly #unsent = new UnsentEvents({
    shows: isThreadType,
    keeps: isThreadType,
    actor: () => this.room.getPeople().find(({ self }) => self)?.id ?? '',
    changed: () => this.#refresh(),
  })
  #view: ThreadsView = { threads: [], gone: new Set(), unsent: new Map(), ...NOTHING_TOLD }
  #anchors: ReadonlyMap<string, Anchor> = new Map()
  #places = NO_PLACES
  #left: ReadonlySet<string> = new Set()
  /** Since the places were looked for. */
  #edited = true
  #stop = (): void => {}
  #cancelFrame: (() => void) | undefined

  constructor(room: Room) {
    this.room = room
  }

  /** The same until something in it changes; not for every character that is typed above a text. */
  getState = (): ThreadsView => this.#view

  /** Calls back after `getState()` changed. */
  subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) this.#start()
    this.#listeners.add(listener)
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#end()
    }
  }

  /** Where the texts of threads are, by their ids; at most one step of the screen behind what is typed. */
  get places(): ReadonlyMap<string, Place> {
    return this.#places
  }

  /** Calls back after they were looked for again, also where they are where they were: what shows them may be new. */
  onPlaces(listener: () => void): () => void {
    this.#placeListeners.add(listener)
    return () => this.#placeListeners.delete(listener)
  }

  /** An anchor for these characters of a shared type; undefined where there are none. */
  anchor(type: string, start: number, end: number): Anchor | undefined {
    return anchorOf(this.room.doc, type, start, end)
  }

  /** Begins a thread, about that text or about the whole document. Its id is that of the receipt. */
  add({ text, mentions }: NewComment, anchor?: Anchor): Promise<Receipt> {
    return this.#publish('comment.created', { text, anchor, mentions: list(mentions) })
  }

  reply(thread: string, { text, mentions }: NewComment): Promise<Receipt> {
    return this.#publish('comment.replied', { thread, text, mentions: list(mentions) })
  }

  /** For a comment of one's own. */
  edit(comment: string, { text, mentions }: NewComment): Promise<Receipt> {
    return this.#publish('comment.edited', { comment, text, mentions: list(mentions) })
  }

  delete(comment: string): Promise<Receipt> {
    return this.#publish('comment.deleted', { comment })
  }

  resolve(thread: string): Promise<Receipt> {
    return this.#publish('comment.resolved', { thread })
  }

  reopen(thread: string): Promise<Receipt> {
    return this.#publish('comment.reopened', { thread })
  }

  react(comment: string, emoji: string): Promise<Receipt> {
    return this.#publish('comment.reaction.added', { comment, emoji })
  }

  unreact(comment: string, emoji: string): Promise<Receipt> {
    return this.#publish('comment.reaction.removed', { comment, emoji })
  }

  /** Tries again what was refused. */
  retry(id: string): Promise<Receipt> | undefined {
    return this.#unsent.again(this.room, id)
  }

  /** Forgets what was refused. */
  dismiss(id: string): void {
    this.#unsent.drop(this.room, id)
  }

  #publish<Type extends ThreadEvent['type']>(type: Type, payload: EventPayloads[Type]): Promise<Receipt> {
    return this.#unsent.publish(this.room, type, payload)
  }

  #start(): void {
    const { room } = this
    const committed = folded(room, THREADS)
    const stopFolding = committed.subscribe(() => this.#refresh())
    const edited = (): void => {
      this.#edited = true
      this.#placeSoon()
    }
    room.doc.on('update', edited)
    const stopFollowing = this.#unsent.follow(room)
    // What has not come yet is not gone.
    let synced = false
    const stopWaiting = room.subscribe(() => {
      if (room.getState().synced === synced) return
      synced = room.getState().synced
      this.#placeSoon()
    })
    this.#stop = () => {
      stopFolding()
      stopFollowing()
      stopWaiting()
      room.doc.off('update', edited)
      this.#cancelFrame?.()
      this.#cancelFrame = undefined
    }
    this.#refresh()
  }

  #end(): void {
    this.#stop()
    this.#stop = () => {}
  }

  #refresh(): void {
    const { getState, getTold } = folded(this.room, THREADS)
    const committed = getState()
    this.#unsent.told(committed.seq)
    const unsent = this.#unsent.events.filter(isOfThreads)
    // What was begun or answered and refused stays to be seen; what was to be changed is as it is.
    const refusalOf = (id: string): Refusal | undefined => this.#unsent.refusalOf(id)
    const shown = unsent.filter(({ id, type }) => refusalOf(id) === undefined || WRITING.has(type))
    const { threads } = foldThreads(committed, shown)
    this.#view = {
      ...getTold(),
      threads: [...threads.values()],
      gone: this.#view.gone,
      unsent:
        unsent.length + this.#view.unsent.size === 0
          ? this.#view.unsent
          : new Map(unsent.map((event) => [event.id, unsentOf(event, refusalOf(event.id))])),
    }
    this.#anchors = new Map(
      [...threads.values()].flatMap(({ id, anchor }) =>
        anchor === undefined ? [] : [[id, anchor] as const],
      ),
    )
    this.#edited = true
    this.#place()
    for (const listener of [...this.#listeners]) guarded(listener)
  }

  /** Once for all that is typed until the next picture: while it is typed nothing is done but this. */
  #placeSoon(): void {
    if (this.#anchors.size === 0 || this.#cancelFrame !== undefined) return
    this.#cancelFrame = onNextFrame(() => {
      this.#cancelFrame = undefined
      if (this.#place()) for (const listener of [...this.#listeners]) guarded(listener)
    })
  }

  /** Whether some thread has lost its text, or has it back. */
  #place(): boolean {
    const { places, left } = resolveAnchors(this.room.doc, this.#anchors, {
      before: this.#places,
      ...(!this.#edited && { left: this.#left }),
    })
    this.#edited = false
    this.#left = left
    if (left.size > 0) this.#placeSoon()
    this.#places = places
    for (const listener of [...this.#placeListeners]) guarded(listener)
    const lost = this.room.getState().synced ? [...places].filter(([, place]) => place === GONE) : []
    const gone = new Set(lost.map(([id]) => id))
    if (gone.size === this.#view.gone.size && [...gone].every((id) => this.#view.gone.has(id))) return false
    this.#view = { ...this.#view, gone }
    return true
  }
}

const WRITING: ReadonlySet<string> = new Set<ThreadEvent['type']>(['comment.created', 'comment.replied'])

function unsentOf({ id, type, payload }: ThreadEvent, refusal: Refusal | undefined): Unsent {
  const about = 'comment' in payload ? payload.comment : 'thread' in payload ? payload.thread : id
  return { id, type, about, text: 'text' in payload ? payload.text : undefined, refusal }
}

const list = (mentions: readonly string[] | undefined): string[] | undefined =>
  mentions === undefined || mentions.length === 0 ? undefined : [...mentions]

/** Where nothing is drawn, as in tests and in workers, a moment later. */
function onNextFrame(act: () => void): () => void {
  if (typeof requestAnimationFrame === 'undefined') {
    const timer = setTimeout(act, 16)
    return () => clearTimeout(timer)
  }
  const frame = requestAnimationFrame(act)
  return () => cancelAnimationFrame(frame)
}

const known = new WeakMap<Room, Threads>()

/** The threads of a room. Everybody who asks gets the same. */
export const threadsOf = (room: Room): Threads => {
  const before = known.get(room)
  if (before !== undefined) return before
  const made = new Threads(room)
  known.set(room, made)
  return made
}
