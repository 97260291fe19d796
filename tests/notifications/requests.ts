import type { Grants } from '../../server/protocol.ts'
import type { TestServer } from '../support/server.ts'

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into it, and falls over what is not there
  readonly body: any
}

/** Requests of whoever they say. Server errors are thrown, with what the server has written. */
export const requests = (server: TestServer) => {
  const tokens = new Map<string, Promise<string>>()
  const tokenOf = (user: string, grants: Grants): Promise<string> => {
    const key = JSON.stringify([user, grants])
    const known = tokens.get(key) ?? server.token(user, grants)
    tokens.set(key, known)
    return known
  }
  const ask = async (
    method: string,
    path: string,
    user: string,
    grants: Grants = {},
    body?: unknown,
    key?: string,
  ): Promise<Answer> => {
    const send = async () =>
      fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await tokenOf(user, grants)}`,
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    let answer = await send()
    if (answer.status === 401) {
      // A server that was started anew has another secret.
      tokens.clear()
      answer = await send()
    }
    const text = await answer.text()
    if (answer.status >= 500) throw new Error(`${text}\n${server.output()}`)
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  const inboxOf = async (user: string, query = '') =>
    (await ask('GET', `/users/${user}/notifications${query}`, user)).body
  return {
    ask,
    inboxOf,
    titles: async (user: string, query = ''): Promise<readonly string[]> =>
      (await inboxOf(user, query)).notifications.map(
        ({ payload }: { readonly payload: { readonly title: string } }) => payload.title,
      ),
    /** A backend, which may notify everybody. */
    send: (to: string, body: unknown, key?: string) =>
      ask('POST', `/users/${to}/notifications`, 'backend', { 'user:*': 'write' }, body, key),
    /** Somebody in their own inbox. */
    say: (user: string, type: string, payload: unknown) =>
      ask('POST', `/rooms/user:${user}/events`, user, {}, { type: `user.${type}`, payload }),
    publish: (room: string, user: string, type: string, payload: unknown, id?: string) =>
      ask('POST', `/rooms/${room}/events`, user, { [room]: 'admin' }, { type, payload, ...(id && { id }) }),
  }
}
