import type { WebSocketLike } from '@hocuspocus/server'
import type { Incoming } from '../documents/logged-update.ts'
import type { RoomLog } from '../log/room-log.ts'
import { isSyncStatus } from './frames.ts'
import { begin, spent } from './processor-time.ts'
import { type RoomWatch, UNWATCHED } from './room-watch.ts'
import { OPEN } from './wire.ts'

interface Held {
  readonly position: number
  /** When its frame began to be handled (performance.now). */
  readonly since: number
  readonly socket: WebSocketLike
  readonly frame: Uint8Array
}

/** The last byte of a SyncStatus that says that nothing was applied. */
const REFUSED = 0

/**
 * The acknowledgements of one room that wait for the log. The barrier is the room's, not the message's: an
 * acknowledgement goes out when all that this node had integrated at that moment is committed. With a
 * barrier per message, a client that reconnects after a failed append would send an empty SyncStep2 (the
 * server's memory has it all) and be told that it is saved.
 */
export class HeldAcknowledgements {
  readonly #log: RoomLog
  readonly #watch: RoomWatch
  readonly #held: Held[] = []
  readonly #unfollow: () => void

  constructor(log: RoomLog, watch = UNWATCHED) {
    this.#log = log
    this.#watch = watch
    this.#unfollow = log.onCommit(() => this.#release())
  }

  /** Sends the frame as soon as everything appended until now is committed: at once, where it is. */
  hold(socket: WebSocketLike, frame: Uint8Array, since: number): void {
    const position = this.#log.appended
    if (position <= this.#log.committed) {
      send(socket, frame)
      return
    }
    this.#held.push({ position, since, socket, frame })
    this.#watch.held(1)
  }

  /** Releases nothing any more. */
  stop(): void {
    this.#unfollow()
    this.#watch.held(-this.#held.length)
    this.#held.length = 0
  }

  #release(): void {
    const { committed } = this.#log
    const waiting = this.#held.findIndex(({ position }) => position > committed)
    const due = this.#held.splice(0, waiting === -1 ? this.#held.length : waiting)
    if (due.length === 0) return
    this.#watch.held(-due.length)
    const now = performance.now()
    for (const { since, socket, frame } of due) {
      send(socket, frame)
      this.#watch.acknowledged(now - since)
    }
  }
}

function send(socket: WebSocketLike, frame: Uint8Array): void {
  if (socket.readyState !== OPEN) return
  try {
    socket.send(frame)
  } catch {
    // An acknowledgement that is lost is asked for again by the next handshake; one sent twice would be a lie.
    socket.close(1011, 'internal')
  }
}

/** A frame that is being handled: what kind Hocuspocus' `beforeSync` calls it, and what it brings. */
export interface HandledFrame extends Incoming {
  readonly kind: 'step1' | 'step2' | 'update'
  /** When it began to be handled (performance.now). */
  readonly since: number
}

/** What a frame was, and what it has written. */
export type Written = Pick<HandledFrame, 'kind' | 'runs'>

const NOTHING: HandledFrame = { kind: 'step1', update: new Uint8Array(), runs: [], since: 0 }

export interface HoldingSocketEvents {
  /**
   * Whether the document is whole after a frame, and has all of its runs. Where not, nothing is acknowledged.
   */
  readonly sound: (written: Written) => boolean
  /** Whether the document has all of an update by now. */
  readonly holds: (update: Incoming) => boolean
  /** Something was lost on the way: only a new handshake brings it. */
  readonly outOfStep: () => void
  /** Hears what a frame took that was applied, in ms of a processor, and what time it is (performance.now). */
  readonly applied?: ((ms: number, now: number) => void) | undefined
}

/** What a client may owe before its SyncStep2: bytes, and the time in ms. */
const PENDING = { bytes: 256 * 1024, within: 10_000 }

interface Owed {
  readonly frame: Uint8Array
  /** What was left with its sender; undefined of what was applied after it. */
  readonly missing: Incoming | undefined
}

