import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import type { NodeId } from '../bus.ts'
import type { Queryable } from '../storage/transaction.ts'

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NODE_BYTES = 16
const NUMBER_BYTES = 8
const HEAD_BYTES = NODE_BYTES + NUMBER_BYTES
const TAG_BYTES = 16
/** GCM takes twelve bytes; a sender's key is its own, so its numbers are never used twice. */
const NONCE_BYTES = 12
/** Senders whose keys are kept; past that all are made anew. */
const MOST_SENDERS = 1_000

export interface Message {
  readonly from: NodeId
  /** Of its sender's, which number it is, from 1. */
  readonly number: number
  readonly body: Uint8Array
}

/**
 * Seals what goes from node to node with a key that stands in the database: whoever can read Redis must not read documents
 * there, and whoever can write to it must not write into them. Each process has a key of its own, made of that one and
 * its random id. A message can be opened in its own topic alone.
 */
export class Seal {
  readonly #key: Uint8Array
  readonly #keys = new Map<NodeId, KeyObject>()
  #number = 0
  /** Before every topic: other installations on the same Redis have another one, as has a later form of messages. */
  readonly prefix: string

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    this.#key = key
    this.prefix = `syncline:1:${createHmac('sha256', key).update('prefix').digest('hex').slice(0, 16)}:`
  }

  static async of(db: Queryable): Promise<Seal> {
    const { rows } = await db.query<{ value: Buffer }>(`select value from secrets where name = 'cluster'`)
    if (rows[0] === undefined) throw new Error('the database has no key for messages between nodes')
    return new Seal(rows[0].value)
  }

  /** @param from this process: 32 random hexadecimal digits, always the same */
  close(topic: string, from: NodeId, body: Uint8Array): Buffer {
    this.#number += 1
    const head = Buffer.alloc(HEAD_BYTES)
    head.write(from, 0, 'hex')
    head.writeBigUInt64BE(BigInt(this.#number), NODE_BYTES)
    const cipher = createCipheriv(CIPHER, this.#keyOf(from), nonceOf(head)).setAAD(Buffer.from(topic))
    return Buffer.concat([head, cipher.update(body), cipher.final(), cipher.getAuthTag()])
  }

  /** Whether it says that it is from that node: for what need not be opened. */
  isFrom(node: NodeId, sealed: Buffer): boolean {
    return sealed.toString('hex', 0, NODE_BYTES) === node
  }

  /** `undefined` where it was not closed with this key for this topic. */
  open(topic: string, sealed: Buffer): Message | undefined {
    if (sealed.length < HEAD_BYTES + TAG_BYTES) return undefined
    const head = sealed.subarray(0, HEAD_BYTES)
    const from = head.toString('hex', 0, NODE_BYTES)
    const decipher = createDecipheriv(CIPHER, this.#keyOf(from), nonceOf(head), { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(topic)).setAuthTag(sealed.subarray(-TAG_BYTES))
    const opened = decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES))
    try {
      decipher.final()
    } catch {
      // The one thing that it throws for: the tag is not that of these bytes.
      return undefined
    }
    return { from, number: Number(head.readBigUInt64BE(NODE_BYTES)), body: opened }
  }

  #keyOf(node: NodeId): KeyObject {
    const known = this.#keys.get(node)
    if (known !== undefined) return known
    const bytes = hkdfSync('sha256', this.#key, Buffer.from(node, 'hex'), 'messages of a node', KEY_BYTES)
    const key = createSecretKey(Buffer.from(bytes))
    if (this.#keys.size >= MOST_SENDERS) this.#keys.clear()
    this.#keys.set(node, key)
    return key
  }
}

function nonceOf(head: Buffer): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  head.copy(nonce, NONCE_BYTES - NUMBER_BYTES, NODE_BYTES)
  return nonce
}
