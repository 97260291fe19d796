import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { NodeId } from '../bus.ts'
import type { Queryable } from '../storage/transaction.ts'

const NODE_BYTES = 16
const TAG_BYTES = 16

export interface Message {
  readonly from: NodeId
  readonly body: Uint8Array
}

/**
 * Signs what goes from node to node with the key that all nodes on this database have: whoever can write to Redis must
 * not be able to write into a document. A message is good in its own topic alone. One that is sent a second time is
 * harmless: an entry has its place in the log, and presence its clock.
 */
export class Seal {
  /** Made once: 6 µs a message, where a key in bytes is made anew each time and takes 28. */
  readonly #key: KeyObject
  /** Before every topic: other installations on the same Redis have another one. */
  readonly prefix: string

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key)
    this.prefix = `syncline:${createHmac('sha256', key).update('prefix').digest('hex').slice(0, 16)}:`
  }

  static async of(db: Queryable): Promise<Seal> {
    const { rows } = await db.query<{ value: Buffer }>(`select value from secrets where name = 'cluster'`)
    if (rows[0] === undefined) throw new Error('the database has no key for messages between nodes')
    return new Seal(rows[0].value)
  }

  /** @param from 32 hexadecimal digits */
  close(topic: string, from: NodeId, body: Uint8Array): Buffer {
    const sealed = Buffer.allocUnsafe(TAG_BYTES + NODE_BYTES + body.length)
    sealed.write(from, TAG_BYTES, 'hex')
    sealed.set(body, TAG_BYTES + NODE_BYTES)
    this.#tag(topic, sealed.subarray(TAG_BYTES)).copy(sealed, 0, 0, TAG_BYTES)
    return sealed
  }

  /** Whether it says that it is from that node: for what need not be opened. */
  isFrom(node: NodeId, sealed: Buffer): boolean {
    return sealed.toString('hex', TAG_BYTES, TAG_BYTES + NODE_BYTES) === node
  }

  /** `undefined` where it was not closed with this key for this topic. */
  open(topic: string, sealed: Buffer): Message | undefined {
    if (sealed.length < TAG_BYTES + NODE_BYTES) return undefined
    const signed = sealed.subarray(TAG_BYTES)
    const tag = this.#tag(topic, signed).subarray(0, TAG_BYTES)
    if (!timingSafeEqual(tag, sealed.subarray(0, TAG_BYTES))) return undefined
    return { from: signed.toString('hex', 0, NODE_BYTES), body: signed.subarray(NODE_BYTES) }
  }

  #tag(topic: string, signed: Uint8Array): Buffer {
    // No topic holds a line break, so none goes over into what follows.
    return createHmac('sha256', this.#key).update(`${topic}\n`).update(signed).digest()
  }
}
