import { type Frame, readFrame } from './frames.ts'

/** What a WebSocket class must offer, in a browser, in Node or from `ws`. */
export interface SocketClass {
  new (url: string, protocols?: string | string[]): WebSocket
}

/** Hears of every room frame in the order in which it is really sent or received, on one socket at a time. */
export interface FrameListener {
  /** A socket was made; what the one before it still says does not count any more. */
  opened(): void
  sent(frame: Frame): void
  received(frame: Frame): void
}

/**
 * Makes the WebSocket classes to give to the provider. The provider's own counter cannot be relied on: it is set back
 * when a session starts while frames of before are still being answered. Counting on the wire cannot be wrong,
 * because an answer belongs to the oldest unanswered frame of its room on its socket.
 */
export const countedSockets = (listener: FrameListener): ((Base: SocketClass) => SocketClass) => {
  let current: WebSocket | undefined

  return (Base) =>
    class CountedSocket extends Base {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols)
        current = this
        listener.opened()
        // Registered before the provider's own, so that an answer is counted before it is acted on.
        this.addEventListener('message', (event: MessageEvent<unknown>) => {
          if (current !== this) return
          const frame = readFrame(event.data)
          if (frame !== undefined) listener.received(frame)
        })
      }

      override send(data: string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBufferLike>): void {
        if (current === this && this.readyState === this.OPEN) {
          const frame = readFrame(data)
          if (frame !== undefined) listener.sent(frame)
        }
        super.send(data as Parameters<WebSocket['send']>[0])
      }
    }
}
