interface Stream {
  /** @param data JSON */
  signal(type: string, data: string): void
}

/** The event streams that are open on this node, for what is told to who is there, and stored nowhere. */
export class Streams {
  readonly #open = new Map<string, Set<Stream>>()

  /** The rooms of which somebody reads a stream here. */
  get rooms(): Iterable<string> {
    return this.#open.keys()
  }

  add(room: string, stream: Stream): void {
    const all = this.#open.get(room) ?? new Set()
    this.#open.set(room, all.add(stream))
  }

  remove(room: string, stream: Stream): void {
    const all = this.#open.get(room)
    all?.delete(stream)
    if (all?.size === 0) this.#open.delete(room)
  }

  /** Once, or never where somebody does not keep up. */
  sendHere(room: string, type: string, payload: unknown): void {
    const all = this.#open.get(room)
    if (all === undefined) return
    const data = JSON.stringify(payload)
    for (const stream of [...all]) stream.signal(type, data)
  }
}
