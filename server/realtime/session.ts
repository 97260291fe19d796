import type { Connection, WebSocketLike } from '@hocuspocus/server'
import { ERRORS, isErrorCode } from '../errors.ts'
import type { FirstSync } from './first-sync.ts'
import { readDenial, readSyncStep1, type SyncStep1 } from './frames.ts'
import type { SocketPresence } from './presence.ts'

/** What a connection's hooks find in their context: the WebSocket that they came over. */
export interface SocketContext {
  readonly session: Session
}

/** First questions kept for rooms that are still being opened; a client asks one a room. */
const MAX_ASKED = 200
/** The largest of them, in bytes: thousands of authors. What is larger, Hocuspocus queues within its own bounds. */
const MAX_QUESTION = 64 * 1024
/** WebSocket close code "try again later". */
const TRY_AGAIN = 1013

// WebSocket.readyState
const OPEN = 1
const CLOSED = 3

/** One WebSocket as Hocuspocus sees it: its rooms, and the first questions that wait for a room to open. */
export class Session implements WebSocketLike {
  readonly #socket: Pick<WebSocketLike, 'send' | 'close'>
  readonly #firstSync: FirstSync
  readonly #mayAsk: (connection: Connection) => boolean
  readonly #presence: SocketPresence
  readonly #rooms = new Map<string, Connection>()
  #asked: Map<string, SyncStep1> | undefined
  #open = true

  constructor(
    socket: Pick<WebSocketLike, 'send' | 'close'>,
    firstSync: FirstSync,
    mayAsk: (connection: Connection) => boolean,
    presence: SocketPresence,
  ) {
    this.#socket = socket
    this.#firstSync = firstSync
    this.#mayAsk = mayAsk
    this.#presence = presence
  }

  /** Known here, since it is asked twice for every frame that goes out. */
  get readyState(): number {
    return this.#open ? OPEN : CLOSED
  }

  close(code?: number, reason?: string): void {
    this.#open = false
    this.#socket.close(code, reason)
  }

  /** The WebSocket is gone, whoever closed it. */
  closed(): void {
    this.#open = false
  }

  /**
   * A denial that passes closes the WebSocket once it is sent: a provider does not ask again on an open one
   * until its own timer of 30 s, but is back a second after it closed.
   */
  send(data: Parameters<WebSocketLike['send']>[0]): void {
    this.#socket.send(data)
    const denied = data instanceof Uint8Array ? readDenial(data) : undefined
    if (isErrorCode(denied) && ERRORS[denied].retryable) this.close(TRY_AGAIN, denied)
  }

  /** A room has opened for this WebSocket; whatever it asked before that is answered now. */
  joined(connection: Connection): void {
    const address = connection.messageAddress
    this.#rooms.set(address, connection)
    connection.onClose(() => this.#rooms.delete(address))
    this.#presence.joined(connection)
    const asked = this.#asked?.get(address)
    if (asked === undefined) return
    this.#asked?.delete(address)
    this.#firstSync.answer(connection, asked)
  }

  /** Takes the frame if it is a first question, or presence; false leaves it to Hocuspocus. */
  take(frame: Uint8Array): boolean {
    if (this.#presence.take(frame)) return true
    const question = readSyncStep1(frame)
    if (question === undefined) return false
    const connection = this.#rooms.get(question.address)
    if (connection !== undefined) {
      if (!this.#mayAsk(connection)) return false // Hocuspocus' way goes through the hooks, which refuse it
      this.#firstSync.answer(connection, question)
      return true
    }
    this.#asked ??= new Map()
    if (frame.length > MAX_QUESTION) return false
    if (this.#asked.size >= MAX_ASKED && !this.#asked.has(question.address)) return false
    this.#asked.set(question.address, question)
    return true
  }
}
