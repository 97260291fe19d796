import { LISTED_WITHIN, request, type TokenSource } from '../api.ts'

/** A page of a list; `next` is where the following one goes on. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | undefined
}

type Query = Readonly<Record<string, string | undefined>>

/** Asks an administrators' route; what is left out or empty is not asked for. */
export async function ask<Answer>(
  token: TokenSource,
  path: string,
  query: Query,
  signal: AbortSignal,
): Promise<Answer> {
  const given = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]))
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`
  return request<Answer>(path + search, { headers: await bearer(token), signal, within: LISTED_WITHIN })
}

/** Has something done; an answer without a body is `undefined`. */
export async function act<Answer = void>(
  token: TokenSource,
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer> {
  const type = { 'content-type': 'application/json' }
  const sent = body === undefined ? {} : { body: JSON.stringify(body) }
  const headers = { ...(await bearer(token)), ...(body === undefined ? {} : type) }
  return request<Answer>(path, { method, headers, ...sent })
}

const bearer = async (token: TokenSource) => ({ authorization: `Bearer ${await token()}` })

export const roomRoute = (room: string): string => `/rooms/${encodeURIComponent(room)}`
