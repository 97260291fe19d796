import type { EventOf } from '../../sdk/index.ts'
import { request, requestBytes, type TokenSource } from '../api.ts'

/** What somebody did in a stretch of time; characters are UTF-16 code units. */
interface Share {
  readonly startedAt: string
  readonly endedAt: string
  readonly entries: number
  readonly inserted: number
  readonly deleted: number
}

export interface Version {
  readonly id: string
  readonly seq: number
  readonly at: string
  readonly kind: 'automatic' | 'named'
  readonly reason: 'idle' | 'size' | 'restore' | 'import' | null
  readonly title: string | null
  readonly description: string | null
  readonly author: string
  readonly pinned: boolean
  readonly createdAt: string
  /** Whether it is for this person to rename, to unpin and to delete. */
  readonly mayChange: boolean
}

export interface Session extends Share {
  readonly firstSeq: number
  readonly lastSeq: number
  /** The positions before and after it: its own, or what retention has left around them. */
  readonly before: number
  readonly after: number
  readonly people: readonly (Share & { readonly id: string })[]
  readonly versions: readonly Version[]
}

export interface TimelinePage {
  readonly sessions: readonly Session[]
  readonly next: number | null
  readonly head: number
}

export interface TimelineFilter {
  readonly person?: string | undefined
  /** ISO times. */
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly named?: boolean | undefined
}

/** Somebody who ever wrote in the room; `name` as they were last called, null where nobody said. */
export interface Writer extends Share {
  readonly id: string
  readonly name: string | null
}

/** What was done in a stretch of the room's entries. */
export interface Bucket {
  readonly firstSeq: number
  readonly lastSeq: number
  readonly at: string
  readonly inserted: number
  readonly deleted: number
}

/** `at` and `actor` are null for the empty room. */
export interface PositionInfo {
  readonly seq: number
  readonly at: string | null
  readonly actor: string | null
}

/** Every shared type of a position, by its name. */
export interface PositionContent {
  readonly seq: number
  readonly types: Readonly<Record<string, { readonly kind: string; readonly value: unknown }>>
}

/** The entry that did something; `at` in ms. */
export interface Author {
  readonly seq: number
  readonly actor: string
  readonly at: number
}

export type RunStatus = 'equal' | 'inserted' | 'deleted' | 'changed'

/** A stretch of content: text, an element, an embedded object, or the values of an array. */
export interface Run {
  readonly status: RunStatus
  readonly text?: string
  readonly id?: string
  readonly node?: TypeRuns
  readonly embed?: unknown
  readonly values?: readonly unknown[]
  readonly marks?: Readonly<Record<string, unknown>>
  readonly marksBefore?: Readonly<Record<string, unknown>>
  readonly by?: Author
  /** The earliest entry in the run, where it has several. */
  readonly since?: Author
  /** The number that a restore of this change takes. */
  readonly hunk?: number
}

export interface EntryContent {
  readonly value?: unknown
  readonly id?: string
  readonly node?: TypeRuns
}

export interface EntryRun {
  readonly status: RunStatus
  readonly before?: EntryContent
  readonly after?: EntryContent
  readonly by?: Author
  readonly hunk?: number
}

/** A shared type in runs: of a diff, of a blame or of a restore's preview. */
export interface TypeRuns {
  readonly kind: string
  readonly name?: string
  readonly entries?: Readonly<Record<string, EntryRun>>
  readonly runs?: readonly Run[]
}

export type Types = Readonly<Record<string, TypeRuns>>

export interface DeletedText {
  readonly type: string
  readonly node?: string
  readonly text: string
  readonly before: string
  readonly after: string
  readonly lastSeq: number
  readonly gone: Author
  readonly parts: readonly { readonly text: string; readonly written: Author; readonly deleted?: Author }[]
}

export type RestoreTarget =
  | { readonly kind: 'version'; readonly at: string }
  | { readonly kind: 'hunks'; readonly from: string; readonly to: string; readonly hunks: readonly number[] }
  | { readonly kind: 'block'; readonly at: string; readonly id: string }
  | { readonly kind: 'person'; readonly actor: string; readonly since: string; readonly until: string }

/** On which side of a position that retention has merged to take the nearest that is left. */
export type Side = 'before' | 'after'

export interface VersionText {
  readonly title: string
  readonly description: string | null
  readonly pinned: boolean
}

const EVENTS_AT_ONCE = 1_000

type Query = Readonly<Record<string, string | number | boolean | null | undefined>>

/** One room's past, over HTTP. Places are seqs, ISO times or ids of versions. Errors: `RequestError`. */
export class HistoryApi {
  readonly room: string
  readonly #token: TokenSource

  constructor(room: string, token: TokenSource) {
    this.room = room
    this.#token = token
  }

  timeline(
    query: TimelineFilter & {
      readonly before?: number | undefined
      readonly limit?: number
      /** Seconds of nothing that end a session, and after which one that goes on is divided. */
      readonly gap?: number
      readonly length?: number
    },
    signal?: AbortSignal,
  ): Promise<TimelinePage> {
    return this.#get('timeline', { ...query }, signal)
  }

