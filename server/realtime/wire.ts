import type { Duplex } from 'node:stream'
import type { WebSocketLike } from '@hocuspocus/server'
import type { Peer } from 'crossws'
import { reset } from '../reset.ts'
import { LONGEST, messageFrame } from './message-frame.ts'

// WebSocket.readyState
export const OPEN = 1
export const CLOSED = 3

/** Of a message, in bytes. */
export function sizeOf(data: Parameters<WebSocketLike['send']>[0]): number {
  if (typeof data === 'string') return data.length
  return 'byteLength' in data ? data.byteLength : data.size
}

/** A WebSocket with what its session needs of it, down to its TCP connection. */
export interface Wire {
  /** Returns how many bytes wait to be sent, these included. */
  send(data: Parameters<WebSocketLike['send']>[0]): number
  /** How many bytes wait to be sent. */
  readonly waiting: number
  /** Stops reading: what the client sends waits in its own system. Up to one read of the network still comes. */
  pause(): void
  resume(): void
  /** Ends it at once, and drops what was not sent, here and in the kernel. */
  cut(): void
  /** Closes it, and cuts it where the client has not answered `within` so long, in ms. */
  close(code: number | undefined, reason: string, within: number): void
  /** Calls back once more than `bytes` have come, until what it returns is called. */
  limit(bytes: number, exceeded: () => void): () => void
}

/** crossws types its WebSocket as a browser's; on Node it is that of ws, which can stop reading. */
interface Pausable {
  readonly readyState: number
  pause(): void
  resume(): void
}

/**
 * crossws hands out the WebSocket behind a Proxy, through which every property that ws itself reads while it
 * sends would pass: an eighth of the processor time of a crowded room. Sending through the peer goes past it; and past
 * both goes what ws would write with a header of its own for each reader, since nothing here is compressed: a fifth
 * of what it takes to tell a hundred readers.
 */
export function wireOf(peer: Peer, tcp: Duplex): Wire {
  const socket = peer.websocket as unknown as Pausable
  const cut = (): void => reset(tcp)
  return {
    send: (data) => {
      const framed = data instanceof Uint8Array && data.length <= LONGEST && socket.readyState === OPEN
      if (!framed) return Number(peer.send(data) ?? 0)
      tcp.write(messageFrame(data))
      return tcp.writableLength
    },
    get waiting() {
      return peer.bufferedAmount
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    cut,
    close: (code, reason, within) => {
      peer.close(code, reason)
      const timer = setTimeout(cut, within)
      timer.unref()
      tcp.once('close', () => clearTimeout(timer))
    },
    limit: (bytes, exceeded) => {
      let left = bytes
      const count = (chunk: Buffer) => {
        left -= chunk.length
        if (left >= 0) return
        tcp.off('data', count)
        exceeded()
      }
      tcp.on('data', count)
      return () => tcp.off('data', count)
    },
  }
}
