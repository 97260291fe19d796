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
}

const CALL_LIMIT_MS = 15_000
const RENEW_AT = 0.8
/** The server's clock may be a little ahead of our timer when it asks: from here on there is a newer one for it. */
const GIVE_NEWER_AT = 0.75
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
  #newerFrom = Number.POSITIVE_INFINITY
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
    const expired = this.renewable && expiryOf(this.#current) <= Date.now()
    if (this.#current !== undefined && !expired) return Promise.resolve(this.#current)
    return this.#ask(expired ? 'expiring' : this.#reason)
  }

  /** For the server, which asks late in a token's life: a newer one, or, where none can be had, the one it knows. */
  async newer(): Promise<string> {
    const current = this.#current
    if (current !== undefined && (!this.renewable || Date.now() < this.#newerFrom)) return current
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
    this.#newerFrom = Date.now() + (expiryOf(token) - Date.now()) * GIVE_NEWER_AT
    this.#reason = 'join'
    this.#renewLater()
    this.#renewed()
    return token
  }

  #renewLater(after?: number): void {
    clearTimeout(this.#timer)
    const left = expiryOf(this.#current) - Date.now()
    if (!this.renewable || this.#stopped || left === Number.POSITIVE_INFINITY) return
    const delay = after ?? Math.max(SOONEST_RENEWAL_MS, left * RENEW_AT)
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

const expiryOf = (token: string | undefined): number => {
  const { exp } = claimsOf(token)
  return typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY
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
