import {
  ASK_SIGNALS,
  MAX_SIGNAL_BYTES,
  SERVER_SIGNAL,
  SIGNAL_TYPE,
  type Signal,
} from '../../server/protocol.ts'
import type { Envelope } from './envelope.ts'
import { guarded } from './guarded.ts'

export type SignalListener = (signal: Signal) => void

/** What passes in a room and is stored nowhere. */
export class Signals {
  readonly #send: (message: string) => void
  readonly #listeners = new Map<string, Set<SignalListener>>()
  #connected = false
  /** The server was asked for them, on this connection. */
  #asked = false

  constructor(send: (message: string) => void) {
    this.#send = send
  }

  /** Returns whether it was sent. */
  send(type: string, payload: unknown): boolean {
    if (!SIGNAL_TYPE.test(type) || type.startsWith(SERVER_SIGNAL))
      throw new RangeError(`${type} is no type of a signal`)
    const signal = JSON.stringify({ type, payload })
    if (new TextEncoder().encode(JSON.stringify(payload) ?? '').length > MAX_SIGNAL_BYTES)
      throw new RangeError(`The payload of a signal is at most ${MAX_SIGNAL_BYTES} bytes`)
    if (this.#connected) this.#send(`{"type":"signal","signal":${signal}}`)
    return this.#connected
  }

  /** Returns what stops it. */
  listen(type: string, listener: SignalListener): () => void {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners.add(listener))
    this.#ask()
    return () => {
      listeners.delete(listener)
    }
  }

  setConnected(connected: boolean): void {
    if (connected === this.#connected) return
    this.#connected = connected
    this.#asked = false
    if (this.#listeners.size > 0) this.#ask()
  }

  /** An envelope of the server's. */
  said(envelope: Envelope): void {
    if (envelope.type !== 'signal' || !isSignal(envelope.signal)) return
    const { signal } = envelope
    for (const listener of [...(this.#listeners.get(signal.type) ?? [])]) guarded(() => listener(signal))
  }

  #ask(): void {
    if (!this.#connected || this.#asked) return
    this.#asked = true
    this.#send(ASK_SIGNALS)
  }
}

const isSignal = (said: unknown): said is Signal => {
  if (typeof said !== 'object' || said === null) return false
  const { type, actor } = said as Record<string, unknown>
  return typeof type === 'string' && typeof actor === 'string'
}