  /** Everybody who ever wrote here, most edits first. */
  async writers(signal?: AbortSignal): Promise<readonly Writer[]> {
    return (await this.#get<{ readonly writers: readonly Writer[] }>('writers', {}, signal)).writers
  }

  /** Stretches of equally many entries, oldest first. */
  activity(
    buckets: number,
    signal?: AbortSignal,
  ): Promise<{ readonly head: number; readonly buckets: readonly Bucket[] }> {
    return this.#get('activity', { buckets }, signal)
  }

  position(
    at: string | undefined,
    query: { readonly nearest?: Side | undefined } = {},
    signal?: AbortSignal,
  ): Promise<PositionInfo> {
    return this.#get('position', { at, ...query }, signal)
  }

  /** What is left nearest to a seq. Without an answer the seq itself: whoever reads it is told what is wrong. */
  nearest(seq: number, nearest: Side): Promise<number> {
    return this.position(String(seq), { nearest }).then(
      (info) => info.seq,
      () => seq,
    )
  }

  content(at: string | undefined, signal?: AbortSignal): Promise<PositionContent> {
    return this.#get('content', { format: 'json', at }, signal)
  }

  /** The same as an update of Yjs that makes it. */
  async state(at: string): Promise<Uint8Array> {
    const query = new URLSearchParams({ format: 'yjs', at })
    const headers = { authorization: `Bearer ${await this.#token()}` }
    return requestBytes(`/rooms/${encodeURIComponent(this.room)}/content?${query}`, { headers })
  }

  /** All events of these types, oldest first. */
  async events(types: readonly string[]): Promise<readonly EventOf[]> {
    const all: EventOf[] = []
    for (;;) {
      const query = { types: types.join(','), limit: EVENTS_AT_ONCE, after: all.at(-1)?.seq ?? 0 }
      const { events } = await this.#get<{ readonly events: readonly EventOf[] }>('events', query)
      all.push(...events)
      if (events.length < EVENTS_AT_ONCE) return all
    }
  }

  /** The content with who wrote each run; of `within` ms, the edits of one person that are one run. */
  blame(
    at: string | undefined,
    query: { readonly within?: number } = {},
    signal?: AbortSignal,
  ): Promise<{ readonly at: number; readonly types: Types }> {
    return this.#get('blame', { at, ...query }, signal)
  }

  diff(
    from: string,
    to: string | undefined,
    query: { readonly within?: number; readonly nearest?: Side } = {},
    signal?: AbortSignal,
  ): Promise<{ readonly from: number; readonly to: number; readonly types: Types }> {
    return this.#get('diff', { from, to, ...query }, signal)
  }

  deleted(
    query: { readonly query?: string; readonly at?: string; readonly limit?: number },
    signal?: AbortSignal,
  ): Promise<{ readonly at: number; readonly found: readonly DeletedText[] }> {
    return this.#get('deleted', query, signal)
  }

  previewRestore(
    target: RestoreTarget,
    signal?: AbortSignal,
  ): Promise<{ readonly head: number; readonly changes: boolean; readonly types: Types }> {
    return this.#send('POST', 'restore', { ...target, preview: true }, signal)
  }

  /** `seq` is null where nothing was to be changed. */
  restore(target: RestoreTarget): Promise<{ readonly seq: number | null; readonly before: number | null }> {
    return this.#send('POST', 'restore', target)
  }

  versions(
    query: { readonly named?: boolean; readonly after?: string; readonly limit?: number } = {},
    signal?: AbortSignal,
  ): Promise<{ readonly versions: readonly Version[]; readonly next: string | null }> {
    return this.#get('versions', query, signal)
  }

  nameVersion(at: string | undefined, text: VersionText): Promise<Version> {
    return this.#send('POST', 'versions', { at, ...text })
  }

  changeVersion(id: string, text: Partial<VersionText>): Promise<Version> {
    return this.#send('PATCH', `versions/${id}`, text)
  }

  deleteVersion(id: string): Promise<void> {
    return this.#send('DELETE', `versions/${id}`)
  }

  #get<T>(path: string, query: Query, signal?: AbortSignal): Promise<T> {
    const params = new URLSearchParams()
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined && value !== null && value !== false) params.set(key, String(value))
    }
    return this.#ask(`${path}?${params}`, { signal })
  }

  #send<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const json = body === undefined ? {} : { body: JSON.stringify(body) }
    return this.#ask(path, { method, signal, headers: { 'content-type': 'application/json' }, ...json })
  }

  async #ask<T>(path: string, { signal, headers, ...init }: RequestInit): Promise<T> {
    return request<T>(`/rooms/${encodeURIComponent(this.room)}/${path}`, {
      ...init,
      headers: { ...headers, authorization: `Bearer ${await this.#token()}` },
      ...(signal && { signal }),
    })
  }
}
