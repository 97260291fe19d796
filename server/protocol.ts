/**
 * What travels between a Syncline server and its clients, beside the Hocuspocus frames themselves.
 * Imports nothing, so that the browser can take it as it is.
 */

/** The WebSocket route that speaks the Hocuspocus protocol. */
export const SYNC_PATH = '/sync'

/** The same over HTTP, for networks that block WebSockets; records.ts has its form. */
export const SYNC_HTTP_PATH = '/sync/http'

/** In the query of these two: the room that a load balancer may choose the node by. The server does not read it. */
export const ROOM_HINT = 'room'

/** The prefix of every HTTP route. */
export const API_PREFIX = '/api/v1'

/** `aud` of every token. */
export const TOKEN_AUDIENCE = 'syncline'

/** Roles, weakest first; each may do all that the ones before it may. */
export const ROLES = ['read', 'comment', 'write', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Room pattern (`doc:*`, `project:7`, `*:*`) to the role that it grants. */
export type Grants = Readonly<Record<string, Role>>

/** The kind of a room: the part of its name before the colon. */
export const ROOM_KIND = /^[a-z][a-z0-9-]{0,31}$/

/** What happened, in an event's type after its kind and the dot: `progress`, `task.created`. */
export const EVENT_NAME = /^(?=.{1,64}$)[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)*$/

/**
 * A room's name: `kind:id`. The kind is a lower-case word; the id is any printable text without white space
 * or control characters, at most 200 characters together.
 */
export const ROOM_NAME = /^(?=.{3,200}$)[a-z][a-z0-9-]{0,31}:[\p{L}\p{N}\p{M}\p{P}\p{S}]+$/u

/**
 * The names of the shared types in a document that the studio, `replay` and the summaries agree on.
 * An application is free to use others beside them.
 */
export const DOCUMENT_FIELDS = {
  /** Y.Map: `title`, `editor` (`code` or `rich`), `language`. */
  meta: 'meta',
  /** Y.Text: what Monaco edits. */
  code: 'content',
  /** Y.XmlFragment: what Tiptap edits. */
  rich: 'default',
} as const

export type Editor = 'code' | 'rich'

/**
 * A refusal, sent as a stateless message to the connection that it concerns. With `id` null it is the connection that
 * is refused, and its WebSocket is closed; otherwise it is what the id names (`edit`: the edits of somebody who may
 * only read), and the connection stays. `code` is one of the catalogue in errors.ts.
 */
export interface RejectEnvelope {
  readonly type: 'reject'
  readonly id: string | null
  readonly code: string
  readonly message: string
  /** Whether the same may succeed later; for codes that the client does not know yet. */
  readonly retryable: boolean
}

/**
 * This server does not know messages of that type: a newer client may ask again once it is connected anew, perhaps to
 * another. docs/decisions/rolling-deploys.md says what may change from one release to the next.
 */
export interface UnknownEnvelope {
  readonly type: 'unknown'
  /** The type that it does not know. */
  readonly message: string
}

/** The type of a message that a newer client or server may send. */
export const MESSAGE_TYPE = /^[a-z][a-z0-9._-]{0,63}$/

/** What an event's publisher says of it. */
export interface EventDraft {
  /** The kind of the room, a dot, and what happened: `build.progress`. */
  readonly type: string
  /** The publisher's own, unique in the room, 1 to 128 printable characters. The same again is the same event. */
  readonly id: string
  readonly payload: unknown
}

/** An event that is committed. */
export interface RoomEvent<Type extends string = string, Payload = unknown> {
  /** Its position in the room's log, in one order with edits: so the seqs of events have gaps. */
  readonly seq: number
  readonly id: string
  readonly type: Type
  /** The authenticated user. */
  readonly actor: string
  /** When the server took it, in milliseconds since the epoch. */
  readonly at: number
  readonly payload: Payload
}

/** The most events that one message or request may publish. */
export const MAX_EVENTS_AT_ONCE = 1_000

/** The largest payload, as JSON, in bytes. */
export const MAX_EVENT_BYTES = 64 * 1024

/** What a `RejectEnvelope` names where it is about the message itself: no event may have it for its id. */
export const isReserved = (id: string): boolean => ['publish', 'resume', 'signal', 'read'].includes(id)

/** A client publishes. Each event is answered with an `AckEnvelope`, or by itself with a `RejectEnvelope` of its id. */
export interface PublishEnvelope {
  readonly type: 'publish'
  readonly events: readonly EventDraft[]
}

/** These events are committed. */
export interface AckEnvelope {
  readonly type: 'ack'
  readonly events: readonly { readonly id: string; readonly seq: number }[]
}

/**
 * A client wants all events after a position, from now on; null for those that are still to come. Answered with a
 * `ResumingEnvelope`, with what there is, as `EventsEnvelope`s, then a `ResumedEnvelope`; a `ResetEnvelope` comes first where retention has
 * dropped some of it.
 */
export interface ResumeEnvelope {
  readonly type: 'resume'
  readonly after: number | null
}

/** What follows begins after `after`; what was on its way for an earlier `resume` came before this. */
export interface ResumingEnvelope {
  readonly type: 'resuming'
  readonly after: number
  /** Where "now" is: what is above it came after the question. */
  readonly head: number
}

export interface EventsEnvelope {
  readonly type: 'event'
  readonly events: readonly RoomEvent[]
}

/** All up to `head` has been sent; what follows is sent as it is committed. */
export interface ResumedEnvelope {
  readonly type: 'resumed'
  readonly head: number
}

/** Events up to `after` are not kept any more: what the client made of them it has to get elsewhere, or forget. */
export interface ResetEnvelope {
  readonly type: 'reset'
  readonly after: number
}

/** What somebody holds: a phone or a tablet, or something with a keyboard. Their client says it. */
export type Device = 'desktop' | 'phone'

/** `away`: connected, and not looking. */
export type PresenceStatus = 'online' | 'away' | 'offline'

/** Somebody as the server knows them, over all their connections. */
export interface PersonStatus {
  readonly user: string
  readonly name: string
  readonly status: PresenceStatus
  readonly device: Device | null
  /** Of who is offline: when they were last seen, as an ISO time. */
  readonly lastSeen: string | null
}

/** Of how many people one request may ask. */
export const MAX_PEOPLE_ASKED = 100

/** The type of a signal. */
export const SIGNAL_TYPE = /^[a-z][a-z0-9._-]{0,63}$/

/** How the types of signals begin that only the server's own code sends. */
export const SERVER_SIGNAL = 'syncline.'

/** The largest payload of a signal, as JSON, in bytes. */
export const MAX_SIGNAL_BYTES = 4 * 1024

/** Something passing, which is stored nowhere: whoever is not there, or does not keep up, never hears of it. */
export interface Signal {
  /** `SIGNAL_TYPE`. */
  readonly type: string
  /** The authenticated user who says it, be it over another connection of the reader's own. */
  readonly actor: string
  /** Any JSON of `MAX_SIGNAL_BYTES`. */
  readonly payload: unknown
}

/** A client says something to everybody else in the room. One that cannot be taken is rejected with the id `signal`. */
export interface SignalEnvelope {
  readonly type: 'signal'
  readonly signal: Omit<Signal, 'actor'>
}

/** Somebody said something. */
export interface SignalledEnvelope {
  readonly type: 'signal'
  readonly signal: Signal
}

/** A client's stateless message that asks for the room's signals from now on. Who asks for its events gets them too. */
export const ASK_SIGNALS = '{"type":"signals"}'

/**
 * A client's stateless message: its person has read the room up to there. Others who are here are told with a signal,
 * `READ_SIGNAL`; one that cannot be taken is rejected with the id `read`.
 */
export interface ReadEnvelope {
  readonly type: 'read'
  readonly seq: number
}

/** Says, in a room, up to where the actor has read it: `{seq}`. */
export const READ_SIGNAL = `${SERVER_SIGNAL}read`

/** Says, in somebody's `user:<id>`, that there is something new in a chat of theirs, or that they have read it: `{room}`. */
export const CHAT_SIGNAL = `${SERVER_SIGNAL}chat`

/** What a room `analytics:…` takes: a name, up to eight labels of so many bytes, and a value that is not beyond this. */
export const METRIC_NAME = /^[a-zA-Z][a-zA-Z0-9._:/-]{0,99}$/
export const LABEL_NAME = /^[a-zA-Z][a-zA-Z0-9_]{0,31}$/
/** What grows without bound if anything does: short, and without what no database or log can hold. */
export const LABEL_TEXT = /^[^\p{Cc}\p{Cs}]{0,100}$/u
export const MAX_LABELS = 8
/** Of all labels of a measure together, as JSON in UTF-8. */
export const MAX_LABELS_BYTES = 1_500
export const labelsBytes = (labels: Readonly<Record<string, string>>): number =>
  new TextEncoder().encode(JSON.stringify(labels)).length
/** Sums of these stay far from where they would be infinite. */
export const MAX_METRIC_VALUE = 1e15
/** Names that begin so are the server's own. */
export const SERVER_METRIC = 'syncline.'
/** Measures of one batch. */
export const MAX_MEASURES = 1_000

/** Says, in a room `analytics:…`, what was measured: `{width, series: MetricSeries[]}`, each with one or more buckets that are over. */
export const METRICS_SIGNAL = `${SERVER_SIGNAL}metrics`

/** All values of a series within one bucket of time. Quantiles are within 2 % of the exact ones; all else is exact. */
export interface MetricPoint {
  /** When the bucket begins. */
  readonly at: string
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** What has one name and the same labels. */
export interface MetricSeries {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Oldest first; a bucket without a value is left out. */
  readonly points: readonly MetricPoint[]
}

/** A client's stateless message that asks how far the room's log is committed; a `SavedEnvelope` answers. */
export const ASK_SEQ = '{"type":"head"}'

/** How far the room's log is committed: what "Saved" stands for, as a number. */
export interface SavedEnvelope {
  readonly type: 'saved'
  readonly seq: number
}
