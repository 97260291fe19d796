import type { Connection, Document } from '@hocuspocus/server'
import { encodeStates, presenceFrame, type ToldState } from './presence-frame.ts'
import type { PresenceIds } from './presence-ids.ts'
import type { Seat } from './presence-seat.ts'

/** Tells the connections of a room who is there. Who does not keep up is told of the newest, once they do. */
export class PresenceTelling {
  readonly #document: Document
  readonly #ids: PresenceIds
  readonly #seats = new Map<Connection, Seat>()

  constructor(document: Document, ids: PresenceIds) {
    this.#document = document
    this.#ids = ids
  }

  get seats(): Iterable<Seat> {
    return this.#seats.values()
  }

  enter(seat: Seat): void {
    this.#seats.set(seat.connection, seat)
  }

  leave(seat: Seat): void {
    this.#seats.delete(seat.connection)
  }

  /**
   * Sends to all connections; returns how many bytes it took.
   * @param encoded `told`, encoded
   */
  all(told: readonly ToldState[], encoded: Uint8Array): number {
    const shifted = this.#shifted(told)
    const shared = new SharedFrame(encoded)
    let sent = 0
    for (const connection of this.#document.getConnections()) {
      const seat = this.#seats.get(connection)
      if (seat !== undefined && !seat.reader.comfortable) {
        this.#missed(seat, told)
        continue
      }
      const own = seat !== undefined && shifted.has(seat)
      connection.send(own ? this.#ownFrame(seat, told) : shared.of(connection))
      sent += encoded.length
    }
    return sent
  }

  /** Tells those who have asked of everybody, and those who keep up again of what they missed; returns how many bytes it took. */
  some(seats: Iterable<Seat>, mayAsk: (connection: Connection) => boolean): number {
    const everybody = new Lazy(() => everybodyIn(this.#document))
    const shared = new Lazy(() => new SharedFrame(encodeStates(everybody.value)))
    let sent = 0
    for (const seat of seats) {
      const { connection, reader } = seat
      const asks = seat.asks && mayAsk(connection)
      if ((!asks && seat.missed.size === 0) || !reader.comfortable || !this.#seats.has(connection)) continue
      const missed = this.#newestOf(seat.missed)
      seat.missed.clear()
      const extra = asks ? missed.filter(({ json }) => json === GONE) : missed
      const common = asks && extra.length === 0 && !this.#isShifted(seat)
      const frame = common
        ? shared.value.of(connection)
        : this.#ownFrame(seat, asks ? [...everybody.value, ...extra] : extra)
      connection.send(frame)
      sent += frame.length
      if (!asks) continue
      seat.asks = false
      reader.charge(0, frame.length)
    }
    return sent
  }

  #missed(seat: Seat, told: readonly ToldState[]): void {
    const { meta } = this.#document.awareness
    for (const { id } of told) seat.missed.add(id)
    if (seat.missed.size <= meta.size) return
    for (const id of seat.missed) if (!meta.has(id)) seat.missed.delete(id)
  }

  /** What is known of these; of who left too long ago, nothing is. */
  #newestOf(missed: ReadonlySet<number>): readonly ToldState[] {
    const { states, meta } = this.#document.awareness
    return [...missed].flatMap((id) => {
      const known = meta.get(id)
      return known === undefined ? [] : [{ id, clock: known.clock, json: jsonOf(states.get(id)) }]
    })
  }

  #ownFrame(seat: Seat, told: readonly ToldState[]): Uint8Array {
    const own = told.map((state) => {
      const holder = this.#ids.get(state.id)
      return holder?.seat === seat ? { ...state, clock: state.clock - holder.shift } : state
    })
    return presenceFrame(seat.connection.messageAddress, encodeStates(own))
  }

  /** Those whose clocks were shifted: their own state must come back to them as they sent it, or it would overwrite what they have set since. */
  #shifted(told: readonly ToldState[]): ReadonlySet<Seat> {
    const shifted = new Set<Seat>()
    for (const { id } of told) {
      const holder = this.#ids.get(id)
      if (holder !== undefined && holder.shift !== 0 && holder.seat.connection !== undefined)
        shifted.add(holder.seat)
    }
    return shifted
  }

  #isShifted(seat: Seat): boolean {
    for (const id of seat.ids) if (this.#ids.get(id)?.shift !== 0) return true
    return false
  }
}

const GONE = 'null'

const jsonOf = (state: unknown): string => (state === undefined ? GONE : JSON.stringify(state))

/** All who are there, as it was told last. */
export const everybodyIn = ({ awareness: { states, meta } }: Document): readonly ToldState[] =>
  [...states].map(([id, state]) => ({ id, clock: meta.get(id)?.clock ?? 0, json: JSON.stringify(state) }))

/** The same for all: without session ids they have one address, and share the frame itself. */
class SharedFrame {
  readonly #states: Uint8Array
  #framed: { readonly address: string; readonly bytes: Uint8Array } | undefined

  constructor(states: Uint8Array) {
    this.#states = states
  }

  of({ messageAddress: address }: Connection): Uint8Array {
    if (this.#framed?.address !== address)
      this.#framed = { address, bytes: presenceFrame(address, this.#states) }
    return this.#framed.bytes
  }
}

/** Made once it is needed. */
class Lazy<Value> {
  readonly #make: () => Value
  #made: { readonly value: Value } | undefined

  constructor(make: () => Value) {
    this.#make = make
  }

  get value(): Value {
    this.#made ??= { value: this.#make() }
    return this.#made.value
  }
}
