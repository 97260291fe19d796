import { HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import type { SocketClass } from './counted-socket.ts'

/** The provider's socket with its queue taken out: what an open socket did not take, the next handshake carries. */
export class RoomSocket extends HocuspocusProviderWebsocket {
  /** The class for the next try. */
  socketClass: (() => SocketClass) | undefined
  /** Whether a socket from which nothing comes may be well. */
  silenceExpected: (() => boolean) | undefined

  get isOpen(): boolean {
    return this.webSocket?.readyState === 1
  }

  override createWebSocketConnection(): Promise<unknown> {
    this.configuration.WebSocketPolyfill = this.socketClass?.()
    return super.createWebSocketConnection()
  }

  override checkConnection(): void {
    if (this.silenceExpected?.() !== true) super.checkConnection()
  }

  override send(message: unknown): void {
    if (this.isOpen) super.send(message)
  }
}
