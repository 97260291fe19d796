import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import type { EventDraft } from '../../server/protocol.ts'
import type { Peer } from '../peer.ts'

const AUTH = 2
const AUTHENTICATED = 2
const STATELESS = 5

/** As little of a client of events as Syncline or Socket.IO allow, so that the server is what is measured. */
export abstract class EventSocket {
  /** A message with events, as it came. */
  onEvents: (text: string) => void = () => undefined
  /** So many events were acknowledged. */
  onAcknowledged: (count: number) => void = () => undefined
  /** All that there was has come. */
  onResumed: () => void = () => undefined
  protected readonly socket: WebSocket
  protected readonly room: string
  readonly ready = Promise.withResolvers<void>()
  #closing = false

  constructor(address: string, room: string) {
    this.room = room
    this.socket = new WebSocket(address, { perMessageDeflate: false, skipUTF8Validation: true })
    this.socket.on('error', (error) => this.ready.reject(error))
    this.socket.on('close', () => {
      if (!this.#closing) this.ready.reject(new Error('a connection was closed'))
    })
  }

  static async open(peer: Peer, room: string): Promise<EventSocket> {
    const socket = peer.dialect === 'socket.io' ? new SocketIo(peer, room) : new Stateless(peer, room)
    await socket.ready.promise
    return socket
  }

  abstract publish(events: readonly EventDraft[]): void

  /** Wants all events after a position. */
  abstract resume(after: number): void

  async close(): Promise<void> {
    this.#closing = true
    const closed = new Promise((resolve) => this.socket.once('close', resolve))
    this.socket.terminate()
    await closed
  }
}

/** Hocuspocus' stateless messages. */
class Stateless extends EventSocket {
  readonly #prefix: Uint8Array

  constructor(peer: Peer, room: string) {
    super(peer.address, room)
    this.#prefix = encoding.encode((encoder) => encoding.writeVarString(encoder, room))
    this.socket.on('open', () =>
      this.#send(AUTH, (encoder) => {
        encoding.writeVarUint(encoder, 0)
        encoding.writeVarString(encoder, peer.token)
      }),
    )
    this.socket.on('message', (data: Buffer) => this.#hear(data))
  }

  publish(events: readonly EventDraft[]): void {
    this.#say({ type: 'publish', events })
  }

  resume(after: number): void {
    this.#say({ type: 'resume', after })
  }

  #hear(data: Buffer): void {
    const type = data[this.#prefix.length]
    if (type === AUTH && data[this.#prefix.length + 1] === AUTHENTICATED) this.ready.resolve()
    if (type !== STATELESS) return
    const decoder = decoding.createDecoder(data)
    decoder.pos = this.#prefix.length + 1
    const text = data.toString('latin1', data.length - decoding.readVarUint(decoder))
    if (text.startsWith('{"type":"event"')) this.onEvents(text)
    else if (text.startsWith('{"type":"ack"')) this.onAcknowledged(JSON.parse(text).events.length)
    else if (text.startsWith('{"type":"resumed"')) this.onResumed()
    else if (!text.startsWith('{"type":"resuming"')) throw new Error(`not expected: ${text}`)
  }

  #say(envelope: unknown): void {
    this.#send(STATELESS, (encoder) => encoding.writeVarString(encoder, JSON.stringify(envelope)))
  }

  #send(type: number, write: (encoder: encoding.Encoder) => void): void {
    this.socket.send(
      encoding.encode((encoder) => {
        encoding.writeUint8Array(encoder, this.#prefix)
        encoding.writeVarUint(encoder, type)
        write(encoder)
      }),
    )
  }
}

/** Version 5 of its protocol, on version 4 of Engine.IO's, over a WebSocket from the start. */
class SocketIo extends EventSocket {
  constructor({ address }: Peer, room: string) {
    super(`${address}/socket.io/?EIO=4&transport=websocket`, room)
    this.socket.on('message', (data: Buffer) => this.#hear(data.toString('latin1')))
  }

  publish(events: readonly EventDraft[]): void {
    this.socket.send(`421${JSON.stringify(['publish', this.room, events])}`)
  }

  /** There is nothing to resume from. */
  resume(): void {
    this.onResumed()
  }

  #hear(text: string): void {
    if (text.startsWith('42["event"')) this.onEvents(text)
    else if (text.startsWith('431')) this.onAcknowledged(JSON.parse(text.slice(3))[0])
    else if (text.startsWith('430')) this.ready.resolve()
    else if (text.startsWith('40')) this.socket.send(`420${JSON.stringify(['join', this.room])}`)
    else if (text.startsWith('0')) this.socket.send('40')
    else if (text === '2') this.socket.send('3')
  }
}
