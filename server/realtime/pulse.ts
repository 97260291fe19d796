import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** What Node knows of a connection and does not document: bytes that are for the system, and how many it has not taken yet. */
interface Handle {
  readonly bytesWritten?: number
  readonly writeQueueSize?: number
}

/**
 * Whether somebody is still at the other end. A pong says it, but comes only behind a large document that goes down a slow
 * line, or behind a large frame that comes up one: that bytes come or go says it as well.
 */
export class Pulse {
  readonly #tcp: Duplex
  #read = -1
  #taken = 0
  #waits = false
  #quiet = 0

  constructor(tcp: Duplex) {
    this.#tcp = tcp
  }

  /** To be asked at intervals: whether anything has come or gone since it was asked last. */
  beats(): boolean {
    if (!(this.#tcp instanceof Socket)) return true
    const { bytesRead, _handle: handle } = this.#tcp as Socket & { readonly _handle?: Handle | null }
    const { bytesWritten = 0, writeQueueSize = 0 } = handle ?? {}
    const taken = bytesWritten - writeQueueSize
    // The system takes more where it was full only once the other end has taken some.
    const went = this.#waits && taken > this.#taken
    if (bytesRead !== this.#read) this.#quiet = 0
    // Once longer: what the system has is still to come there, and the pong behind it.
    else if (went) this.#quiet = -1
    else this.#quiet += 1
    this.#read = bytesRead
    this.#taken = taken
    this.#waits = writeQueueSize > 0
    return this.#quiet < 1
  }
}
