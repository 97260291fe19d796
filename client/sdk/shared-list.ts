import type * as Y from 'yjs'

/** Plain values in an order in a room's document: shared, merged, kept; no events. */
export class SharedList<T> {
  readonly #array: Y.Array<unknown>
  #plain: readonly T[] | undefined

  constructor(array: Y.Array<unknown>) {
    this.#array = array
    array.observeDeep(() => {
      this.#plain = undefined
    })
  }

  get length(): number {
    return this.#array.length
  }

  get(index: number): T | undefined {
    return this.getState()[index]
  }

  /** @param values plain data: what JSON can say */
  push(...values: readonly T[]): void {
    this.#array.push([...values])
  }

  insert(index: number, ...values: readonly T[]): void {
    this.#array.insert(index, [...values])
  }

  /** Puts another in its place, for all at once. Where two do so at the same time, both of theirs stay. */
  set(index: number, value: T): void {
    const replace = (): void => {
      this.#array.delete(index, 1)
      this.#array.insert(index, [value])
    }
    if (this.#array.doc === null) replace()
    else this.#array.doc.transact(replace)
  }

  delete(index: number, count = 1): void {
    this.#array.delete(index, count)
  }

  /** All of it, the same array until something changes. */
  getState = (): readonly T[] => {
    // Others may have written anything: the type is what this application agrees on with itself.
    this.#plain ??= this.#array.toJSON() as T[]
    return this.#plain
  }

  /** Calls back after a change, ours or another's. Returns what stops it. */
  subscribe = (listener: () => void): (() => void) => {
    const changed = (): void => listener()
    this.#array.observeDeep(changed)
    return () => this.#array.unobserveDeep(changed)
  }
}
