import type { TestServer } from '../support/server.ts'

// biome-ignore lint/suspicious/noExplicitAny: what is answered is what a test looks at
type Answer = any

/** Somebody with a token, over HTTP. */
export class Somebody {
  readonly id: string
  readonly token: string
  readonly #server: TestServer

  private constructor(id: string, server: TestServer, token: string) {
    this.id = id
    this.token = token
    this.#server = server
  }

  static async enter(
    server: TestServer,
    id: string,
    grants: Parameters<TestServer['token']>[1] = { 'chat:*': 'admin' },
  ): Promise<Somebody> {
    return new Somebody(id, server, await server.token(id, grants))
  }

  /** With a token that was signed elsewhere, for nodes that share a secret. */
  static with(server: TestServer, id: string, token: string): Somebody {
    return new Somebody(id, server, token)
  }

  /** The answer's body, or the code of the refusal. */
  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await fetch(`${this.#server.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    const said = text === '' ? undefined : JSON.parse(text)
    return answer.ok ? said : (said?.error?.code ?? answer.status)
  }

  /** A group of all of them, by its room's name. */
  async group(title: string, ...members: readonly Somebody[]): Promise<string> {
    const { room } = await this.ask('POST', '/chats', { title, members: members.map(({ id }) => id) })
    return room
  }

  async direct(other: Somebody): Promise<string> {
    return (await this.ask('POST', '/chats', { direct: other.id })).room
  }

  /** Publishes; the seqs, or the code of the refusal. */
  publish(room: string, type: string, payload: unknown, id?: string) {
    return this.ask('POST', `/rooms/${encodeURIComponent(room)}/events`, { type, payload, id })
  }

  say(room: string, text: string, id?: string) {
    return this.publish(room, 'chat.message', { text }, id)
  }

  messages(room: string, query = '') {
    return this.ask('GET', `/rooms/${encodeURIComponent(room)}/messages${query}`)
  }

  read(room: string, seq: number) {
    return this.ask('PUT', `/rooms/${encodeURIComponent(room)}/read`, { seq })
  }
}
