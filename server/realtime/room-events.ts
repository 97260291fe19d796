import type { Connection, Document, Extension, onStatelessPayload } from '@hocuspocus/server'
import { z } from 'zod'
import { firstIssue } from '../access/identity.ts'
import type { Receipt } from '../channels/channel.ts'
import type { Channels } from '../channels/channels.ts'
import type { Subscriber, Subscription } from '../channels/subscription.ts'
import { weigh } from '../channels/weigh.ts'
import { type ErrorCode, SynclineError } from '../errors.ts'
import type { StoredEvent } from '../log/events.ts'
import type { RoomLog } from '../log/room-log.ts'
import type { Logger } from '../observe/log.ts'
import {
  type AckEnvelope,
  ASK_SEQ,
  type EventDraft,
  MAX_EVENTS_AT_ONCE,
  MESSAGE_TYPE,
  type RejectEnvelope,
  type ResetEnvelope,
  type ResumedEnvelope,
  type ResumingEnvelope,
  type Role,
  type UnknownEnvelope,
} from '../protocol.ts'
import { identityOf, roleOf } from './authorization.ts'
import { EventFrames } from './event-frames.ts'
import { logRefusal, refusalOf, toSynclineError } from './refusal.ts'
import { sessionOf } from './session.ts'
import type { Signals } from './signals.ts'

export interface RoomEventsOptions {
  readonly channels: Channels
  readonly signals: Signals
  readonly logger: Logger
  /** Somebody has read a room up to there. */
  readonly moveRead: (room: string, user: string, seq: number) => Promise<unknown>
  /** The log of a document that is open. */
  readonly logOf: (document: Document) => RoomLog | undefined
}

/** What asking to be told of events counts for: it may have a page of them read. */
const RESUME_BYTES = 64 * 1024
/** What saying how far one has read counts for: it asks the database, and all who are there are told. */
const READ_BYTES = 64 * 1024

const publishSchema = z.object({
  events: z
    .array(z.object({ type: z.string(), id: z.string(), payload: z.unknown() }))
    .min(1)
    .max(MAX_EVENTS_AT_ONCE),
})
const resumeSchema = z.object({ after: z.int().nonnegative().nullable() })
const readSchema = z.object({ seq: z.int().nonnegative() })

/** Events and signals over the connections of Hocuspocus, as stateless messages: what is published, and what is told. */
export class RoomEvents implements Extension {
  readonly extensionName = 'events'
  readonly priority = 40
  readonly #options: RoomEventsOptions
  readonly #subscriptions = new WeakMap<Connection, Subscription>()
  /** How often a connection has asked to resume: the last one counts, whichever is looked up first. */
  readonly #resumes = new WeakMap<Connection, number>()
  readonly #frames = new EventFrames()

  constructor(options: RoomEventsOptions) {
    this.#options = options
  }

  /** Begins whatever it does in this turn: what a connection publishes keeps its order. */
  async onStateless({ connection, document, payload }: onStatelessPayload): Promise<void> {
    const said = parse(payload)
    if (said?.type === 'signal' || said?.type === 'signals') return this.#signals(connection, said)
    if (said?.type === 'read') return this.#read(connection, said)
    if (said?.type !== 'publish' && said?.type !== 'resume') {
      if (payload !== ASK_SEQ) this.#unknown(connection, said?.type)
      return
    }
    const room = this.#options.logOf(document)
    if (room === undefined) return // being closed: the client asks again on its next connection
    try {
      if (said.type === 'resume') await this.#resume(connection, room, checked(resumeSchema, said).after)
      else await this.#publish(connection, room, checked(publishSchema, said).events)
    } catch (error) {
      this.#reject(connection, said.type, toSynclineError(error))
    }
  }

