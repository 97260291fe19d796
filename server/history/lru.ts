/** Values kept while they fit, those used longest ago dropped first. */
export class Lru<Key, Value> {
  readonly #values = new Map<Key, { readonly value: Value; bytes: number }>()
  readonly #limit: number
  #bytes = 0

  /** @param limit bytes of all values together; the newest stays whatever it takes */
  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: Key): Value | undefined {
    const found = this.#values.get(key)
    if (found === undefined) return undefined
    this.#values.delete(key)
    this.#values.set(key, found)
    return found.value
  }

  /** Puts a value in, or says that one takes more or less than it did. */
  set(key: Key, value: Value, bytes: number): void {
    this.delete(key)
    this.#values.set(key, { value, bytes })
    this.#bytes += bytes
    for (const oldest of this.#values.keys()) {
      if (this.#bytes <= this.#limit || oldest === key) break
      this.delete(oldest)
    }
  }

  /** Drops all whose keys are such. */
  deleteWhere(which: (key: Key) => boolean): void {
    for (const key of [...this.#values.keys()].filter(which)) this.delete(key)
  }

  delete(key: Key): void {
    this.#bytes -= this.#values.get(key)?.bytes ?? 0
    this.#values.delete(key)
  }
}
