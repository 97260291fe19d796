import type { Role } from '../../../server/protocol.ts'
import type { Client } from '../client.ts'
import { Refetched } from './refetched.ts'

export interface ChatMember {
  readonly id: string
  /** As they were last called; null where nobody said it. */
  readonly name: string | null
  readonly role: Role
  /** Up to where they have read. */
  readonly read: number
}

/** A chat as lists show it. */
export interface ChatSummary {
  readonly room: string
  readonly title: string | null
  /** Of two people, for good. */
  readonly direct: boolean
  readonly createdBy: string
  /** Milliseconds since the epoch, as all times here. */
  readonly createdAt: number
  readonly members: readonly ChatMember[]
  /** Messages of others after `read` that were not deleted. */
  readonly unread: number
  readonly read: number
  readonly last: {
    readonly id: string
    readonly seq: number
    readonly author: string
    readonly at: number
    readonly text: string
    readonly deleted: boolean
  } | null
}

/** How many messages one has not read, in all chats and in each that has some. */
export interface Unread {
  readonly total: number
  readonly rooms: Readonly<Record<string, number>>
}

/** A message in which something was found. */
export interface FoundMessage {
  readonly room: string
  readonly id: string
  readonly seq: number
  readonly author: string
  readonly at: number
  /** Of its text, in pieces, what was looked for apart from what is around it. */
  readonly excerpt: readonly { readonly text: string; readonly found: boolean }[]
}

/** What one belongs to, and what can be done about it. Each rejects with the refusal as `cause`. */
export class Chats {
  readonly #client: Client
  /** The chats, the last talked in first. */
  readonly list: Refetched<{ readonly chats: readonly ChatSummary[] }>
  readonly unread: Refetched<Unread>

  constructor(client: Client) {
    this.#client = client
    this.list = new Refetched(client, '/chats?limit=1000')
    this.unread = new Refetched(client, '/chats/unread')
  }

  create(title: string, members: readonly string[]): Promise<ChatSummary> {
    return this.#done(this.#client.api.send('POST', '/chats', { title, members }))
  }

  /** The one chat of two people, made where there is none. */
  direct(user: string): Promise<ChatSummary> {
    return this.#done(this.#client.api.send('POST', '/chats', { direct: user }))
  }

  async search(words: string, { room }: { readonly room?: string } = {}): Promise<readonly FoundMessage[]> {
    const query = new URLSearchParams({ q: words, ...(room === undefined ? {} : { room }) })
    const { messages } = await this.#client.api.get<{ readonly messages: readonly FoundMessage[] }>(
      `/chats/search?${query}`,
    )
    return messages
  }

  /** Takes no direct messages from somebody, or takes them again. */
  block(user: string, blocked: boolean): Promise<void> {
    return this.#done(this.#client.api.send('PUT', `/chats/blocked/${encodeURIComponent(user)}`, { blocked }))
  }

  async blocked(): Promise<readonly string[]> {
    return (await this.#client.api.get<{ readonly users: readonly string[] }>('/chats/blocked')).users
  }

  async #done<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const done = await answer
    this.list.reload()
    return done
  }
}

const known = new WeakMap<Client, Chats>()

/** Everybody who asks for the chats of a client gets the same. */
export const chatsOf = (client: Client): Chats => {
  const before = known.get(client)
  if (before !== undefined) return before
  const chats = new Chats(client)
  known.set(client, chats)
  return chats
}
