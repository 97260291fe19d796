import type { Connection } from '@hocuspocus/server'
import { z } from 'zod'
import { firstIssue, type Identity } from '../access/identity.ts'
import type { Bus } from '../bus.ts'
import { SynclineError } from '../errors.ts'
import { Topic } from '../nodes/topic.ts'
import { MAX_SIGNAL_BYTES, SERVER_SIGNAL, SIGNAL_TYPE } from '../protocol.ts'
import { identityOf, roleOf } from './authorization.ts'
import { begin, spent } from './processor-time.ts'
import { refusalOf } from './refusal.ts'
import { sessionOf } from './session.ts'
import { addressed, statelessBody } from './stateless-frame.ts'

const signalSchema = z.object({
  signal: z.object({
    type: z.string().regex(SIGNAL_TYPE, 'must be 1 to 64 of a-z, 0-9, dot, dash, underscore'),
    payload: z.unknown(),
  }),
})

/** A signal, as nodes tell it each other. */
const toldSchema = z.object({
  type: z.string().regex(SIGNAL_TYPE),
  payload: z.unknown(),
  actor: z.string(),
  /** Whom alone it is for. */
  user: z.string().optional(),
})
type Told = z.infer<typeof toldSchema>

/** What has a prototype of its own changes that of whatever it is merged into. */
const PROTOTYPE = '"__proto__":'

interface RoomListeners {
  readonly connections: Set<Connection>
  /** Hears no more of what is said on other nodes. */
  readonly stop: (() => void) | undefined
}

/**
 * What passes between those who are in a room now (typing, how far somebody has read, "there is something new") and is
 * stored nowhere. It goes to connections that have asked for it, on all nodes, once, or never where they do not keep up.
 */
export class Signals {
  readonly #listeners = new Map<string, RoomListeners>()
  readonly #bus: Bus | undefined

  /** @param bus to the other nodes, where there are any */
  constructor(bus?: Bus) {
    this.#bus = bus
  }

  /** From now on the connection is told of its room's signals. */
  listen(connection: Connection): void {
    const room = connection.document.name
    const known = this.#listeners.get(room)
    if (known?.connections.has(connection) || !connection.document.hasConnection(connection)) return
    const listeners = known ?? { connections: new Set(), stop: this.#hearNodes(room) }
    const { connections, stop } = listeners
    connections.add(connection)
    this.#listeners.set(room, listeners)
    connection.onClose(() => {
      connections.delete(connection)
      if (connections.size > 0 || this.#listeners.get(room) !== listeners) return
      this.#listeners.delete(room)
      stop?.()
    })
  }

  /**
   * Tells everybody else in the room what a client says.
   * @throws SynclineError `signal-invalid`, `forbidden`
   */
  take(connection: Connection, said: unknown): void {
    const identity = identityOf(connection.context)
    if (identity === undefined || roleOf(connection.context) === undefined)
      throw new SynclineError('forbidden')
    const parsed = signalSchema.safeParse(said)
    if (!parsed.success) throw new SynclineError('signal-invalid', firstIssue(parsed.error))
    const { type, payload } = parsed.data.signal
    if (type.startsWith(SERVER_SIGNAL))
      throw new SynclineError('signal-invalid', `types that begin with ${SERVER_SIGNAL} are the server's own`)
    const began = begin()
    const room = connection.document.name
    this.#tell(room, { type, payload, actor: identity.user }, connection)
    const now = performance.now()
    sessionOf(connection.context)?.applied(spent(began, now), now)
  }

  /**
   * The server's own: tells everybody who is connected to the room.
   * @param type begins with `SERVER_SIGNAL`, so that nobody else can say it
   * @throws SynclineError `signal-invalid` where the payload is too large, or no JSON
   */
  send(room: string, type: string, payload: unknown, actor: string): void {
    if (this.#isHeard(room)) this.#tell(room, { type, payload, actor })
  }

  /** As `send`, to those of them who are that person. */
  sendToUser(room: string, user: string, type: string, payload: unknown): void {
    if (this.#isHeard(room)) this.#tell(room, { type, payload, actor: '', user })
  }

  /** The rooms in which somebody listens on this node. */
  get rooms(): Iterable<string> {
    return this.#listeners.keys()
  }

  /** As `send`, to those of the listeners on this node of whom it is so: each node asks about its own. */
  async sendHere(
    room: string,
    type: string,
    payload: unknown,
    isFor: (identity: Identity) => Promise<boolean>,
  ): Promise<void> {
    const frame = frameOf({ type, payload, actor: '' })
    const listeners = this.#listeners.get(room)?.connections
    for (const connection of [...(listeners ?? [])]) {
      const identity = identityOf(connection.context)
      if (identity === undefined || !(await isFor(identity))) continue
      if (listeners?.has(connection) && mayBeTold(connection))
        connection.send(addressed(connection.messageAddress, frame))
    }
  }

  /** Whether anybody may listen, here or elsewhere. */
  #isHeard(room: string): boolean {
    return this.#listeners.has(room) || this.#bus?.isHeard(topicOf(room)) === true
  }

  /** @throws SynclineError `signal-invalid` */
  #tell(room: string, signal: Told, except?: Connection): void {
    const body = frameOf(signal)
    this.#tellHere(room, signal, body, except)
    if (this.#bus?.isHeard(topicOf(room))) topicIn(this.#bus, room).publish(signal)
  }

  #tellHere(room: string, { user }: Told, body: Uint8Array, except?: Connection): void {
    let last: { readonly address: string; readonly frame: Uint8Array } | undefined
    for (const connection of this.#listeners.get(room)?.connections ?? []) {
      if (connection === except || !mayBeTold(connection)) continue
      if (user !== undefined && identityOf(connection.context)?.user !== user) continue
      const { messageAddress: address } = connection
      if (last?.address !== address) last = { address, frame: addressed(address, body) }
      connection.send(last.frame)
    }
  }

  #hearNodes(room: string): (() => void) | undefined {
    if (this.#bus === undefined) return undefined
    return topicIn(this.#bus, room).subscribe((_from, signal) => {
      try {
        this.#tellHere(room, signal, frameOf(signal))
      } catch (error) {
        // A node that takes more than this one does.
        if (!(error instanceof SynclineError)) throw error
      }
    })
  }
}

const topicOf = (room: string): string => `signals:${room}`
const topicIn = (bus: Bus, room: string): Topic<Told> => new Topic(bus, topicOf(room), toldSchema)

function mayBeTold(connection: Connection): boolean {
  if (refusalOf(connection) !== undefined || roleOf(connection.context) === undefined) return false
  return sessionOf(connection.context)?.comfortable ?? true
}

/** @throws SynclineError `signal-invalid` */
function frameOf({ type, payload, actor }: Told): Uint8Array {
  const json = JSON.stringify(payload ?? null)
  if (Buffer.byteLength(json) > MAX_SIGNAL_BYTES)
    throw new SynclineError('signal-invalid', `a payload is at most ${MAX_SIGNAL_BYTES} bytes`)
  if (json.includes(PROTOTYPE)) throw new SynclineError('signal-invalid', 'a payload has __proto__')
  const signal = `{"type":${JSON.stringify(type)},"actor":${JSON.stringify(actor)},"payload":${json}}`
  return statelessBody(`{"type":"signal","signal":${signal}}`)
}