  /** Whoever waits for an answer learns that none will come. */
  #unknown(connection: Connection, type: unknown): void {
    if (typeof type === 'string' && MESSAGE_TYPE.test(type))
      this.#tell(connection, { type: 'unknown', message: type })
  }

  async #read(connection: Connection, said: unknown): Promise<void> {
    try {
      const identity = identityOf(connection.context)
      if (identity === undefined || roleOf(connection.context) === undefined)
        throw new SynclineError('forbidden')
      sessionOf(connection.context)?.charge(0, READ_BYTES)
      const { seq } = checked(readSchema, said)
      await this.#options.moveRead(connection.document.name, identity.user, seq)
    } catch (error) {
      this.#reject(connection, 'read', toSynclineError(error))
    }
  }

  #signals(connection: Connection, said: { readonly type?: unknown }): void {
    const { signals } = this.#options
    try {
      if (said.type === 'signals') signals.listen(connection)
      else signals.take(connection, said)
    } catch (error) {
      this.#reject(connection, 'signal', toSynclineError(error))
    }
  }

  async #publish(connection: Connection, room: RoomLog, drafts: readonly EventDraft[]): Promise<void> {
    const identity = identityOf(connection.context)
    const role = roleOf(connection.context)
    if (identity === undefined || role === undefined) throw new SynclineError('forbidden')
    const { channels } = this.#options
    const publisher = { user: identity.user, role }
    const session = sessionOf(connection.context)
    session?.charge(weigh(drafts) - 1, 0)
    const started = performance.now()
    const taken = channels.publish(room, connection.document.name, publisher, drafts)
    const now = performance.now()
    session?.applied(now - started, now)
    const settled = await Promise.allSettled(taken)
    const receipts: Receipt[] = []
    const logged = new Set<ErrorCode>()
    settled.forEach((result, index) => {
      if (result.status === 'fulfilled') {
        receipts.push(result.value)
        return
      }
      const error = toSynclineError(result.reason)
      // One line for all that one message is refused for the same reason: it may hold a thousand.
      if (!logged.has(error.code)) this.#log(connection, error)
      logged.add(error.code)
      this.#refuse(connection, drafts[index]?.id ?? 'publish', error)
    })
    if (receipts.length > 0) this.#tell(connection, { type: 'ack', events: receipts })
  }

  async #resume(connection: Connection, room: RoomLog, after: number | null): Promise<void> {
    const session = sessionOf(connection.context)
    session?.charge(0, RESUME_BYTES)
    this.#options.signals.listen(connection)
    const turn = (this.#resumes.get(connection) ?? 0) + 1
    this.#resumes.set(connection, turn)
    if (after !== null && after > room.known) {
      await this.#options.channels.refresh(room)
      if (!connection.document.hasConnection(connection) || this.#resumes.get(connection) !== turn) return
    }
    this.#options.channels.requireReached(room, after ?? undefined)
    const before = this.#subscriptions.get(connection)
    before?.end()
    const head = room.known
    this.#tell(connection, { type: 'resuming', after: after ?? head, head })
    const subscriber = new ConnectionSubscriber(connection, this.#options.channels, this.#frames, {
      tell: (envelope) => this.#tell(connection, envelope),
      failed: (error) => this.#reject(connection, 'resume', toSynclineError(error)),
    })
    const subscription = this.#options.channels.subscribe(room, subscriber, after ?? undefined)
    this.#subscriptions.set(connection, subscription)
    if (before !== undefined) return
    const drained = session?.onDrained(() => this.#subscriptions.get(connection)?.wake())
    connection.onClose(() => {
      this.#subscriptions.get(connection)?.end()
      drained?.()
    })
  }

  #tell(connection: Connection, envelope: Told): void {
    if (refusalOf(connection) === undefined) connection.sendStateless(JSON.stringify(envelope))
  }

  #reject(connection: Connection, id: string, error: SynclineError): void {
    this.#log(connection, error)
    this.#refuse(connection, id, error)
  }

  #log({ document, context }: Connection, error: SynclineError): void {
    logRefusal(this.#options.logger, error, { room: document.name, user: identityOf(context)?.user })
  }

  #refuse(connection: Connection, id: string, { code, message, retryable }: SynclineError): void {
    this.#tell(connection, { type: 'reject', id, code, message, retryable })
  }
}

type Told =
  | AckEnvelope
  | RejectEnvelope
  | ResetEnvelope
  | ResumedEnvelope
  | ResumingEnvelope
  | UnknownEnvelope

/** Somebody who is told of a room's events over a connection of Hocuspocus. */
class ConnectionSubscriber implements Subscriber {
  readonly #connection: Connection
  readonly #channels: Channels
  readonly #frames: EventFrames
  readonly #tell: (envelope: Told) => void
  readonly failed: (error: unknown) => void

  constructor(
    connection: Connection,
    channels: Channels,
    frames: EventFrames,
    { tell, failed }: { readonly tell: (envelope: Told) => void; readonly failed: (error: unknown) => void },
  ) {
    this.#connection = connection
    this.#channels = channels
    this.#frames = frames
    this.#tell = tell
    this.failed = failed
  }

  get ready(): boolean {
    return sessionOf(this.#connection.context)?.comfortable ?? true
  }

  mayRead(type: string): boolean {
    return this.#channels.registry.mayRead(this.#role, type)
  }

  events(events: readonly StoredEvent[]): void {
    const { messageAddress } = this.#connection
    if (refusalOf(this.#connection) === undefined)
      this.#connection.send(this.#frames.frame(messageAddress, events))
  }

  reset(after: number): void {
    this.#tell({ type: 'reset', after })
  }

  resumed(head: number): void {
    this.#tell({ type: 'resumed', head })
  }

  get #role(): Role | undefined {
    return roleOf(this.#connection.context)
  }
}

/** A stateless message as an object of ours, or undefined: an application may send whatever else it likes. */
function parse(payload: string): { readonly type?: unknown } | undefined {
  if (!payload.startsWith('{')) return undefined
  try {
    return Object(JSON.parse(payload))
  } catch {
    return undefined
  }
}

function checked<Schema extends z.ZodType>(schema: Schema, said: unknown): z.output<Schema> {
  const parsed = schema.safeParse(said)
  if (!parsed.success) throw new SynclineError('event-invalid', firstIssue(parsed.error))
  return parsed.data
}
