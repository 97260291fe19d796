import { backoff } from '../backoff.ts'
import { reasonOf } from '../reason.ts'

/** Up to where one has read a room, and what tells the server of it. */
export class ReadPosition {
  readonly #tell: (seq: number) => Promise<unknown>
  readonly #mayRepeat: () => boolean
  #timer: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  /** Up to where it was said, and is to be said, that one has read. */
  #said = 0
  #read = 0

  /** @param mayRepeat whether it is to be said once more where it was not heard */
  constructor(tell: (seq: number) => Promise<unknown>, mayRepeat: () => boolean) {
    this.#tell = tell
    this.#mayRepeat = mayRepeat
  }

  /** One has read up to there. */
  move(seq: number): void {
    if (seq <= this.#read) return
    this.#read = seq
    void this.say()
  }

  /** The server knows that one has read up to there, here or elsewhere. */
  known(seq: number): void {
    this.#said = Math.max(this.#said, seq)
    this.#read = Math.max(this.#read, seq)
  }

  /** Says what has not been said. */
  async say(): Promise<void> {
    const seq = this.#read
    this.stop()
    if (seq <= this.#said) return
    const before = this.#said
    this.#said = seq
    try {
      await this.#tell(seq)
      this.#failures = 0
    } catch (error) {
      if (this.#said === seq) this.#said = before
      if (!reasonOf(error).retryable || !this.#mayRepeat()) return
      this.stop()
      this.#timer = setTimeout(() => void this.say(), backoff(this.#failures))
      this.#failures += 1
    }
  }

  /** It is not said again. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}
