import type { Connection } from '@hocuspocus/server'
import { z } from 'zod'
import { firstIssue, type Identity } from '../access/identity.ts'
import { SynclineError } from '../errors.ts'
import { MAX_SIGNAL_BYTES, SERVER_SIGNAL, SIGNAL_TYPE } from '../protocol.ts'
import { identityOf, roleOf } from './authorization.ts'
import { refusalOf } from './refusal.ts'
import { sessionOf } from './session.ts'
import { addressed, statelessBody } from './stateless-frame.ts'

const signalSchema = z.object({
  signal: z.object({
    type: z.string().regex(SIGNAL_TYPE, 'must be 1 to 64 of a-z, 0-9, dot, dash, underscore'),
    payload: z.unknown(),
  }),
})

/** What has a prototype of its own changes that of whatever it is merged into. */
const PROTOTYPE = '"__proto__":'

/**
 * What passes between those who are in a room now (typing, how far somebody has read, "there is something new") and is
 * stored nowhere. It goes to connections that have asked for it, once, or never where they do not keep up.
 */
export class Signals {
  readonly #listeners = new Map<string, Set<Connection>>()

  /** From now on the connection is told of its room's signals. */
  listen(connection: Connection): void {
    const room = connection.document.name
    const listeners = this.#listeners.get(room) ?? new Set()
    if (listeners.has(connection) || !connection.document.hasConnection(connection)) return
    this.#listeners.set(room, listeners.add(connection))
    connection.onClose(() => {
      listeners.delete(connection)
      if (listeners.size === 0 && this.#listeners.get(room) === listeners) this.#listeners.delete(room)
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
    const started = performance.now()
    this.#tell(connection.document.name, frameOf(type, payload, identity.user), connection)
    const now = performance.now()
    sessionOf(connection.context)?.applied(now - started, now)
  }

  /**
   * The server's own: tells everybody who is connected to the room on this node.
   * @param type begins with `SERVER_SIGNAL`, so that nobody else can say it
   * @throws SynclineError `signal-invalid` where the payload is too large, or no JSON
   */
  send(room: string, type: string, payload: unknown, actor: string): void {
    if (this.#listeners.has(room)) this.#tell(room, frameOf(type, payload, actor))
  }

  /** The rooms in which somebody listens on this node. */
  get rooms(): Iterable<string> {
    return this.#listeners.keys()
  }

  /** As `send`, to those of the listeners of whom it is so. */
  async sendTo(
    room: string,
    type: string,
    payload: unknown,
    isFor: (identity: Identity) => Promise<boolean>,
  ): Promise<void> {
    const frame = frameOf(type, payload, '')
    const listeners = this.#listeners.get(room)
    for (const connection of [...(listeners ?? [])]) {
      const identity = identityOf(connection.context)
      if (identity === undefined || !(await isFor(identity))) continue
      if (listeners?.has(connection) && mayBeTold(connection))
        connection.send(addressed(connection.messageAddress, frame))
    }
  }

  #tell(room: string, body: Uint8Array, except?: Connection): void {
    let last: { readonly address: string; readonly frame: Uint8Array } | undefined
    for (const connection of this.#listeners.get(room) ?? []) {
      if (connection === except || !mayBeTold(connection)) continue
      const { messageAddress: address } = connection
      if (last?.address !== address) last = { address, frame: addressed(address, body) }
      connection.send(last.frame)
    }
  }
}

function mayBeTold(connection: Connection): boolean {
  if (refusalOf(connection) !== undefined || roleOf(connection.context) === undefined) return false
  return sessionOf(connection.context)?.comfortable ?? true
}

function frameOf(type: string, payload: unknown, actor: string): Uint8Array {
  const json = JSON.stringify(payload ?? null)
  if (Buffer.byteLength(json) > MAX_SIGNAL_BYTES)
    throw new SynclineError('signal-invalid', `a payload is at most ${MAX_SIGNAL_BYTES} bytes`)
  if (json.includes(PROTOTYPE)) throw new SynclineError('signal-invalid', 'a payload has __proto__')
  const signal = `{"type":${JSON.stringify(type)},"actor":${JSON.stringify(actor)},"payload":${json}}`
  return statelessBody(`{"type":"signal","signal":${signal}}`)
}
