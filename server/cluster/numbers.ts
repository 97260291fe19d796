/** How far behind the newest one a message may come: a Redis Cluster may let one overtake another. */
const WIDTH = 64
const ALL = (1n << BigInt(WIDTH)) - 1n

/** Which of one sender's messages have come, so that none counts twice. */
export class Numbers {
  #newest: number
  /** The newest is the lowest bit, the one before it the next. */
  #come = 0n

  /**
   * @param newest what has come before is not known any more, and nothing much older counts
   * @param inOrder nothing older is on its way: what comes late has come before
   */
  constructor(newest: number, inOrder: boolean) {
    this.#newest = newest
    if (inOrder) this.#come = ALL
  }

  /** Whether the message is one that has not come yet; from now on it has. */
  take(number: number): boolean {
    if (number > this.#newest) {
      const by = number - this.#newest
      this.#come = by >= WIDTH ? 1n : ((this.#come << BigInt(by)) | 1n) & ALL
      this.#newest = number
      return true
    }
    const back = this.#newest - number
    if (back >= WIDTH) return false
    const bit = 1n << BigInt(back)
    if ((this.#come & bit) !== 0n) return false
    this.#come |= bit
    return true
  }
}
