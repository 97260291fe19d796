import type * as Y from 'yjs'

/** Plain values by name in a room's document, `T` being what they are: shared, merged, kept; no events. */
export class SharedMap<T extends object> {
  readonly #map: Y.Map<unknown>
  #plain: Readonly<Partial<T>> | undefined

  constructor(map: Y.Map<unknown>) {
    this.#map = map
    map.observeDeep(() => {
      this.#plain = undefined
    })
  }

  get<Key extends keyof T & string>(key: Key): T[Key] | undefined {
    return this.getState()[key]
  }

  /** @param value plain data: what JSON can say */
  set<Key extends keyof T & string>(key: Key, value: T[Key]): void {
    this.#map.set(key, value)
  }

  delete(key: keyof T & string): void {
    this.#map.delete(key)
  }

  /** All of it, the same object until something changes. */
  getState = (): Readonly<Partial<T>> => {
    // Others may have written anything: the type is what this application agrees on with itself.
    this.#plain ??= this.#map.toJSON() as Partial<T>
    return this.#plain
  }

  /** Calls back after a change, ours or another's. Returns what stops it. */
  subscribe = (listener: () => void): (() => void) => {
    const changed = (): void => listener()
    this.#map.observeDeep(changed)
    return () => this.#map.unobserveDeep(changed)
  }
}
