/** While more than this waits for somebody, over all of their WebSockets, no further document is put behind it, in bytes. */
const MOST = 64 * 1024 * 1024

/** Whole documents that wait to be sent to one person: each may be large, and nobody has to read. */
export class Owed {
  readonly #listeners = new Set<() => void>()
  #bytes = 0

  get full(): boolean {
    return this.#bytes > MOST
  }

  add(bytes: number): void {
    this.#bytes += bytes
  }

  /** So much was taken, or is lost with its WebSocket. */
  remove(bytes: number): void {
    const { full } = this
    this.#bytes -= bytes
    if (full && !this.full) for (const listener of [...this.#listeners]) listener()
  }

  /** Calls back whenever there is room again. Returns what stops it. */
  onRoom(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** The part of it that waits over one WebSocket, which is one person's, as a rule. */
export class OwedHere {
  #bytes = 0
  #person: Owed | undefined
  #stop: () => void = () => undefined

  get bytes(): number {
    return this.#bytes
  }

  /** Whether no further document may wait. */
  get full(): boolean {
    return this.#person?.full === true
  }

  belongs(person: Owed, onRoom: () => void): void {
    if (this.#person !== undefined) return
    this.#person = person
    this.#stop = person.onRoom(onRoom)
  }

  add(bytes: number): void {
    this.#bytes += bytes
    this.#person?.add(bytes)
  }

  taken(): void {
    const bytes = this.#bytes
    this.#bytes = 0
    this.#person?.remove(bytes)
  }

  closed(): void {
    this.#stop()
    this.taken()
  }
}
