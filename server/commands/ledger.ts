import { createDecoder, readVarInt, readVarString, readVarUint } from 'lib0/decoding'

const SYNC = 0
const SYNC_REPLY = 4
const SYNC_STATUS = 8
const SYNC_STEP_2 = 1
const UPDATE = 2

/**
 * Which of a client's edits the server has acknowledged, read off the wire. The provider's own `unsyncedChanges`
 * is a bare counter that a reconnection resets, so it can reach nought while edits are still on their way.
 */
export class Ledger {
  #made = 0
  #acknowledged = 0
  readonly #changed: () => void

  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** Edits made so far; call `made` before the edit is handed to the provider. */
  made(): void {
    this.#made += 1
  }

  get pending(): number {
    return this.#made - this.#acknowledged
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  /** A WebSocket class for one provider, that writes this ledger. */
  socketClass(): typeof WebSocket {
    const sent = (): number => this.#made
    const acknowledge = (count: number): void => {
      if (count > this.#acknowledged) this.#acknowledged = count
      this.#changed()
    }
    return class extends WebSocket {
      // One entry a counted frame, in the order sent: how many edits its acknowledgement vouches for.
      readonly #unanswered: number[] = []
      #next = 0
      #caughtUp = false

      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols)
        this.addEventListener('message', ({ data }) => this.#received(new Uint8Array(data)))
      }

      override send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
        if (data instanceof Uint8Array) this.#sending(data)
        super.send(data as Parameters<WebSocket['send']>[0])
      }

      #sending(frame: Uint8Array): void {
        const decoder = createDecoder(frame)
        readVarString(decoder)
        const type = readVarUint(decoder)
        if (type !== SYNC && type !== SYNC_REPLY) return
        const step = readVarUint(decoder)
        if (step === SYNC_STEP_2) this.#caughtUp = true
        // Before the SyncStep2 of this connection, an update says nothing of what an earlier connection lost.
        if (step === SYNC_STEP_2 || step === UPDATE) this.#unanswered.push(this.#caughtUp ? sent() : 0)
      }

      #received(frame: Uint8Array): void {
        const decoder = createDecoder(frame)
        readVarString(decoder)
        if (readVarUint(decoder) !== SYNC_STATUS || readVarInt(decoder) !== 1) return
        const covers = this.#unanswered[this.#next] ?? 0
        this.#next += 1
        if (this.#next > 1024) {
          this.#unanswered.splice(0, this.#next)
          this.#next = 0
        }
        acknowledge(covers)
      }
    }
  }
}
