import { SynclineError } from '../errors.ts'

/** As much as before a first token, in bytes. */
const MOST = 1024 * 1024

/** What came over a WebSocket for rooms into which nobody was let over it yet: most of them are asked for in a moment. */
export class Ahead {
  readonly #rooms = new Map<string, number>()
  #bytes = 0

  /** @throws SynclineError `rate-limited` */
  came(address: string, bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > MOST) throw new SynclineError('rate-limited')
    this.#rooms.set(address, (this.#rooms.get(address) ?? 0) + bytes)
  }

  /** It is joined now, or nothing of it is kept. */
  forget(address: string): void {
    this.#bytes -= this.#rooms.get(address) ?? 0
    this.#rooms.delete(address)
  }
}
