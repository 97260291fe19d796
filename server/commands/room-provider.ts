import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import type * as Y from 'yjs'
import { ERRORS, isErrorCode, SynclineError } from '../errors.ts'

export interface RoomConnection {
  readonly url: string
  readonly room: string
  readonly token: () => string | Promise<string>
  /** Something happened: whoever waits looks again. */
  readonly changed: () => void
  readonly failed: (error: Error) => void
}

interface ProviderOptions extends RoomConnection {
  readonly document: Y.Doc
  readonly WebSocketPolyfill?: typeof WebSocket
  readonly onAuthenticated?: () => void
  readonly onStateless?: (payload: string) => void
}

/** A stock provider on a socket of its own, that comes back until something fails for good. */
export function openRoom(options: ProviderOptions): {
  readonly provider: HocuspocusProvider
  readonly socket: HocuspocusProviderWebsocket
} {
  const { url, room, token, changed, failed, document, WebSocketPolyfill = WebSocket } = options
  const socket = new HocuspocusProviderWebsocket({
    url,
    WebSocketPolyfill,
    delay: 200,
    minDelay: 100,
    maxDelay: 1000,
  })
  const provider = new HocuspocusProvider({
    name: room,
    document,
    websocketProvider: socket,
    token: async () => {
      try {
        return await token()
      } catch (error) {
        // A server that is only away gives a token later: the provider asks again on its next socket.
        if (!(error instanceof TypeError)) failed(error instanceof Error ? error : new Error(String(error)))
        throw error
      }
    },
    onSynced: changed,
    onStatus: changed,
    onAuthenticated: () => options.onAuthenticated?.(),
    onStateless: ({ payload }) => options.onStateless?.(payload),
    onAuthenticationFailed: ({ reason }) => {
      if (isErrorCode(reason) && !ERRORS[reason].retryable) failed(new SynclineError(reason, room))
      else if (reason === 'permission-denied') failed(new SynclineError('forbidden', room))
      // The provider does not authenticate twice on one socket; a new one it opens by itself.
      else socket.webSocket?.close()
    },
  })
  provider.attach()
  return { provider, socket }
}
