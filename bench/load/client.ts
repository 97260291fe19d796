import { randomInt } from 'node:crypto'
import * as decoding from 'lib0/decoding'
import { WebSocket } from 'ws'
import type { Peer } from '../peer.ts'
import { movedCaret, readMoved } from './caret.ts'
import { drain } from './drain.ts'
import { readTyped, typedCharacter } from './update.ts'
import { STEP_1, STEP_2, UPDATE, type Wire, wireOf } from './wire.ts'

const SYNC = 0
const AWARENESS = 1
const AUTH = 2
const STATELESS = 5
const CLOSE = 7
const SYNC_REPLY = 4
const SYNC_STATUS = 8
const DENIED = 1

const EMPTY_UPDATE = new Uint8Array([0, 0])

/**
 * As little of a client as the protocol allows, so that the server is what is measured: no document, updates
 * written by hand. In a dialect without acknowledgements, the echo of an edit stands for one.
 */
export class Client {
  readonly id = randomInt(2 ** 31)
  /** When each character was sent, by clock. */
  readonly sentAt: number[] = []
  /** When each move of its caret was sent, by its number, from 1. */
  readonly movedAt: number[] = [0]
  acknowledged = 0
  /** The state that the server sent at the start. */
  state: Uint8Array = EMPTY_UPDATE
  onAcknowledged: (latency: number) => void = () => undefined
  onFrame: () => void = () => undefined
  /** Characters that came, of whomever. */
  onTyped: ((client: number, clock: number, length: number) => void) | undefined
  /** A caret that moved, of whomever. */
  onMoved: ((client: number, clock: number) => void) | undefined
  readonly #peer: Peer
  readonly #token: string
  readonly #wire: Wire
  readonly #socket: WebSocket
  readonly #opened = Promise.withResolvers<void>()
  readonly #synced = Promise.withResolvers<void>()
  readonly #gone = Promise.withResolvers<void>()
  // The SyncStep2 of the handshake is acknowledged too, before any edit.
  #handshakes = 0
  #closing = false

  constructor(peer: Peer, room: string, token = peer.token) {
    this.#peer = peer
    this.#token = token
    // Whoever waits for one of the two need not wait for the other.
    this.opened.catch(() => undefined)
    this.synced.catch(() => undefined)
    this.#wire = wireOf(peer.dialect, peer.address, room)
    this.#socket = new WebSocket(this.#wire.url, { perMessageDeflate: false, skipUTF8Validation: true })
    this.#socket.binaryType = 'nodebuffer'
    this.#socket.on('open', () => this.#hello())
    this.#socket.on('message', (data: Buffer) => this.#receive(data))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => {
      if (!this.#closing) this.#fail(new Error(`${peer.name} closed a connection`))
      this.#gone.resolve()
    })
  }

  static async open(peer: Peer, room: string, token = peer.token): Promise<Client> {
    const client = new Client(peer, room, token)
    await client.synced
    return client
  }

  /** Settles when the document's state has come. */
  get opened(): Promise<void> {
    return this.#opened.promise
  }

  /** Settles when the handshake is over and nothing of it is left to acknowledge. */
  get synced(): Promise<void> {
    return this.#synced.promise
  }

  /** Settles when the connection has ended, by whomever. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  get typed(): number {
    return this.sentAt.length
  }

  /** Types one character behind the previous one. */
  type(): void {
    const update = typedCharacter(this.id, this.sentAt.length)
    this.sentAt.push(performance.now())
    this.#socket.send(this.#wire.sync(UPDATE, update))
  }

  /** Moves its caret. */
  move(): void {
    const clock = this.movedAt.push(performance.now()) - 1
    this.#socket.send(movedCaret(this.#wire.name, this.id, clock))
  }

  /** Sends an update made elsewhere. */
  send(update: Uint8Array): void {
    this.sentAt.push(performance.now())
    this.#socket.send(this.#wire.sync(UPDATE, update))
  }

  /** Hocuspocus closes whoever has said nothing for a minute; a provider speaks of its caret by then. */
  stay(): void {
    const { alive } = this.#wire
    if (alive !== undefined) this.#socket.send(alive)
  }

  /** Throws away unread what comes from now on. */
  mute(): void {
    drain(this.#socket)
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#socket.terminate()
    await this.#gone.promise
  }

  #hello(): void {
    for (const message of this.#wire.hello(this.#token)) this.#socket.send(message)
    if (this.#peer.dialect === 'relay') this.#synced.resolve()
  }

  #receive(data: Buffer): void {
    this.onFrame()
    if (this.#peer.dialect === 'relay') this.#update(data)
    else this.#message(data)
  }

  #message(data: Buffer): void {
    const at = this.#wire.offset
    const type = data[at]
    if (type === SYNC || type === SYNC_REPLY) this.#sync(data[at + 1], data, at + 2)
    else if (type === AWARENESS) this.#moved(data, at + 1)
    else if (type === SYNC_STATUS) this.#status(data[at + 1])
    else if (type === CLOSE || (type === AUTH && data[at + 1] === DENIED)) this.#refused(data)
    else if (type === STATELESS && data.includes('"reject"')) this.#refused(data)
  }

  #sync(step: number | undefined, data: Buffer, at: number): void {
    if (step === UPDATE) {
      if (this.onTyped !== undefined || this.#peer.dialect === 'y-websocket') this.#update(payload(data, at))
    } else if (step === STEP_2) {
      this.state = payload(data, at)
      this.#opened.resolve()
      if (this.#peer.dialect === 'y-websocket') this.#synced.resolve()
    } else if (step === STEP_1) {
      this.#handshakes += 1
      this.#socket.send(this.#wire.sync(STEP_2, EMPTY_UPDATE))
    }
  }

  #moved(data: Buffer, at: number): void {
    const { onMoved } = this
    if (onMoved === undefined) return
    readMoved(payload(data, at), (client, clock) => onMoved(client, clock))
  }

  #status(applied: number | undefined): void {
    if (applied !== 1) throw new Error(`${this.#peer.name} did not apply an update`)
    if (this.#handshakes > 0) {
      this.#handshakes -= 1
      this.#synced.resolve()
    } else this.#acknowledge()
  }

  #update(update: Uint8Array): void {
    const echoes = this.#peer.dialect !== 'hocuspocus'
    readTyped(update, (client, clock, length) => {
      this.onTyped?.(client, clock, length)
      if (echoes && client === this.id) for (let i = 0; i < length; i += 1) this.#acknowledge()
    })
  }

  #acknowledge(): void {
    const sentAt = this.sentAt[this.acknowledged] ?? 0
    this.acknowledged += 1
    this.onAcknowledged(performance.now() - sentAt)
  }

  #refused(data: Buffer): void {
    if (this.#closing) return
    this.#fail(new Error(`${this.#peer.name} refused: ${data.toString('latin1')}`))
  }

  #fail(error: Error): void {
    this.#opened.reject(error)
    this.#synced.reject(error)
  }
}

function payload(data: Buffer, at: number): Uint8Array {
  const decoder = decoding.createDecoder(data)
  decoder.pos = at
  return decoding.readVarUint8Array(decoder)
}
