import { type Extension, Hocuspocus } from '@hocuspocus/server'
import type { Logger } from '../observe/log.ts'
import { guard } from './guard.ts'

/**
 * Hooks that Hocuspocus fills with a function that does nothing, and then runs, with a payload and a chain of
 * promises, for every message. Left out, they cost nothing.
 */
const UNUSED = {
  beforeHandleMessage: undefined,
  afterHandleMessage: undefined,
  beforeSync: undefined,
  onChange: undefined,
  onAwarenessUpdate: undefined,
  beforeHandleAwareness: undefined,
}

/**
 * What one WebSocket may send ahead for rooms that are not open yet; past it Hocuspocus closes it. Before its
 * first valid token, and for rooms that it has not joined, the session allows a fraction of it; how many rooms it may open is the session's
 * business.
 */
export interface AheadLimits {
  readonly inboundMessages: number
  readonly inboundBytes: number
  readonly roomsPerSocket: number
}

export interface Realtime {
  readonly hocuspocus: Hocuspocus
  /** Resolves when no document is open any more: all are committed, and their last snapshots are written. */
  allUnloaded(): Promise<void>
}

/** A Hocuspocus of ours, without its own server: every hook of every extension is guarded. */
export function createHocuspocus(
  logger: Logger,
  extensions: readonly Extension[],
  limits?: AheadLimits,
): Realtime {
  let unloaded: (() => void) | undefined
  const watchUnload: Extension = {
    afterUnloadDocument: async ({ instance }) => {
      if (instance.documents.size === 0) unloaded?.()
    },
  }
  const hocuspocus = new Hocuspocus({
    ...UNUSED,
    quiet: true,
    ...(limits && {
      maxUnauthenticatedQueueMessages: limits.inboundMessages,
      maxUnauthenticatedQueueSize: limits.inboundBytes,
      // One more than the session takes, which says why it does not.
      maxPendingDocuments: limits.roomsPerSocket + 1,
    }),
    extensions: [...extensions, watchUnload].map((extension) => guard(extension, logger)),
  })
  return {
    hocuspocus,
    allUnloaded: () => {
      if (hocuspocus.documents.size === 0) return Promise.resolve()
      const { promise, resolve } = Promise.withResolvers<void>()
      unloaded = resolve
      return promise
    },
  }
}
