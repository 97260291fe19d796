import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import { SynclineError } from '../errors.ts'
import type { Queryable } from '../storage/transaction.ts'

const CIPHER = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16

/** Where a list goes on, as whoever asks for the next page says it. */
export const cursorSchema = z.string().regex(/^[\w-]{59}$/, 'must be the next of an earlier page')

/**
 * Seals the places at which lists go on, two whole numbers with a point between: such a place may be a room that
 * whoever holds the cursor may not know of.
 */
export class Cursors {
  readonly #key: Uint8Array

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** With the key that all nodes on this database have. */
  static async of(db: Queryable): Promise<Cursors> {
    const { rows } = await db.query<{ value: Buffer }>(`select value from secrets where name = 'cursors'`)
    if (rows[0] === undefined) throw new Error('the database has no key for cursors')
    return new Cursors(rows[0].value)
  }

  /** @param list of which list; a cursor of another one is refused */
  seal(list: string, place: string): string {
    const plain = Buffer.from(BigInt64Array.from(place.split('.'), BigInt).buffer)
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv(CIPHER, this.#key, iv).setAAD(Buffer.from(list))
    return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString(
      'base64url',
    )
  }

  /** @throws SynclineError `request-invalid` */
  open(list: string, cursor: string): string {
    const bytes = Buffer.from(cursor, 'base64url')
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, IV_BYTES), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAAD(Buffer.from(list)).setAuthTag(bytes.subarray(-TAG_BYTES))
    try {
      const plain = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
      return new BigInt64Array(Uint8Array.from(plain).buffer).join('.')
    } catch (cause) {
      throw new SynclineError('request-invalid', 'query: after must be the next of an earlier page', {
        cause,
      })
    }
  }
}