/**
 * What Hocuspocus takes for the WebSocket of one connection to one room. All goes through as it is, but for
 * acknowledgements, which are held. Those of frames that left something pending are owed until a SyncStep2 has brought
 * all that the client has, and so are all after them: a client knows by their order which frame each is for. A provider
 * sends what is typed as its WebSocket opens before what was typed while there was none; answered as it came, the first
 * of the latter stood for the former, and so for all between them.
 */
export class HoldingSocket implements WebSocketLike {
  readonly #socket: WebSocketLike
  readonly #acknowledgements: HeldAcknowledgements
  readonly #events: HoldingSocketEvents
  #handling = NOTHING
  #gap = false
  readonly #owed: Owed[] = []
  #owedBytes = 0
  #overdue: NodeJS.Timeout | undefined
  /** A SyncStep2 of this connection was integrated whole: from then on its updates build on what is here. */
  #inSync = false
  /** A SyncStep2 came that did not bring what is owed: an unchanged provider sends one such, and looking for it costs. */
  #stale = false
  #began = 0

  constructor(socket: WebSocketLike, acknowledgements: HeldAcknowledgements, events: HoldingSocketEvents) {
    this.#socket = socket
    this.#acknowledgements = acknowledgements
    this.#events = events
  }

  get readyState(): number {
    return this.#socket.readyState
  }

  /** What is being applied. */
  get incoming(): Incoming {
    return this.#handling
  }

  close(code?: number, reason?: string): void {
    this.closed()
    this.#socket.close(code, reason)
  }

  /** The connection has gone: nothing is waited for any more. */
  closed(): void {
    clearTimeout(this.#overdue)
  }

  /** To be called before the frame is applied; the acknowledgement that follows is that frame's. */
  handling(frame: HandledFrame): void {
    this.#handling = frame
    this.#gap = false
    if (this.#events.applied !== undefined) this.#began = begin()
  }

  /** To be called while the frame is applied, where part of it could not be integrated. */
  leftGap(): void {
    this.#gap = true
  }

  send(data: Parameters<WebSocketLike['send']>[0]): void {
    if (data instanceof Uint8Array && isSyncStatus(data)) this.#acknowledge(data)
    else this.#socket.send(data)
  }

  #acknowledge(frame: Uint8Array): void {
    if (this.#events.applied !== undefined) {
      const now = performance.now()
      this.#events.applied(spent(this.#began, now), now)
    }
    const handled = this.#handling
    const { kind, runs, since } = handled
    // It may be large, and the next one far away.
    this.#handling = NOTHING
    if (frame.at(-1) === REFUSED) {
      this.#answer(frame, since)
      return
    }
    if (!this.#events.sound({ kind, runs: this.#gap ? [] : runs })) return
    if (this.#gap) {
      this.#owe(frame, handled)
      return
    }
    // One that answers a question of an earlier connection may bring less than was sent since.
    if (kind === 'step2' && this.#bringsOwed()) {
      this.#inSync = true
      clearTimeout(this.#overdue)
      for (const owed of this.#owed.splice(0)) this.#acknowledgements.hold(this.#socket, owed.frame, since)
    }
    this.#answer(frame, since)
  }

  #bringsOwed(): boolean {
    if (this.#owed.every(({ missing }) => missing === undefined || this.#events.holds(missing))) return true
    if (this.#stale) this.#events.outOfStep()
    this.#stale = true
    return false
  }

  /** Behind what is owed. */
  #answer(frame: Uint8Array, since: number): void {
    if (this.#owed.length > 0) this.#owed.push({ frame, missing: undefined })
    else this.#acknowledgements.hold(this.#socket, frame, since)
  }

  /**
   * Before the handshake's SyncStep2 an update may well build on what that is going to bring, if it comes
   * soon. After it, or in it, something was lost.
   */
  #owe(frame: Uint8Array, { kind, update, runs }: HandledFrame): void {
    if (this.#owed.length === 0) {
      this.#overdue = setTimeout(() => this.#events.outOfStep(), PENDING.within)
      this.#overdue.unref()
    }
    this.#owed.push({ frame, missing: { update, runs } })
    this.#owedBytes += update.length
    if (this.#inSync || kind === 'step2' || this.#owedBytes > PENDING.bytes) {
      this.#events.outOfStep()
    }
  }
}
