import type { Connection, Document } from '@hocuspocus/server'
import { SynclineError } from '../errors.ts'
import { ON_THE_WAY } from '../nodes/on-the-way.ts'
import { type ClientState, encodeStates, queryFrame, type ToldState } from './presence-frame.ts'
import type { PresenceHouse } from './presence-house.ts'
import { clockAmongNodes, type Holder, isStale, PresenceIds, type Speaker } from './presence-ids.ts'
import { type NodeListener, type NodeSeat, type NodeState, PresenceNodes } from './presence-nodes.ts'
import type { Seat } from './presence-seat.ts'
import { honestState } from './presence-state.ts'
import { everybodyIn, PresenceTelling } from './presence-telling.ts'
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

/**
 * How long nothing is said of a connection that lives before its state is told again, in ms: after 30 s Yjs takes whoever is not heard of for gone,
 * here, on other nodes and in browsers. Clients say it again every 15 s, but a browser lets a page that nobody has looked at for five minutes do
 * so once a minute.
 */
const RENEWED_AFTER = 20_000

/** Who comes from another node counts on from so much later: what that node has said of them and is still on its way is earlier. */
const AHEAD = 1_000

/**
 * Who is in a room, and where. What clients say is gathered, the newest of each, and told to everybody in
 * one frame: the work grows with the people in a room, where a frame for each change grows with their square.
 * Hocuspocus' awareness holds what was told, so that who comes later gets it from there.
 */
export class PresenceRoom implements NodeListener {
  readonly #document: Document
  readonly #house: PresenceHouse
  readonly #ids = new PresenceIds()
  readonly #telling: PresenceTelling
  readonly #nodes: PresenceNodes | undefined
  /** Those who have something to say. */
  readonly #speaking = new Set<Speaker>()
  /** Ids of connections here of which something is told again, at a later clock. */
  readonly #again = new Set<number>()
  /** Their connections are closed, and they are on the way to other nodes. */
  readonly #onTheWay = new Set<Seat>()
  /** Who has left, of those here and of those on other nodes. */
  #goneHere: ToldState[] = []
  #goneElsewhere: ToldState[] = []
  #planned = false
  #quietUntil = 0

