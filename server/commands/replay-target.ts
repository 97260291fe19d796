import { SYNC_PATH } from '../protocol.ts'
import { developmentToken } from './development-token.ts'

type Token = string | (() => string | Promise<string>)

/** The address of a server's WebSocket. */
export function syncUrl(address: string): string {
  const url = new URL(address)
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:'
  if (url.pathname === '/') url.pathname = SYNC_PATH
  return url.href
}

/** Where no token is given, a server in development mode is asked for one. */
export function tokenSource({
  token,
  url,
}: {
  readonly token?: Token | undefined
  readonly url: string
}): () => string | Promise<string> {
  if (typeof token === 'function') return token
  return token === undefined ? () => developmentToken(url) : () => token
}
