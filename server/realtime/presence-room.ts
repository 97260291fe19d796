import type { Connection, Document } from '@hocuspocus/server'
import type { Identity } from '../access/identity.ts'
import { SynclineError } from '../errors.ts'
import {
  type ClientState,
  encodeStates,
  presenceFrame,
  queryFrame,
  type ToldState,
} from './presence-frame.ts'
import { PresenceIds } from './presence-ids.ts'
import type { Seat } from './presence-seat.ts'
import { honestState } from './presence-state.ts'
import { refusalOf } from './refusal.ts'

/**
 * Between one telling and the next, at least, in ms. Whoever moves after a pause is told of at once; who types is
 * told of as often as most people type.
 */
const WINDOW = 100
/** And at most, in ms: so long leaving may take to be seen where the room is as full as that. */
const WIDEST = 1_000
/** After what is written, in ms: a caret that comes before the text it stands in cannot be shown until that is there. */
const BEHIND = 5
/**
 * What a room's presence may send, in bytes per ms: enough for two hundred people of whom each moves five times a second, who
 * are told every 100 ms. Where more is to be said, it is told less often.
 */
const RATE = 80_000

/** What a room asks of whoever keeps it. */
export interface PresenceHouse {
  identityOf(connection: Connection): Identity | undefined
  /** Whether somebody may be heard at once, with nothing to be decided first. */
  mayAsk(connection: Connection): boolean
  refuse(connection: Connection, error: SynclineError): void
}

/**
 * Who is in a room, and where. What clients say is gathered, the newest of each, and told to everybody in
 * one frame: the work grows with the people in a room, where a frame for each change grows with their square.
 * Hocuspocus' awareness holds what was told, so that who comes later gets it from there.
 */
export class PresenceRoom {
  readonly #document: Document
  readonly #house: PresenceHouse
  readonly #ids = new PresenceIds()
  /** Seats that have something to say. */
  readonly #speaking = new Set<Seat>()
  #gone: ToldState[] = []
  #planned = false
  #quietUntil = 0

  constructor(document: Document, house: PresenceHouse) {
    this.#document = document
    this.#house = house
  }

  /** @throws SynclineError `awareness-invalid` where the connection speaks for others. */
  hear(seat: Seat, states: readonly ClientState[]): void {
    for (const said of states) {
      let holder = this.#ids.get(said.id)
      if (holder?.seat !== seat) {
        // Clients say of others that they are gone, when they have not heard of them for long: their mistake.
        if (said.state === undefined) continue
        holder = this.#ids.claim(said.id, seat)
        holder.shift = this.#shift(said)
      } else if (said.clock < holder.clock || (said.clock === holder.clock && said.state !== undefined)) {
        continue
      }
      holder.clock = said.clock
      seat.said.set(said.id, said)
    }
    if (this.#house.mayAsk(seat.connection)) this.#plan(seat)
    else this.#decide(seat)
  }

  /** Tells the connection of everybody. */
  ask(seat: Seat): void {
    seat.asks = true
    this.#plan(seat)
  }

  holds(connection: Connection, id: number): boolean {
    return this.#ids.get(id)?.seat.connection === connection
  }

  /** The connection is closed: whoever it spoke for is gone. */
  leave(seat: Seat): void {
    seat.stay?.leave()
    this.#speaking.delete(seat)
    const { states, meta } = this.#document.awareness
    for (const id of seat.ids) {
      this.#ids.leave(id)
      if (states.delete(id)) this.#gone.push({ id, clock: meta.get(id)?.clock ?? 0, json: 'null' })
    }
    if (this.#gone.length > 0) this.#plan()
  }

  /** What must be added to a new holder's clock so that the others, who may know a later one, take it. */
  #shift({ id, clock }: ClientState): number {
    const { states, meta } = this.#document.awareness
    const known = meta.get(id)?.clock
    if (known === undefined || clock > known || (clock === known && states.has(id))) return 0
    return known + 1 - clock
  }

  /**
   * What decides about a connection hangs on Hocuspocus' messages, so it is given one that says nothing. What was
   * said meanwhile is told after it, unless the connection is refused.
   */
  #decide(seat: Seat): void {
    if (seat.deciding) return
    seat.deciding = true
    const { connection } = seat
    connection.handleMessage(queryFrame(connection.messageAddress))
    connection.waitForPendingMessages().then(() => {
      seat.deciding = false
      this.#plan(seat)
    })
  }

