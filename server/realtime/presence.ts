import type { Connection, Document } from '@hocuspocus/server'
import type { Identity } from '../access/identity.ts'
import type { Bus } from '../bus.ts'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import { type PresenceFrame, readPresenceFrame, readStates } from './presence-frame.ts'
import { PresenceRoom } from './presence-room.ts'
import { type Reader, Seat, type Stay, Waiting } from './presence-seat.ts'
import { logRefusal, refusalOf, refuseConnection } from './refusal.ts'

/** What a WebSocket's clients may say of themselves before their rooms are open, in bytes together. */
const MAX_WAITING_BYTES = 64 * 1024
/** And in how many rooms. */
const MAX_WAITING = 200

/** How often it is looked who has not been heard of for long, in ms. */
const RENEWING = 5_000

/** Keeps who is connected, whatever room they are in. */
interface Attendance {
  enter(identity: Identity, room: string): Stay
}

export interface PresenceOptions {
  readonly logger: Logger
  readonly identityOf: (context: unknown) => Identity | undefined
  /** Whether somebody may be heard at once, with nothing to be decided first. */
  readonly mayAsk: (connection: Connection) => boolean
  readonly attendance?: Attendance
  /** To the other nodes, where there are any. */
  readonly bus?: Bus | undefined
}

/** Everybody's presence, room by room. Hocuspocus relays whatever it is given, from whomever, of whatever size. */
export class Presence {
  readonly #options: PresenceOptions
  readonly #rooms = new Map<Document, PresenceRoom>()
  #renewing: NodeJS.Timeout | undefined

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  get bus(): Bus | undefined {
    return this.#options.bus
  }

  get logger(): Logger {
    return this.#options.logger
  }

  room(document: Document): PresenceRoom {
    const known = this.#rooms.get(document)
    if (known !== undefined) return known
    const room = new PresenceRoom(document, this)
    this.#rooms.set(document, room)
    this.#renewing ??= setInterval(() => this.#renew(), RENEWING).unref()
    document.once('destroy', () => this.#rooms.delete(document))
    return room
  }

  #renew(): void {
    for (const room of this.#rooms.values()) room.renew()
    if (this.#rooms.size > 0) return
    clearInterval(this.#renewing)
    this.#renewing = undefined
  }

  /** Whether the awareness id is the connection's. */
  announces(document: Document, connection: Connection, client: number): boolean {
    return this.#rooms.get(document)?.holds(connection, client) ?? false
  }

  /** Somebody has come into a room. */
  seat(connection: Connection, identity: Identity, reader: Reader): Seat {
    const stay = this.#options.attendance?.enter(identity, connection.document.name)
    return new Seat(connection, identity.user, reader, stay)
  }

  identityOf(connection: Connection): Identity | undefined {
    return this.#options.identityOf(connection.context)
  }

  mayAsk(connection: Connection): boolean {
    return this.#options.mayAsk(connection)
  }

  refuse(connection: Connection, error: SynclineError): void {
    logRefusal(this.#options.logger, error, {
      room: connection.document.name,
      user: this.identityOf(connection)?.user,
    })
    refuseConnection(connection, error)
  }
}

/** The presence of those who came over one WebSocket. */
export class SocketPresence {
  readonly #presence: Presence
  readonly #seats = new Map<string, Seat>()
  /** By address. Clients say who they are before they know whether they may come in. */
  readonly #waiting = new Map<string, Waiting>()

  constructor(presence: Presence) {
    this.#presence = presence
  }

  /**
   * Takes the frame if it is one of presence; then no part of it is Hocuspocus' business.
   * @throws SynclineError `awareness-invalid` where there is no connection yet that could be refused.
   */
  take(frame: Uint8Array): boolean {
    const read = readPresenceFrame(frame)
    if (read === undefined) return false
    const seat = this.#seats.get(read.address)
    if (seat === undefined) {
      if (!read.asks) this.#wait(read)
    } else if (refusalOf(seat.connection) === undefined) this.#hear(seat, read)
    return true
  }

  /** The room has opened. */
  joined(connection: Connection, reader: Reader): void {
    const { document, messageAddress: address } = connection
    const waiting = this.#waiting.get(address)
    this.#waiting.delete(address)
    const identity = this.#presence.identityOf(connection)
    if (identity === undefined || !document.hasConnection(connection)) return
    const room = this.#presence.room(document)
    const seat = this.#presence.seat(connection, identity, reader)
    this.#seats.set(address, seat)
    room.enter(seat)
    connection.onClose(() => {
      if (this.#seats.get(address) === seat) this.#seats.delete(address)
      room.leave(seat)
    })
    if (waiting === undefined) return
    this.#refusing(seat, () => room.hear(seat, waiting.states()))
  }

  /** All that waited has been sent. */
  drained(): void {
    for (const seat of this.#seats.values()) this.#presence.room(seat.connection.document).drained(seat)
  }

  /** Who came over it is sent to another node: once it is closed they are on their way, not gone. */
  move(): void {
    for (const seat of this.#seats.values()) seat.moves = true
  }

  #hear(seat: Seat, frame: PresenceFrame): void {
    const room = this.#presence.room(seat.connection.document)
    if (frame.asks) room.ask(seat)
    else this.#refusing(seat, () => room.hear(seat, readStates(frame)))
  }

  #refusing(seat: Seat, hear: () => void): void {
    try {
      hear()
    } catch (error) {
      if (!(error instanceof SynclineError)) throw error
      this.#presence.refuse(seat.connection, error)
    }
  }

  #wait(frame: PresenceFrame): void {
    const waiting = this.#waiting.get(frame.address) ?? new Waiting()
    this.#waiting.delete(frame.address)
    this.#waiting.set(frame.address, waiting)
    for (const state of readStates(frame)) waiting.add(state)
    let bytes = 0
    for (const { bytes: each } of this.#waiting.values()) bytes += each
    // What is forgotten here is said again: clients repeat themselves every 15 s.
    for (const [address, oldest] of this.#waiting) {
      if (bytes <= MAX_WAITING_BYTES && this.#waiting.size <= MAX_WAITING) return
      this.#waiting.delete(address)
      bytes -= oldest.bytes
    }
  }
}
