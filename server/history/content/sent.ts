import type { RoomId, Seq } from '../../log/entry.ts'
import { Lru } from '../lru.ts'
import { Shared } from '../workers/shared.ts'
import type { Format } from './convert.ts'

/** Positions that were read last, as they were sent, in bytes. */
const CACHE_BYTES = 64 * 1024 * 1024

export interface PositionContent {
  readonly seq: Seq
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** A position never changes: it is kept as it was sent, and made once for all who ask meanwhile. */
export class SentPositions {
  readonly #cache = new Lru<string, PositionContent>(CACHE_BYTES)
  readonly #reading = new Shared<string, PositionContent>()

  /** @param make makes its bytes, where they are not there; it may give up once nobody waits for them any more */
  async read(
    room: RoomId,
    seq: Seq,
    format: Format,
    signal: AbortSignal | undefined,
    make: (abandoned: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>,
  ): Promise<PositionContent> {
    const key = `${room}/${seq}/${format}`
    const known = this.#cache.get(key)
    if (known !== undefined) return known
    return this.#reading.ask(key, signal, async (abandoned) => {
      const content = { seq, bytes: await make(abandoned) }
      this.#cache.set(key, content, content.bytes.length)
      return content
    })
  }

  /** Keeps nothing of a room, or of any. What is being made just now is kept when it comes. */
  forget(room: RoomId | undefined): void {
    this.#cache.deleteWhere((key) => room === undefined || key.startsWith(`${room}/`))
  }
}
