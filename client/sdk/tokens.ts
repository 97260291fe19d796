import type { User } from './state.ts'

export interface TokenContext {
  /** Why a token is asked for: `refused` means that the server did not take the one given before. */
  readonly reason: 'join' | 'expiring' | 'refused'
}

export type TokenSource = string | ((context: TokenContext) => string | Promise<string>)

interface Claims {
  readonly sub?: unknown
  readonly name?: unknown
  readonly exp?: unknown
  readonly iat?: unknown
}

const CALL_LIMIT_MS = 15_000
const RENEW_AT = 0.8
const SOONEST_RENEWAL_MS = 5_000
/** What setTimeout can hold. */
const LATEST_MS = 2 ** 31 - 1

/** The one token of all rooms: asked for when it is needed, before it expires, and after a refusal. */
export class Tokens {
  readonly #source: TokenSource
  readonly #renewed: () => void
  #current: string | undefined
  #asking: Promise<string> | undefined
  #reason: TokenContext['reason'] = 'join'
  /** How long the present one is good from when it came, in ms. */
  #life = Number.POSITIVE_INFINITY
  #cameAt = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #stopped = false

  constructor(source: TokenSource, renewed: () => void) {
    this.#source = source
    this.#renewed = renewed
    if (typeof source === 'string') this.#current = source
  }

  /** Whether asking again may give another token. */
  get renewable(): boolean {
    return typeof this.#source === 'function'
  }

  get current(): string | undefined {
    return this.#current
  }

  /** Whom the token names, once there is one; for display only, the server decides by itself. */
  get user(): User | undefined {
    const { sub, name } = claimsOf(this.#current)
    if (typeof sub !== 'string') return undefined
    return { id: sub, name: typeof name === 'string' ? name : sub }
  }

  get(): Promise<string> {
    const expired = this.renewable && Date.now() - this.#cameAt >= this.#life
    if (this.#current !== undefined && !expired) return Promise.resolve(this.#current)
    return this.#ask(expired ? 'expiring' : this.#reason)
  }

  /** For the server, which asks late in the life of the token that it knows: a newer one, or that one where none can be had. */
  async newer(known: string): Promise<string> {
    const current = this.#current
    if (current !== undefined && (!this.renewable || current !== known)) return current
    try {
      return await this.#ask('expiring')
    } catch (error) {
      if (current === undefined) throw error
      return current // it is asked for again when this one has run out, and a failure then is shown
    }
  }

  /** The server did not take `token`; another room may have brought a newer one meanwhile. */
  refuse(token: string): void {
    if (!this.renewable || token !== this.#current) return
    this.#current = undefined
    this.#reason = 'refused'
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #ask(reason: TokenContext['reason']): Promise<string> {
    this.#asking ??= this.#call(reason).finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #call(reason: TokenContext['reason']): Promise<string> {
    const source = this.#source
    const token = typeof source === 'function' ? await withLimit(async () => source({ reason })) : source
    if (this.#stopped) return token
    this.#current = token
    this.#cameAt = Date.now()
    this.#life = lifeOf(token)
    this.#reason = 'join'
    this.#renewLater()
    this.#renewed()
    return token
  }

  #renewLater(after?: number): void {
    clearTimeout(this.#timer)
    if (!this.renewable || this.#stopped || this.#life === Number.POSITIVE_INFINITY) return
    const delay = after ?? Math.max(SOONEST_RENEWAL_MS, this.#life * RENEW_AT)
    this.#timer = setTimeout(
      () => {
        // A renewal that fails is tried again; should the token run out first, the server's refusal asks once more.
        this.#ask('expiring').catch(() => this.#renewLater(SOONEST_RENEWAL_MS))
      },
      Math.min(delay, LATEST_MS),
    )
  }
}

const withLimit = async (call: () => Promise<string>): Promise<string> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The token function did not answer')), CALL_LIMIT_MS)
  })
  try {
    return await Promise.race([call(), late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * How long a token that has just come is good, in ms. The clock here may be wrong by more than that: then it is as long as it
 * was made for, or, where it does not say that, until the server asks for another or refuses it.
 */
const lifeOf = (token: string): number => {
  const { exp, iat } = claimsOf(token)
  if (typeof exp !== 'number') return Number.POSITIVE_INFINITY
  const left = exp * 1000 - Date.now()
  const whole = typeof iat === 'number' && iat < exp ? (exp - iat) * 1000 : Number.POSITIVE_INFINITY
  return left > 0 ? Math.min(left, whole) : whole
}

const claimsOf = (token: string | undefined): Claims => {
  const payload = token?.split('.')[1]
  if (payload === undefined) return {}
  try {
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof claims === 'object' && claims !== null ? claims : {}
  } catch {
    // An opaque token is a token too: it only cannot be renewed ahead of time.
    return {}
  }
}