  constructor(document: Document, house: PresenceHouse) {
    this.#document = document
    this.#house = house
    this.#telling = new PresenceTelling(document, this.#ids)
    if (house.bus === undefined) return
    const nodes = new PresenceNodes(house.bus, house.logger, document.name, this)
    document.once('destroy', () => nodes.close([...this.#onTheWay].some(({ ids }) => ids.size > 0)))
    this.#nodes = nodes
  }

  enter(seat: Seat): void {
    this.#telling.enter(seat)
  }

  /** @throws SynclineError `awareness-invalid` where the connection speaks for others. */
  hear(seat: Seat, states: readonly ClientState[]): void {
    for (const said of states) {
      let holder = this.#ids.get(said.id)
      if (holder?.seat !== seat) {
        // Clients say of others that they are gone, when they have not heard of them for long: their mistake.
        if (said.state === undefined) continue
        holder = this.#claim(seat, said, seat.user)
      } else if (isStale(said, holder)) continue
      holder.clock = said.clock
      seat.said.set(said.id, said)
    }
    if (this.#house.mayAsk(seat.connection)) this.#plan(seat)
    else this.#decide(seat)
  }

  /**
   * As `hear`, of the connections of another node. Who has come here from there, or went there from here, is where
   * the later clock is: each node tells at a later one than all that it has heard of. What another node says of itself late is
   * earlier, and that somebody is gone counts only from where they are.
   */
  hearNode(seat: NodeSeat, states: readonly NodeState[], all: ReadonlySet<number> | undefined): void {
    if (all !== undefined) for (const id of seat.ids) if (!all.has(id)) this.#leave(id)
    for (const said of states) {
      const known = this.#ids.get(said.id)
      if (known?.seat === seat) {
        if (isStale(said, known)) continue
        if (said.state === undefined) this.#leave(said.id)
        else this.#noted(seat, known, said)
      } else if (said.state !== undefined && this.#isLater(said, known)) {
        const holder = this.#claimed(seat, said)
        if (holder !== undefined) this.#noted(seat, holder, said)
      }
    }
    this.#plan(seat)
  }

  /** The node is gone, or has closed the room. */
  leaveNode(seat: NodeSeat): void {
    this.#speaking.delete(seat)
    for (const id of seat.ids) this.#leave(id)
  }

  /** What was told of the connections here. */
  own(): readonly ToldState[] {
    return everybodyIn(this.#document).filter(({ id }) => this.#ids.get(id)?.seat.connection !== undefined)
  }

  /** Tells the connection of everybody. */
  ask(seat: Seat): void {
    seat.asks = true
    this.#plan(seat)
  }

  /** The connection has been sent all that waited. */
  drained(seat: Seat): void {
    if (seat.asks || seat.missed.size > 0) this.#plan(seat)
  }

  /** Tells again of those who are connected and have not been heard of for long. */
  renew(): void {
    const { states, meta } = this.#document.awareness
    const before = Date.now() - RENEWED_AFTER
    for (const { moves, ids } of this.#telling.seats) {
      for (const id of moves ? [] : ids) {
        const holder = this.#ids.get(id)
        const silent = states.has(id) && (meta.get(id)?.lastUpdated ?? 0) < before
        if (holder === undefined || !silent) continue
        holder.shift += 1
        this.#again.add(id)
      }
    }
    if (this.#again.size > 0) this.#plan()
  }

  holds(connection: Connection, id: number): boolean {
    return this.#ids.get(id)?.seat.connection === connection
  }

  /**
   * The connection is closed: whoever it spoke for is gone, or on the way to another node. There a client goes on from the clock
   * that it knows; where the others know it under a later one they would pass that over, so that it has to go first.
   */
  leave(seat: Seat): void {
    this.#telling.leave(seat)
    this.#speaking.delete(seat)
    const moves = seat.moves && this.#nodes !== undefined
    for (const id of seat.ids) if (!moves || this.#ids.get(id)?.shift !== 0) this.#leave(id)
    if (!moves) {
      seat.stay?.leave()
      return
    }
    this.#onTheWay.add(seat)
    setTimeout(() => this.#arrived(seat), ON_THE_WAY).unref()
  }

  /** Whoever is not on another node by now is gone. */
  #arrived(seat: Seat): void {
    this.#onTheWay.delete(seat)
    seat.stay?.leave()
    for (const id of seat.ids) this.#leave(id)
  }

  #leave(id: number): void {
    const { states, meta } = this.#document.awareness
    const gone = this.#ids.get(id)?.seat.connection === undefined ? this.#goneElsewhere : this.#goneHere
    this.#ids.leave(id)
    this.#again.delete(id)
    if (!states.delete(id)) return
    gone.push({ id, clock: meta.get(id)?.clock ?? 0, json: 'null' })
    this.#plan()
  }

  /** Gives the id to who says that it is theirs. @throws SynclineError `awareness-invalid` */
  #claim(speaker: Speaker, said: { readonly id: number; readonly clock: number }, user: string): Holder {
    const before = this.#ids.get(said.id)
    const holder = this.#ids.claim(said.id, speaker, user)
    holder.shift = this.#shift(said, before)
    this.#again.delete(said.id)
    return holder
  }

  /** As `#claim`; undefined where it is somebody else's here. */
  #claimed(seat: NodeSeat, said: NodeState): Holder | undefined {
    try {
      return this.#claim(seat, said, said.user)
    } catch (error) {
      if (error instanceof SynclineError) return undefined
      throw error
    }
  }

  /** Whether what a node says of a client was said after what is known of it, which is another's. */
  #isLater({ id, clock }: NodeState, holder: Holder | undefined): boolean {
    if (holder === undefined) return true
    const known = clockAmongNodes(holder)
    if (clock === known && holder.seat.connection !== undefined && !holder.seat.moves) {
      // It came here before it was known to be there. A later clock says so to all.
      holder.shift += AHEAD
      this.#again.add(id)
      this.#plan()
      return false
    }
    return clock >= known
  }

  #noted(seat: NodeSeat, holder: Holder, said: NodeState): void {
    holder.clock = said.clock
    seat.said.set(said.id, said)
  }

  /** What must be added to a new holder's clock so that the others, who may know a later one, take it. */
  #shift({ id, clock }: { readonly id: number; readonly clock: number }, before: Holder | undefined): number {
    const { states, meta } = this.#document.awareness
    const ofNode = before?.seat.connection === undefined ? before : undefined
    const known = Math.max(meta.get(id)?.clock ?? -1, ofNode === undefined ? -1 : ofNode.clock + ofNode.shift)
    if (clock > known || (clock === known && ofNode === undefined && states.has(id))) return 0
    return known + (ofNode === undefined ? 1 : AHEAD) - clock
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

  #plan(speaker?: Speaker): void {
    if (speaker !== undefined) this.#speaking.add(speaker)
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
    const here = this.#goneHere
    const elsewhere = this.#goneElsewhere
    this.#goneHere = []
    this.#goneElsewhere = []
    for (const speaker of speaking) {
      if (speaker.connection === undefined) elsewhere.push(...this.#heard(speaker))
      else here.push(...this.#applied(speaker))
    }
    here.push(...this.#toldAgain())
    const seats = speaking.filter((speaker) => speaker.connection !== undefined)
    const bytes =
      this.#send(here, elsewhere) + this.#telling.some(seats, (connection) => this.#house.mayAsk(connection))
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

  /** Takes over what a node has said; it gave everybody the name of their token. */
  #heard(seat: NodeSeat): readonly ToldState[] {
    const { states, meta } = this.#document.awareness
    const told: ToldState[] = []
    for (const { id, clock: said, state, json } of seat.said.values()) {
      if (state === undefined) continue
      const clock = said + (this.#ids.get(id)?.shift ?? 0)
      states.set(id, state)
      meta.set(id, { clock, lastUpdated: Date.now() })
      told.push({ id, clock, json })
    }
    seat.said.clear()
    return told
  }

  #toldAgain(): readonly ToldState[] {
    const { states, meta } = this.#document.awareness
    const told: ToldState[] = []
    for (const id of this.#again) {
      const [holder, state] = [this.#ids.get(id), states.get(id)]
      if (holder === undefined || state === undefined) continue
      const clock = clockAmongNodes(holder)
      meta.set(id, { clock, lastUpdated: Date.now() })
      told.push({ id, clock, json: JSON.stringify(state) })
    }
    this.#again.clear()
    return told
  }

  /** Returns how many bytes it took. */
  #send(here: readonly ToldState[], elsewhere: readonly ToldState[]): number {
    const told = elsewhere.length === 0 ? here : [...here, ...elsewhere]
    if (told.length === 0) return 0
    const shared = encodeStates(told)
    if (here.length > 0 && this.#nodes?.heard) this.#nodes.tell(told === here ? shared : encodeStates(here))
    return this.#telling.all(told, shared)
  }
}
