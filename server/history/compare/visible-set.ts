/** Bits of a word, as a power of two. */
const WORD = 5

/** Which characters of a text are there at a time; each question and each change takes a few steps, however long it is. */
export class VisibleSet {
  /** A bit a character; above it a bit for each word that has any, and so on up to a single word. */
  readonly #levels: Uint32Array[] = []

  constructor(length: number) {
    for (let bits = length; this.#levels.length === 0 || bits > 1; ) {
      bits = Math.max(1, Math.ceil(bits / (1 << WORD)))
      this.#levels.push(new Uint32Array(bits))
    }
  }

  add(index: number): void {
    let at = index
    for (const words of this.#levels) {
      const word = at >>> WORD
      words[word] = (words[word] ?? 0) | (1 << (at & 31))
      at = word
    }
  }

  delete(index: number): void {
    let at = index
    for (const words of this.#levels) {
      const word = at >>> WORD
      const left = (words[word] ?? 0) & ~(1 << (at & 31))
      words[word] = left
      if (left !== 0) return
      at = word
    }
  }

  /** The next one at `index` or after it; -1 where there is none. */
  from(index: number): number {
    let at = index
    for (let level = 0; level < this.#levels.length; level += 1) {
      const word = at >>> WORD
      const found = (this.#word(level, word) & (-1 << (at & 31))) >>> 0
      if (found !== 0) return this.#down(level, (word << WORD) + 31 - Math.clz32(found & -found), lowest)
      at = word + 1
    }
    return -1
  }

  /** The last one before `index`; -1 where there is none. */
  before(index: number): number {
    let at = index
    for (let level = 0; level < this.#levels.length && at > 0; level += 1) {
      const last = at - 1
      const word = last >>> WORD
      const found = (this.#word(level, word) & (-1 >>> (31 - (last & 31)))) >>> 0
      if (found !== 0) return this.#down(level, (word << WORD) + 31 - Math.clz32(found), highest)
      at = word
    }
    return -1
  }

  #down(level: number, index: number, end: (word: number) => number): number {
    let at = index
    for (let below = level - 1; below >= 0; below -= 1) at = (at << WORD) + end(this.#word(below, at))
    return at
  }

  #word(level: number, word: number): number {
    return this.#levels[level]?.[word] ?? 0
  }
}

const lowest = (word: number): number => 31 - Math.clz32(word & -word)
const highest = (word: number): number => 31 - Math.clz32(word)
