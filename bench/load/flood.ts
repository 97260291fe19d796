import { randomInt } from 'node:crypto'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import type { Peer } from '../peer.ts'
import { typedCharacter } from './update.ts'
import { UPDATE, type Wire, wireOf } from './wire.ts'

const AWARENESS = 1
const CLOSE = 7
/** What may wait in this process before a flood pauses, in bytes: the server is what is to be flooded. */
const HIGH_WATER = 1024 * 1024
/** Frames between two looks at what waits. */
const BURST = 50

/** One hostile connection: what it sends next, for ever. */
type Next = () => Uint8Array

export type FloodName = 'garbage' | 'updates' | 'awareness' | 'joins' | 'reader'

const FLOODS: Readonly<Record<FloodName, (wire: Wire, token: string) => Next>> = {
  /** Frames that nobody can read, each of which ends the WebSocket. */
  garbage: (wire) => () => wire.sync(UPDATE, Uint8Array.of(1, 255, 255, 255, 255, 3, randomInt(256))),
  /** Valid edits of one character. */
  updates: (wire) => {
    const client = randomInt(2 ** 31)
    let clock = 0
    return () => {
      clock += 1
      return wire.sync(UPDATE, typedCharacter(client, clock - 1))
    }
  },
  /** A caret that moves. */
  awareness: (wire) => {
    const client = randomInt(2 ** 31)
    let clock = 0
    return () => {
      clock += 1
      return message(wire, AWARENESS, presence(client, clock))
    }
  },
  /** In and out of a room. */
  joins: (wire, token) => {
    const [join = new Uint8Array()] = wire.hello(token)
    const leave = message(
      wire,
      CLOSE,
      encoding.encode((to) => encoding.writeVarString(to, 'bye')),
    )
    let inside = true
    return () => {
      inside = !inside
      return inside ? join : leave
    }
  },
  /** Asks for the whole document again and again, and reads none of it. */
  reader: (wire, token) => {
    const [, ask = new Uint8Array()] = wire.hello(token)
    return () => ask
  },
}

export const FLOOD_NAMES = Object.keys(FLOODS) as FloodName[]

const presence = (client: number, clock: number): Uint8Array =>
  encoding.encode((to) => {
    const update = encoding.encode((inner) => {
      for (const number of [1, client, clock]) encoding.writeVarUint(inner, number)
      encoding.writeVarString(inner, `{"user":{"name":"Mallory"},"cursor":${clock}}`)
    })
    encoding.writeVarUint8Array(to, update)
  })

const message = (wire: Wire, type: number, body: Uint8Array): Uint8Array =>
  encoding.encode((to) => {
    encoding.writeUint8Array(to, wire.name)
    encoding.writeVarUint(to, type)
    encoding.writeUint8Array(to, body)
  })

/** Somebody who floods a room over one WebSocket as fast as it goes, and comes back whenever they are shut out. */
export class Flood {
  sent = 0
  /** How often the server has shut it out. */
  refused = 0
  readonly #wire: Wire
  readonly #flood: FloodName
  readonly #token: string
  #socket: WebSocket | undefined
  #stopped = false

  constructor(peer: Peer, room: string, flood: FloodName) {
    this.#flood = flood
    this.#token = peer.signToken('mallory', { 'doc:*': 'write' })
    this.#wire = wireOf(peer.dialect, peer.address, room)
    this.#connect()
  }

  stop(): void {
    this.#stopped = true
    this.#socket?.terminate()
  }

  #connect(): void {
    if (this.#stopped) return
    const socket = new WebSocket(this.#wire.url, { perMessageDeflate: false })
    this.#socket = socket
    const next = FLOODS[this.#flood](this.#wire, this.#token)
    socket.on('open', () => {
      for (const frame of this.#wire.hello(this.#token)) socket.send(frame)
      if (this.#flood === 'reader') socket.pause()
      this.#pour(socket, next)
    })
    socket.on('message', () => undefined)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (this.#stopped) return
      this.refused += 1
      setImmediate(() => this.#connect())
    })
  }

  #pour(socket: WebSocket, next: Next): void {
    if (this.#stopped || socket.readyState !== WebSocket.OPEN) return
    for (let i = 0; i < BURST && socket.bufferedAmount < HIGH_WATER; i += 1) {
      socket.send(next())
      this.sent += 1
    }
    setImmediate(() => this.#pour(socket, next))
  }
}
