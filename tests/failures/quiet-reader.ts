import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { token } from './cluster.ts'
import type { Problem } from './verdict.ts'

/** Somebody with an unchanged provider, presence and all, who reads for hours and does nothing: who stays. */
export class QuietReader {
  readonly #socket: HocuspocusProviderWebsocket
  readonly #provider: HocuspocusProvider
  #closes: string[] = []

  /** @param port a server's own: whoever ends the connection is the server, or the reader */
  constructor(port: number) {
    this.#socket = new HocuspocusProviderWebsocket({ url: `ws://127.0.0.1:${port}/sync` })
    this.#socket.on('close', ({ event }: { event: CloseEvent }) => {
      this.#closes.push(`closed with ${event.code} ${event.reason}`)
    })
    this.#provider = new HocuspocusProvider({
      name: 'doc:quiet',
      token: () => token('quiet reader'),
      websocketProvider: this.#socket,
    })
    this.#provider.attach()
  }

  /** Since it was last asked. */
  problems(): readonly Problem[] {
    const found = this.#provider.isSynced ? this.#closes : [...this.#closes, 'not there']
    this.#closes = []
    return found.map((detail) => ({ kind: 'cut off', detail: `who only reads: ${detail}` }))
  }

  destroy(): void {
    this.#provider.destroy()
    this.#socket.destroy()
  }
}
