import { API_PREFIX, SYNC_PATH } from '../../server/protocol.ts'
import { isTokenRefusal, refusal, refusalOf, refusalSaid } from './refusal.ts'
import type { Tokens } from './tokens.ts'

/** The server's routes, asked with the token that all rooms have. */
export class Api {
  readonly #base: string
  readonly #tokens: Pick<Tokens, 'get' | 'refuse'>

  /** @param socket the address of the WebSocket */
  constructor(socket: string, tokens: Pick<Tokens, 'get' | 'refuse'>) {
    const address = new URL(socket)
    address.protocol = address.protocol === 'wss:' ? 'https:' : 'http:'
    const path = address.pathname.endsWith(SYNC_PATH) ? address.pathname.slice(0, -SYNC_PATH.length) : ''
    this.#base = `${address.origin}${path}${API_PREFIX}`
    this.#tokens = tokens
  }

  /**
   * Asks for JSON; rejects with the refusal as `cause` where there is one.
   * @param path below the prefix of all routes: `/presence?users=ada`
   */
  get<Answer>(path: string): Promise<Answer> {
    return this.send('GET', path)
  }

  /** As `get`, with a body; an answer without one is `undefined`. A token that is refused is replaced, once, where another can be had. */
  async send<Answer>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<Answer> {
    const token = await this.#tokens.get()
    const ask = (bearer: string) => this.#ask<Answer>(bearer, method, path, body)
    try {
      return await ask(token)
    } catch (error) {
      if (!isTokenRefusal(refusalOf(error).code)) throw error
      this.#tokens.refuse(token)
      const other = await this.#tokens.get().catch(() => token) // what is told is that this one was refused
      if (other === token) throw error
      return ask(other)
    }
  }

  async #ask<Answer>(token: string, method: string, path: string, body: unknown): Promise<Answer> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer: unknown = await response.json().catch(() => undefined)
    if (response.ok) return answer as Answer
    const said = Object(answer).error as unknown
    const reason = typeof said === 'object' && said !== null ? refusalSaid({ ...said }) : refusal('internal')
    throw new Error(reason.message, { cause: reason })
  }
}
