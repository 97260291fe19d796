import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import * as Y from 'yjs'
import { isSyncStatus } from '../../server/realtime/frames.ts'
import { until } from './server.ts'

export interface ReplicaOptions {
  readonly wsUrl: string
  readonly room: string
  readonly token: string | (() => Promise<string>)
  readonly document?: Y.Doc
  /** Shared by several rooms; left out, the replica has one of its own. */
  readonly socket?: HocuspocusProviderWebsocket
}

/** A stock provider as applications configure it, and what the server has told it. */
export interface Replica {
  readonly provider: HocuspocusProvider
  readonly document: Y.Doc
  /** A list to which edits are pushed: each push is one update, and one acknowledgement. */
  readonly edits: Y.Array<string>
  /** Acknowledgements received so far. */
  acknowledgements(): number
  readonly denials: readonly string[]
  readonly closes: readonly string[]
  readonly stateless: readonly string[]
  synced(): Promise<void>
  /** Resolves when the server has acknowledged all that was sent to it. */
  saved(): Promise<void>
  holds(...edits: readonly string[]): Promise<void>
  destroy(): void
}

export function connectProvider({ wsUrl, room, token, document, socket }: ReplicaOptions): Replica {
  const denials: string[] = []
  const closes: string[] = []
  const stateless: string[] = []
  let acknowledgements = 0
  const doc = document ?? new Y.Doc()
  const edits = doc.getArray<string>('edits')
  // Handlers given together with a url would be called by the provider and by its WebSocket.
  const websocketProvider = socket ?? connectSocket(wsUrl)
  const provider = new HocuspocusProvider({
    name: room,
    document: doc,
    token,
    websocketProvider,
    onAuthenticationFailed: ({ reason }) => denials.push(reason),
    onClose: ({ event }) => closes.push(event.reason),
    onStateless: ({ payload }) => stateless.push(payload),
    onMessage: ({ event }) => {
      const frame = new Uint8Array(event.data)
      if (isSyncStatus(frame) && frame.at(-1) === 1) acknowledgements += 1
    },
  })
  provider.attach()
  return {
    provider,
    document: doc,
    edits,
    acknowledgements: () => acknowledgements,
    denials,
    closes,
    stateless,
    synced: () => until(() => provider.isSynced && provider.isAuthenticated),
    saved: () => until(() => provider.isSynced && !provider.hasUnsyncedChanges),
    holds: (...wanted) =>
      until(() => {
        const there = new Set(edits.toArray())
        return wanted.every((edit) => there.has(edit))
      }),
    destroy: () => {
      provider.destroy()
      if (socket === undefined) websocketProvider.destroy()
      doc.destroy()
    },
  }
}

/** One WebSocket for several rooms. */
export function connectSocket(wsUrl: string): HocuspocusProviderWebsocket {
  return new HocuspocusProviderWebsocket({ url: wsUrl })
}
