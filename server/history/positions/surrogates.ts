import { Buffer } from 'node:buffer'
import type { Seq } from '../../log/entry.ts'
import { Content, readUpdate, type Struct } from '../updates/structs.ts'
import type { ChangeIndex } from './change-index.ts'

/** A character of two UTF-16 code units, the first of which has an id of its own, and the second the next. */
interface Pair {
  readonly text: string
  /** The clients and clocks of items that stand between the two: whoever put them there cut the character. */
  readonly cuts: { readonly client: number; readonly clock: number }[]
}

const NEVER = Number.POSITIVE_INFINITY

/**
 * Characters beyond the BMP that somebody may have cut in two. Yjs writes U+FFFD over both halves of one, for ever,
 * when an item is put between them or only one is deleted. A document that holds all positions has lost the
 * character for those before the cut too; here it is kept, with when it was cut.
 */
export class SurrogatePairs {
  readonly #clients = new Map<number, Map<number, Pair>>()
  readonly #changes: ChangeIndex

  constructor(changes: ChangeIndex) {
    this.#changes = changes
  }

  /** Takes an update. One that is not `wide` only matters where there are pairs to cut. */
  add(update: Uint8Array, wide: boolean): void {
    if (!wide && this.#clients.size === 0) return
    const { structs } = readUpdate(update)
    for (const struct of structs) if (struct.content === Content.text) this.#addText(update, struct)
    for (const { client, clock, origin, rightOrigin } of structs) {
      // Who types on puts nothing between.
      const typedOn = origin?.client === client && origin.clock === clock - 1
      if (origin !== undefined && !typedOn)
        this.#pair(origin.client, origin.clock)?.cuts.push({ client, clock })
      if (rightOrigin !== undefined)
        this.#pair(rightOrigin.client, rightOrigin.clock - 1)?.cuts.push({ client, clock })
    }
  }

  /** The text of visible ids from `clock` on as it was at a position, from how the whole document has it. */
  restore(text: string, client: number, clock: number, seq: Seq): string {
    const pairs = this.#clients.get(client)
    if (pairs === undefined || !/[\ud800-\udfff\ufffd]/.test(text)) return text
    const units = text.split('')
    for (let index = -1; index < units.length; index += 1) {
      const pair = pairs.get(clock + index)
      if (pair === undefined) continue
      const cut = this.#cutBy(client, clock + index, pair) <= seq
      if (index >= 0) units[index] = cut ? '\ufffd' : pair.text.charAt(0)
      if (index + 1 < units.length) units[index + 1] = cut ? '\ufffd' : pair.text.charAt(1)
    }
    return units.join('')
  }

  /** The first entry that cut a pair, by what it put between the halves or by deleting one of them alone. */
  #cutBy(client: number, clock: number, { cuts }: Pair): Seq {
    const first = this.#changes.deletedBy(client, clock) || NEVER
    const second = this.#changes.deletedBy(client, clock + 1) || NEVER
    const deleted = first === second ? NEVER : Math.min(first, second)
    return Math.min(deleted, ...cuts.map((cut) => this.#changes.insertedBy(cut.client, cut.clock).seq))
  }

  #addText(update: Uint8Array, { client, clock, payload, end }: Struct): void {
    const bytes = update.subarray(payload, end)
    const text = Buffer.from(bytes.subarray(bytes.findIndex((byte) => byte < 0x80) + 1)).toString()
    for (const { 0: pair, index } of text.matchAll(/[\ud800-\udbff][\udc00-\udfff]/g)) {
      const pairs = this.#clients.get(client) ?? new Map<number, Pair>()
      this.#clients.set(client, pairs)
      pairs.set(clock + index, { text: pair, cuts: [] })
    }
  }

  #pair(client: number, clock: number): Pair | undefined {
    return this.#clients.get(client)?.get(clock)
  }
}
