import type { Connection } from '@hocuspocus/server'
import type { SynclineError } from '../errors.ts'
import type { FirstSync } from './first-sync.ts'
import { readSyncStep1, type SyncStep1, SyncType, syncFrame } from './frames.ts'
import { begin, spent } from './processor-time.ts'
import { toSynclineError } from './refusal.ts'

/** Questions that are kept; a client asks one a room. */
const MOST = 200
/** The largest of them, in bytes: thousands of authors. What is larger, Hocuspocus queues within its own bounds. */
const LARGEST = 64 * 1024

export interface FirstQuestionOptions {
  readonly rooms: ReadonlyMap<string, Connection>
  readonly firstSync: FirstSync
  /** Whether a connection that stands may still read its room. */
  readonly mayAsk: (connection: Connection) => boolean
  /** Whether a whole document may be sent now. */
  readonly maySend: () => boolean
  /** So much time of a processor was spent on an answer, in ms. */
  readonly applied: (ms: number, now: number) => void
  /** What had waited could not be answered: nobody else would hear of it. */
  readonly failed: (error: SynclineError) => void
}

/**
 * What a WebSocket asks of each room first ("this is what I have"). It waits where the room is still being opened, and
 * where no further document may wait to be sent.
 */
export class FirstQuestions {
  readonly #options: FirstQuestionOptions
  /** Most never have one. */
  #asked: Map<string, SyncStep1> | undefined

  constructor(options: FirstQuestionOptions) {
    this.#options = options
  }

  /** Takes the frame if it is a first question; false leaves it to Hocuspocus. */
  take(frame: Uint8Array): boolean {
    const question = readSyncStep1(frame)
    if (question === undefined) return false
    const { rooms, mayAsk, maySend } = this.#options
    const connection = rooms.get(question.address)
    if (connection !== undefined) {
      if (!mayAsk(connection)) return false // Hocuspocus' way goes through the hooks, which refuse it
      if (maySend()) {
        this.#reply(connection, question)
        return true
      }
    }
    this.#asked ??= new Map()
    if (frame.length > LARGEST) return false
    if (this.#asked.size >= MOST && !this.#asked.has(question.address)) return false
    this.#asked.set(question.address, question)
    return true
  }

  /** Answers what waits, of one room or of all, as far as it may be. */
  answer(addresses: Iterable<string> = [...(this.#asked?.keys() ?? [])]): void {
    const { rooms, mayAsk, maySend, failed } = this.#options
    for (const address of addresses) {
      const asked = this.#asked?.get(address)
      const connection = rooms.get(address)
      if (asked === undefined || connection === undefined || !maySend()) continue
      this.#asked?.delete(address)
      try {
        if (mayAsk(connection)) this.#reply(connection, asked)
        else connection.handleMessage(syncFrame(address, SyncType.step1, asked.stateVector))
      } catch (error) {
        failed(toSynclineError(error))
      }
    }
  }

  /** The room is denied: nothing of it is kept. */
  forget(address: string): void {
    this.#asked?.delete(address)
  }

  #reply(connection: Connection, question: SyncStep1): void {
    const began = begin()
    this.#options.firstSync.answer(connection, question)
    const now = performance.now()
    this.#options.applied(spent(began, now), now)
  }
}
