import type { WebSocketLike } from '@hocuspocus/server'
import type { RoomLog } from '../log/room-log.ts'
import { isSyncStatus } from './frames.ts'

interface Held {
  readonly position: number
  readonly socket: WebSocketLike
  readonly frame: Uint8Array
}

const OPEN = 1

/**
 * The acknowledgements of one room that wait for the log. The barrier is the room's, not the message's: an
 * acknowledgement goes out when all that this node had integrated at that moment is committed. With a
 * barrier per message, a client that reconnects after a failed append would send an empty SyncStep2 (the
 * server's memory has it all) and be told that it is saved.
 */
export class HeldAcknowledgements {
  readonly #log: RoomLog
  readonly #held: Held[] = []

  constructor(log: RoomLog) {
    this.#log = log
    log.onCommit(() => this.#release())
  }

  /** Sends the frame as soon as everything appended until now is committed: at once, where it is. */
  hold(socket: WebSocketLike, frame: Uint8Array): void {
    const position = this.#log.appended
    if (position <= this.#log.committed) send(socket, frame)
    else this.#held.push({ position, socket, frame })
  }

  #release(): void {
    const { committed } = this.#log
    const waiting = this.#held.findIndex(({ position }) => position > committed)
    const due = this.#held.splice(0, waiting === -1 ? this.#held.length : waiting)
    for (const { socket, frame } of due) send(socket, frame)
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

/** What kind of frame is being handled, as Hocuspocus' `beforeSync` names it. */
type SyncFrame = 'step1' | 'step2' | 'update'

/**
 * What Hocuspocus takes for the WebSocket of one connection to one room. All goes through as it is, but for
 * acknowledgements, which are held; and those of frames that left something pending, which are owed until a
 * SyncStep2 has brought all that the client has.
 */
export class HoldingSocket implements WebSocketLike {
  readonly #socket: WebSocketLike
  readonly #acknowledgements: HeldAcknowledgements
  #handling: SyncFrame = 'step1'
  #gap = false
  #owed: Uint8Array[] = []
  /** A SyncStep2 of this connection was integrated whole: from then on its updates build on what is here. */
  #inSync = false
  readonly #onOutOfStep: () => void
  readonly #onApplied: ((ms: number, now: number) => void) | undefined
  #since = 0

  /** `onApplied` hears how long each frame took that was applied, and, of the same clock, what time it is. */
  constructor(
    socket: WebSocketLike,
    acknowledgements: HeldAcknowledgements,
    onOutOfStep: () => void,
    onApplied?: (ms: number, now: number) => void,
  ) {
    this.#socket = socket
    this.#acknowledgements = acknowledgements
    this.#onOutOfStep = onOutOfStep
    this.#onApplied = onApplied
  }

  get readyState(): number {
    return this.#socket.readyState
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason)
  }

  /** To be called before the frame is applied; the acknowledgement that follows is that frame's. */
  handling(frame: SyncFrame): void {
    this.#handling = frame
    this.#gap = false
    if (this.#onApplied !== undefined) this.#since = performance.now()
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
    if (this.#onApplied !== undefined) {
      const now = performance.now()
      this.#onApplied(now - this.#since, now)
    }
    if (this.#gap) {
      this.#owed.push(frame)
      // Before the handshake's SyncStep2 an update may well build on what that is going to bring. After
      // it, or in it, something was lost on the way: only a new handshake brings it.
      if (this.#inSync || this.#handling === 'step2') this.#onOutOfStep()
      return
    }
    if (this.#handling === 'step2') {
      this.#inSync = true
      for (const owed of this.#owed) this.#acknowledgements.hold(this.#socket, owed)
      this.#owed = []
    }
    this.#acknowledgements.hold(this.#socket, frame)
  }
}
