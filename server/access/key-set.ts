import { createPublicKey, type KeyObject } from 'node:crypto'
import jwksRsa from 'jwks-rsa'
import { algorithmOf } from '../config.ts'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import { requestJson } from './request-json.ts'
import type { VerificationKey } from './token.ts'

/** A set this old is fetched again, in ms: a key that was taken out of it is good for no longer than this. */
const FRESH_FOR = 10 * 60_000
/** While the address does not answer, keys that it listed are trusted for this long, in ms. */
const TRUSTED_FOR = 24 * 60 * 60_000
/** Between two fetches, in ms, whoever asks for whatever key: strangers choose the `kid` of their tokens. */
const FETCH_EVERY = 5_000

const MAX_SET_BYTES = 1024 * 1024
const MAX_KEYS = 100
const MAX_KID_LENGTH = 256

export interface KeySetOptions {
  readonly url: string
  readonly logger: Logger
  readonly now?: () => number
}

/**
 * The keys that an address lists, by their `kid`. The set is kept whole, where jwks-rsa's own cache keeps one key
 * at a time and shares its rate limit with strangers' inventions: with ten of those a minute, a known key that was
 * due for a refresh was refused.
 */
export class KeySet {
  readonly #client: jwksRsa.JwksClient
  readonly #logger: Logger
  readonly #now: () => number
  #keys: ReadonlyMap<string, VerificationKey> = new Map()
  /** When the set was last had, and when it was last asked for. */
  #fetchedAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #fetching: Promise<void> | undefined

  constructor({ url, logger, now = Date.now }: KeySetOptions) {
    this.#logger = logger
    this.#now = now
    this.#client = new jwksRsa.JwksClient({
      jwksUri: url,
      cache: false,
      fetcher: async (address) => {
        const headers = { accept: 'application/jwk-set+json, application/json' }
        const set = await requestJson(address, { method: 'GET', headers, maxBytes: MAX_SET_BYTES })
        return { keys: keysOf(set) }
      },
    })
  }

  /**
   * The key of this name: at once where it is known, after a fetch where it may be new.
   * @throws SynclineError `token-invalid` where the set has no such key, `authorization-unavailable` where nobody knows.
   */
  key(kid: unknown): VerificationKey | Promise<VerificationKey> {
    if (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH) {
      throw new SynclineError('token-invalid', 'it does not name its key')
    }
    const age = this.#now() - this.#fetchedAt
    const known = age < TRUSTED_FOR ? this.#keys.get(kid) : undefined
    if (known === undefined) return this.#afterFetch(kid)
    if (age > FRESH_FOR) void this.#fetch()
    return known
  }

  async #afterFetch(kid: string): Promise<VerificationKey> {
    await this.#fetch()
    const key = this.#keys.get(kid)
    const age = this.#now() - this.#fetchedAt
    if (key !== undefined && age < TRUSTED_FOR) return key
    // The last word of the address was that there is no such key, or there was no word.
    if (this.#fetchedAt < this.#askedAt) throw new SynclineError('authorization-unavailable')
    throw new SynclineError('token-invalid', 'no key is known by that name')
  }

  /** Resolves when there is nothing newer to be had for now; never rejects. */
  #fetch(): Promise<void> {
    if (this.#fetching !== undefined) return this.#fetching
    if (this.#now() - this.#askedAt < FETCH_EVERY) return Promise.resolve()
    this.#askedAt = this.#now()
    this.#fetching = this.#replace().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #replace(): Promise<void> {
    try {
      const found = await this.#client.getSigningKeys()
      const keys = new Map<string, VerificationKey>()
      for (const { kid, alg, publicKey } of found.slice(0, MAX_KEYS) as ListedKey[]) {
        const key = verificationKey(createPublicKey(publicKey), alg)
        if (kid !== undefined && key !== undefined && !keys.has(kid)) keys.set(kid, key)
      }
      if (keys.size === 0) throw new Error('lists no RSA (2048 bits or more) or P-256 key for signatures')
      this.#keys = keys
      this.#fetchedAt = this.#now()
    } catch (error) {
      this.#logger.warn(
        { err: error },
        'JWKS_URL could not be read; the keys that are known go on being used',
      )
    }
  }
}

/** As jwks-rsa gives them, whose own types say that both names are always there. */
interface ListedKey {
  readonly kid?: string
  readonly alg?: string
  readonly publicKey: string
}

/** The key with its one algorithm; undefined where we take none, or the set says that it is for another. */
function verificationKey(key: KeyObject, listedFor: string | undefined): VerificationKey | undefined {
  const algorithm = algorithmOf(key)
  if (algorithm === undefined || (listedFor !== undefined && listedFor !== algorithm)) return undefined
  return { secret: key, algorithm }
}

function keysOf(set: unknown): readonly object[] {
  const keys = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined
  if (!Array.isArray(keys)) throw new Error('is not a set of keys')
  return keys.slice(0, MAX_KEYS).filter((key): key is object => typeof key === 'object' && key !== null)
}
