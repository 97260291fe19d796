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

export interface Realtime {
  readonly hocuspocus: Hocuspocus
  /** Resolves when no document is open any more: all are committed, and their last snapshots are written. */
  allUnloaded(): Promise<void>
}

/** A Hocuspocus of ours, without its own server: every hook of every extension is guarded. */
export function createHocuspocus(logger: Logger, extensions: readonly Extension[]): Realtime {
  let unloaded: (() => void) | undefined
  const watchUnload: Extension = {
    afterUnloadDocument: async ({ instance }) => {
      if (instance.documents.size === 0) unloaded?.()
    },
  }
  const hocuspocus = new Hocuspocus({
    ...UNUSED,
    quiet: true,
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
