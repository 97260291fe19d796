import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { ROOM_HINT, SYNC_HTTP_PATH } from '../../server/protocol.ts'

/**
 * What one server is to serve all of: a room, where the address names one; else whoever has no WebSocket, since a
 * session over HTTP is on one server. Undefined where any will do.
 */
export function keyOf({ url = '', socket }: Pick<IncomingMessage, 'url' | 'socket'>): string | undefined {
  const [path, query] = url.split('?', 2)
  const room = new URLSearchParams(query).get(ROOM_HINT)
  if (room !== null && room !== '') return room
  return path === SYNC_HTTP_PATH ? socket.remoteAddress : undefined
}

/**
 * The servers in the order in which they are to be tried. By a key: the same order for everybody, and when a server
 * goes, only its own keys move (rendezvous hashing). Without one: in turn.
 */
export function inOrder(
  servers: readonly string[],
  key: string | undefined,
  turn: number,
): readonly string[] {
  if (key === undefined) {
    const first = turn % Math.max(servers.length, 1)
    return [...servers.slice(first), ...servers.slice(0, first)]
  }
  const weight = (server: string) => createHash('sha256').update(`${server} ${key}`).digest('hex')
  return servers.toSorted((a, b) => (weight(a) < weight(b) ? 1 : -1))
}
