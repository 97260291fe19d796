import * as encoding from 'lib0/encoding'
import type { Bus, NodeId } from '../bus.ts'
import { SynclineError } from '../errors.ts'
import { ON_THE_WAY } from '../nodes/on-the-way.ts'
import type { Logger } from '../observe/log.ts'
import {
  type Bounds,
  type ClientState,
  decodeStates,
  encodeStates,
  requireBounds,
  type ToldState,
} from './presence-frame.ts'
import { type HonestState, isPlain, plainState } from './presence-state.ts'

/** The first byte of what one node tells the others of a room; the states of its own connections follow. */
const Kind = {
  /** What is new. */
  news: 0,
  /** All: whoever is not in it has left. */
  all: 1,
  /** All, and the others are to tell all as well. */
  ask: 2,
  /** Nobody is there any more. */
  closed: 3,
  /** The same; those who are still there as far as was told are on the way to other nodes. A node that does not know it finds that this one ends. */
  moved: 4,
} as const

/** A node has bounded what its clients say: what it adds is a name, and a clock that counts on from another client's. */
const BOUNDS: Bounds = { frame: 4 * 1024 * 1024, state: 32 * 1024, clock: 2 ** 32 }
const ADDED_VALUES = 3
/** Client ids that one node may have in a room. */
const MAX_IDS = 10_000

/** What another node says of one client; without a state the client has left. */
export interface NodeState {
  readonly id: number
  readonly clock: number
  readonly state: HonestState | undefined
  readonly json: string
  readonly user: string
}

/** Another node's part in a room's presence: that of all its connections. */
export class NodeSeat {
  /** What tells it from a connection's. */
  readonly connection = undefined
  readonly ids = new Set<number>()
  /** The newest of each id that is not told yet. */
  readonly said = new Map<number, NodeState>()

  /** @throws SynclineError `awareness-invalid` */
  take(id: number): void {
    if (this.ids.size >= MAX_IDS)
      throw new SynclineError('awareness-invalid', 'a node has too many client ids')
    this.ids.add(id)
  }
}

/** What is done with what other nodes say. */
export interface NodeListener {
  /** @param all who is there; whoever else the node had has left */
  hearNode(seat: NodeSeat, states: readonly NodeState[], all: ReadonlySet<number> | undefined): void
  /** The node has nobody there any more. */
  leaveNode(seat: NodeSeat): void
  /** The states of this node's own connections, as they were told. */
  own(): readonly ToldState[]
}

/** One room's presence on the other nodes: tells them of this one's, and hears of theirs. */
export class PresenceNodes {
  readonly #bus: Bus
  readonly #logger: Logger
  readonly #topic: string
  readonly #listener: NodeListener
  readonly #seats = new Map<NodeId, NodeSeat>()
  /** Nodes that have ended, or are not heard of any more, while those who were there may be on their way. */
  readonly #ended = new Map<NodeId, NodeJS.Timeout>()
  /** Nodes that have said what cannot be taken, of which the log has been told. */
  readonly #told = new Set<NodeId>()
  readonly #stops: readonly (() => void)[]

