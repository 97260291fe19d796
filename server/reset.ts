import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * Ends a connection at once, and drops what was not sent: in the kernel too where it is plain TCP. Node resets nothing
 * else, and throws where it is asked to reset what came over TLS or over a Unix socket.
 */
export function reset(connection: Duplex | null): void {
  try {
    if (connection instanceof Socket) connection.resetAndDestroy()
  } catch {
    // Ended as the rest is.
  }
  connection?.destroy()
}
