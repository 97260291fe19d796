/**
 * The one closed catalogue of refusals: everything that Syncline says no to, to a WebSocket, an HTTP
 * request or a command line. Imports nothing, so that the client shows the same words.
 * docs/ERRORS.md is held equal to it by a test.
 */

interface Definition {
  /** HTTP status of the answer. */
  readonly status: number
  /** What a person reads. */
  readonly reason: string
  /** Whether the same request may succeed later, unchanged. */
  readonly retryable: boolean
}

export const ERRORS = {
  'room-name-invalid': {
    status: 400,
    reason: 'A room is named kind:id, for example doc:readme; letters, digits and punctuation, no spaces',
    retryable: false,
  },
  'room-not-found': {
    status: 404,
    reason: 'There is no such room, and you may not create it',
    retryable: false,
  },
  'room-deleted': {
    status: 410,
    reason: 'The room was deleted; what you have of it stays on your device',
    retryable: false,
  },
  'position-gone': {
    status: 410,
    reason: 'Retention has merged the edits around this position; the moments between them are gone',
    retryable: false,
  },
  'route-not-found': { status: 404, reason: 'There is no such address', retryable: false },
  'request-invalid': {
    status: 400,
    reason: 'The request is not of the form that this address takes',
    retryable: false,
  },
  'request-too-large': {
    status: 413,
    reason: 'The request is larger than this address takes',
    retryable: false,
  },
  'origin-refused': { status: 403, reason: 'This origin is not in ALLOWED_ORIGINS', retryable: false },
  'token-missing': { status: 401, reason: 'A token is needed', retryable: false },
  'token-invalid': { status: 401, reason: 'The token is not valid here', retryable: false },
  'token-expired': { status: 401, reason: 'The token has expired', retryable: true },
  'authorization-unavailable': {
    status: 503,
    reason: 'Nobody can say right now whether you may; edits are kept on your device meanwhile',
    retryable: true,
  },
  revoked: {
    status: 403,
    reason: 'Your access was taken away; a token issued since then may give it back',
    retryable: false,
  },
  'authentication-timeout': { status: 401, reason: 'No valid token came in time', retryable: true },
  forbidden: { status: 403, reason: 'You have no access to this room', retryable: false },
  blocked: { status: 403, reason: 'You take no direct messages from each other', retryable: false },
  'read-only': { status: 403, reason: 'You may read this room but not change it', retryable: false },
  'frame-malformed': { status: 400, reason: 'The message cannot be read', retryable: false },
  'frame-too-large': {
    status: 413,
    reason: 'The message is larger than this server takes',
    retryable: false,
  },
  'awareness-invalid': {
    status: 400,
    reason: 'What it says of who is here cannot be read, is too large, or speaks for somebody else',
    retryable: false,
  },
  'rate-limited': { status: 429, reason: 'Too much at once; wait a moment', retryable: true },
  'too-many-connections': {
    status: 429,
    reason: 'Too many connections are open from you or your address',
    retryable: true,
  },
  'too-many-rooms': {
    status: 429,
    reason: 'Too many rooms are open on this connection; close some first',
    retryable: false,
  },
  'slow-reader': {
    status: 503,
    reason: 'The connection could not keep up; reconnecting brings what is missing',
    retryable: true,
  },
  'session-ended': { status: 410, reason: 'The session has ended; a new one can be opened', retryable: true },
  'update-malformed': { status: 400, reason: 'The edit cannot be read', retryable: false },
  'update-refused': {
    status: 422,
    reason: 'The edit would harm the document; it stays on your device and is not saved',
    retryable: false,
  },
  'update-out-of-order': {
    status: 409,
    reason: 'The edit builds on one that the server has not seen; reconnecting sends both',
    retryable: true,
  },
  'document-too-large': {
    status: 413,
    reason: 'The document is as large as this server allows; only deletions are taken',
    retryable: false,
  },
  'storage-unavailable': {
    status: 503,
    reason: 'The database is away; edits are kept and will be saved when it returns',
    retryable: true,
  },
  'storage-full': {
    status: 503,
    reason: 'Too many edits wait for the database; new ones are kept on your device until it returns',
    retryable: true,
  },
  'storage-rejects': {
    status: 503,
    reason: 'The database takes no edits of some rooms; these are kept, and tried again',
    retryable: true,
  },
  'nodes-apart': {
    status: 503,
    reason: 'Redis is away: what is written at other nodes arrives a second later',
    retryable: true,
  },
  'position-invalid': {
    status: 400,
    reason: 'There is no such position: a seq of the room, an ISO time with its zone, or the id of a version',
    retryable: false,
  },
  'content-invalid': {
    status: 422,
    reason: 'What was sent cannot be made the content of this document; nothing of it is written',
    retryable: false,
  },
  'content-simplified': {
    status: 422,
    reason: 'The editor has no element for some of what was sent; with `strict` nothing of it is written',
    retryable: false,
  },
  'content-changed': {
    status: 412,
    reason: 'Somebody has written since the position that this builds on; nothing is written',
    retryable: false,
  },
  'patch-stale': {
    status: 409,
    reason: 'What this patch expects is not there; nothing of it is written',
    retryable: false,
  },
  'key-reused': {
    status: 409,
    reason: 'Something else was written under this Idempotency-Key; another request needs another key',
    retryable: false,
  },
  'event-unknown': {
    status: 400,
    reason: 'Rooms of this kind have no such event',
    retryable: false,
  },
  'event-invalid': {
    status: 400,
    reason: 'The event is not of the form that its type has; nothing of it is stored',
    retryable: false,
  },
  'event-too-large': { status: 413, reason: 'The event is larger than one may be', retryable: false },
  'event-conflict': {
    status: 409,
    reason: 'Another event of this room has this id already; the same again needs the same id and payload',
    retryable: false,
  },
  'event-forbidden': { status: 403, reason: 'You may not publish this event here', retryable: false },
  'too-many-series': {
    status: 422,
    reason: 'The room measures as many series as it may; those that it has go on',
    retryable: false,
  },
  'measure-out-of-time': {
    status: 422,
    reason: 'The measure is of the future, or older than what is still counted',
    retryable: false,
  },
  'signal-invalid': {
    status: 400,
    reason: 'The signal is not of the form that signals have, or too large; nobody is told',
    retryable: false,
  },
  'outbox-full': {
    status: 507,
    reason: 'Too much waits on this device to be sent; it is to connect first',
    retryable: true,
  },
  'restore-invalid': { status: 400, reason: 'What is to be restored is not there', retryable: false },
  'version-not-found': { status: 404, reason: 'There is no such version', retryable: false },
  'version-of-another': {
    status: 403,
    reason: 'Only its author and administrators of the room may change this version',
    retryable: false,
  },
  'webhook-not-found': { status: 404, reason: 'There is no such webhook or delivery', retryable: false },
  'webhook-address-refused': {
    status: 422,
    reason: 'Webhooks are not sent to this address',
    retryable: false,
  },
  'too-many-webhooks': {
    status: 409,
    reason: 'There are as many webhooks as a server has; delete one first',
    retryable: false,
  },
  'history-busy': {
    status: 503,
    reason:
      'The past of rooms is asked for more than this server can do, or this took too long; ask again later',
    retryable: true,
  },
  'history-too-large': {
    status: 422,
    reason: 'All that was ever written in this room is more than is read at once; its beginning may be there',
    retryable: false,
  },
  'request-abandoned': { status: 499, reason: 'Whoever asked has left before the answer', retryable: true },
  'room-damaged': { status: 500, reason: 'What is stored of this room cannot be read', retryable: false },
  'room-quarantined': {
    status: 503,
    reason: 'This room cannot be opened; nothing of it is lost, and the operator has been told',
    retryable: false,
  },
  'shutting-down': { status: 503, reason: 'The server is restarting', retryable: true },
  internal: { status: 500, reason: 'Something went wrong on the server', retryable: true },
} as const satisfies Record<string, Definition>

export type ErrorCode = keyof typeof ERRORS

export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(ERRORS, value)

/**
 * What somebody has to look into: a mistake of the program, or what it stored is not what it wrote. All else that ends with
 * a 5xx is an outage, or a server that has enough to do. SynclineInternalErrors counts the same, which a test holds.
 */
export const FAULTS: ReadonlySet<string> = new Set<ErrorCode>(['internal', 'room-damaged'])

export const isFault = (code: string): boolean => FAULTS.has(code)

/**
 * A refusal. `reason` carries the code, because Hocuspocus sends exactly that field to the client when a
 * hook throws; `detail` says what was wrong this time, and may be shown to whoever caused it.
 */
export class SynclineError extends Error {
  readonly code: ErrorCode
  readonly detail: string | undefined
  /** After how many seconds to ask again, where that is known. */
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, detail?: string, options?: ErrorOptions & { retryAfter?: number }) {
    super(detail === undefined ? ERRORS[code].reason : `${ERRORS[code].reason}: ${detail}`, options)
    this.name = 'SynclineError'
    this.code = code
    this.detail = detail
    this.retryAfter = options?.retryAfter
  }

  get reason(): ErrorCode {
    return this.code
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }
}
