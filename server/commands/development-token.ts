import { API_PREFIX } from '../protocol.ts'

const USER = { id: 'replay', name: 'Replay' }
/** An administrator is not slowed down, and a recording is a year of somebody's typing. */
const GRANTS = { '*:*': 'admin' }

/**
 * A token from a server in development mode; a server with a key of its own gives none.
 * @throws TypeError, as `fetch` does, when the server is away.
 */
export async function developmentToken(address: string): Promise<string> {
  const url = new URL(`${API_PREFIX}/dev/token`, address)
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'https:' : 'http:'
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: USER, grants: GRANTS }),
  })
  if (answer.status >= 500) throw new TypeError(`The server is not ready (HTTP ${answer.status})`)
  const body: unknown = answer.ok ? await answer.json() : undefined
  if (typeof body === 'object' && body !== null && 'token' in body && typeof body.token === 'string')
    return body.token
  throw new Error(`The server gives no tokens (HTTP ${answer.status}): pass --token`)
}
