import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'

const EVERY_MS = 50

interface Handle {
  readStart(): void
  readStop(): void
}

const drained = new Set<Handle>()

/**
 * From now on what comes to this WebSocket is thrown away unread, some milliseconds' worth at a time: people who
 * listen are on other machines, and receiving for them must not cost the server its share of this one.
 */
export function drain(webSocket: WebSocket): void {
  // The kernel's buffer can be left to fill only below Node's public interface: a paused socket still reads.
  const { _socket: socket } = webSocket as unknown as {
    readonly _socket: Socket & { readonly _handle: Handle }
  }
  const { _handle: handle } = socket
  socket.removeAllListeners('data')
  socket.on('data', () => handle.readStop())
  drained.add(handle)
  socket.once('close', () => drained.delete(handle))
}

setInterval(() => {
  for (const handle of drained) handle.readStart()
}, EVERY_MS).unref()