  #plan(seat?: Seat): void {
    if (seat !== undefined) this.#speaking.add(seat)
    if (this.#planned) return
    this.#planned = true
    const behind = BEHIND + Number(this.#document.flushDelay)
    setTimeout(this.#tell, Math.max(behind, this.#quietUntil - performance.now()))
  }

  readonly #tell = (): void => {
    this.#planned = false
    if (this.#document.isDestroyed) return
    const speaking = [...this.#speaking]
    this.#speaking.clear()
    const told = this.#gone
    this.#gone = []
    for (const seat of speaking) told.push(...this.#applied(seat))
    const bytes = this.#send(told)
    for (const seat of speaking) this.#answer(seat)
    this.#quietUntil = performance.now() + Math.min(WIDEST, Math.max(WINDOW, bytes / RATE))
    for (const id of this.#ids.forget()) {
      if (!this.#document.awareness.states.has(id)) this.#document.awareness.meta.delete(id)
    }
  }

  /** Takes over what a seat has said, under the name that its token gives. */
  #applied(seat: Seat): readonly ToldState[] {
    const { connection } = seat
    if (refusalOf(connection) !== undefined || !this.#document.hasConnection(connection)) return []
    const identity = this.#house.identityOf(connection)
    if (identity === undefined || !this.#house.mayAsk(connection)) return []
    const said = [...seat.said.values()]
    seat.said.clear()
    const { states, meta } = this.#document.awareness
    const told: ToldState[] = []
    try {
      for (const { id, clock, state: bytes } of said) {
        const state = bytes === undefined ? null : honestState(bytes, identity)
        if (state === null && !states.has(id)) continue
        const telling = { id, clock: clock + (this.#ids.get(id)?.shift ?? 0), json: JSON.stringify(state) }
        if (state === null) states.delete(id)
        else {
          states.set(id, state)
          seat.stay?.said(state)
        }
        meta.set(id, { clock: telling.clock, lastUpdated: Date.now() })
        told.push(telling)
      }
    } catch (error) {
      if (!(error instanceof SynclineError)) throw error
      this.#house.refuse(connection, error)
    }
    return told
  }

  /** Returns how many bytes it took. */
  #send(told: readonly ToldState[]): number {
    if (told.length === 0) return 0
    const shared = encodeStates(told)
    const owners = this.#owners(told)
    let frame: { readonly address: string; readonly bytes: Uint8Array } | undefined
    let sent = 0
    for (const connection of this.#document.getConnections()) {
      const address = connection.messageAddress
      const seat = owners.get(connection)
      if (seat !== undefined) {
        connection.send(presenceFrame(address, encodeStates(this.#asOwn(seat, told))))
      } else {
        if (frame?.address !== address) frame = { address, bytes: presenceFrame(address, shared) }
        connection.send(frame.bytes)
      }
      sent += shared.length
    }
    return sent
  }

  /** Those whose clocks were shifted: their own state must come back to them as they sent it, or it would overwrite what they have set since. */
  #owners(told: readonly ToldState[]): Map<Seat['connection'], Seat> {
    const owners = new Map<Seat['connection'], Seat>()
    for (const { id } of told) {
      const holder = this.#ids.get(id)
      if (holder !== undefined && holder.shift > 0) owners.set(holder.seat.connection, holder.seat)
    }
    return owners
  }

  #asOwn(seat: Seat, told: readonly ToldState[]): readonly ToldState[] {
    return told.map((state) => {
      const holder = this.#ids.get(state.id)
      return holder?.seat === seat ? { ...state, clock: state.clock - holder.shift } : state
    })
  }

  #answer(seat: Seat): void {
    if (!seat.asks || !this.#house.mayAsk(seat.connection)) return
    seat.asks = false
    const { states, meta } = this.#document.awareness
    const everybody = [...states].map(([id, state]) => ({
      id,
      clock: meta.get(id)?.clock ?? 0,
      json: JSON.stringify(state),
    }))
    const { connection } = seat
    connection.send(presenceFrame(connection.messageAddress, encodeStates(this.#asOwn(seat, everybody))))
  }
}