  constructor(bus: Bus, logger: Logger, room: string, listener: NodeListener) {
    this.#bus = bus
    this.#logger = logger
    this.#topic = `presence:${room}`
    this.#listener = listener
    this.#stops = [
      bus.subscribe(this.#topic, (from, message) => this.#hear(from, message)),
      bus.onConnected(() => this.#tellAll(Kind.ask)),
      bus.onGone((node) => this.#end(node)),
    ]
    this.#tellAll(Kind.ask)
  }

  /** Whether another node may have the room open. */
  get heard(): boolean {
    return this.#bus.isHeard(this.#topic)
  }

  /** @param states encoded: what this node's own connections have said */
  tell(states: Uint8Array): void {
    this.#publish(Kind.news, states)
  }

  /**
   * The room is closed here.
   * @param moving some of those who were here are on their way to other nodes, which tell of them
   */
  close(moving: boolean): void {
    for (const stop of this.#stops) stop()
    for (const timer of this.#ended.values()) clearTimeout(timer)
    // Who has just left was not told of yet, and is on no way.
    if (moving) this.#tellAll(Kind.all)
    this.#publish(moving ? Kind.moved : Kind.closed)
  }

  #hear(from: NodeId, message: Uint8Array): void {
    const [kind] = message
    if (kind === Kind.closed) {
      this.#gone(from)
      return
    }
    if (kind === Kind.moved) this.#end(from)
    if (kind === undefined || kind > Kind.ask) return
    const said = this.#taken(from, () => decodeStates(message.subarray(1), BOUNDS))
    if (said === undefined) return
    const states = said.flatMap((one) => this.#taken(from, () => nodeState(one)) ?? [])
    const known = this.#seats.get(from)
    const missed = known === undefined || this.#ended.has(from)
    this.#goesOn(from)
    const seat = known ?? new NodeSeat()
    this.#seats.set(from, seat)
    // One that cannot be taken is there all the same: what was told of it before stands.
    const all = kind === Kind.news ? undefined : new Set(said.map(({ id }) => id))
    this.#listener.hearNode(seat, states, all)
    if (kind === Kind.ask) this.#tellAll(Kind.all)
    // It had been taken for gone, or what it told before was lost.
    else if (kind === Kind.news && missed) this.#tellAll(Kind.ask)
  }

  /** Undefined where it cannot be read, or is more than a node's clients can say. That is another version's, or our mistake. */
  #taken<Read>(from: NodeId, read: () => Read): Read | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof SynclineError)) throw error
      const about = { topic: this.#topic, from: from.slice(0, 8), reason: error.message }
      if (!this.#told.has(from))
        this.#logger.warn(
          about,
          'what a node says of somebody cannot be taken; it is left out, this time and later',
        )
      this.#told.add(from)
      return undefined
    }
  }

  #end(node: NodeId): void {
    if (!this.#seats.has(node)) this.#told.delete(node)
    else if (!this.#ended.has(node)) {
      const over = () => {
        // Who came to another node at a clock that was known of the one that ended was passed over: that one tells it again.
        if (this.#gone(node)) this.#tellAll(Kind.ask)
      }
      this.#ended.set(node, setTimeout(over, ON_THE_WAY).unref())
    }
  }

  #goesOn(node: NodeId): void {
    clearTimeout(this.#ended.get(node))
    this.#ended.delete(node)
  }

  /** Returns whether somebody was there still. */
  #gone(node: NodeId): boolean {
    this.#goesOn(node)
    this.#told.delete(node)
    const seat = this.#seats.get(node)
    if (seat === undefined) return false
    this.#seats.delete(node)
    const some = seat.ids.size > 0
    this.#listener.leaveNode(seat)
    return some
  }

  #tellAll(kind: number): void {
    if (this.heard) this.#publish(kind, encodeStates(this.#listener.own()))
  }

  #publish(kind: number, states?: Uint8Array): void {
    if (!this.heard) return
    const message = encoding.encode((encoder) => {
      encoding.writeUint8(encoder, kind)
      if (states !== undefined) encoding.writeUint8Array(encoder, states)
    })
    this.#bus.publish(this.#topic, message)
  }
}

/** @throws SynclineError `awareness-invalid` */
function nodeState(said: ClientState): NodeState {
  requireBounds(said, BOUNDS)
  const { id, clock, state: json } = said
  if (json === undefined) return { id, clock, state: undefined, json: 'null', user: '' }
  const state = plainState(json, ADDED_VALUES)
  const user = state !== null && isPlain(state.user) ? state.user.id : undefined
  if (state === null || typeof user !== 'string')
    throw new SynclineError('awareness-invalid', 'a state does not say whose it is')
  return { id, clock, state, json: Buffer.from(json.buffer, json.byteOffset, json.length).toString(), user }
}
