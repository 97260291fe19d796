import type { Connection, WebSocketLike } from '@hocuspocus/server'
import { ERRORS } from '../errors.ts'
import type { RejectEnvelope } from '../protocol.ts'
import { isSyncStatus } from './frames.ts'

const REJECT: RejectEnvelope = {
  type: 'reject',
  id: 'edit',
  code: 'read-only',
  message: ERRORS['read-only'].reason,
  retryable: ERRORS['read-only'].retryable,
}

/**
 * What Hocuspocus takes for the WebSocket of somebody who may not change the room. Hocuspocus answers an edit of
 * theirs with a bare "not applied", which an unchanged provider passes over; the first time, this adds why. The
 * connection stays: whoever has edits that they may not make can still read.
 */
export class ReadOnlySocket implements WebSocketLike {
  readonly #connection: Connection
  readonly #socket: WebSocketLike
  #told = false

  constructor(connection: Connection) {
    this.#connection = connection
    this.#socket = connection.webSocket
  }

  get readyState(): number {
    return this.#socket.readyState
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason)
  }

  send(data: Parameters<WebSocketLike['send']>[0]): void {
    this.#socket.send(data)
    if (this.#told || !(data instanceof Uint8Array) || !isSyncStatus(data) || data.at(-1) === 1) return
    this.#told = true
    this.#connection.sendStateless(JSON.stringify(REJECT))
  }
}
