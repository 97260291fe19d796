import type { Document, Hocuspocus } from '@hocuspocus/server'
import type { SynclineError } from '../errors.ts'
import { refuseConnection } from './refusal.ts'

const handlers = new WeakMap<Document, (cause: unknown) => void>()

/** Calls back when somebody finds that the document in memory can no longer be trusted to be its log. */
export function onFault(document: Document, handler: (cause: unknown) => void): void {
  handlers.set(document, handler)
}

/** The document cannot be encoded, or holds what its log does not. */
export function reportFault(document: Document, cause: unknown): void {
  handlers.get(document)?.(cause)
}

/**
 * Takes a document out of service at once, unlike an unload, which waits for the last to leave. Whoever is
 * connected is told to come back; what they sent and was not acknowledged they still have.
 */
export function evict(instance: Hocuspocus, document: Document, error: SynclineError): Promise<void> {
  const { name } = document
  handlers.delete(document)
  if (instance.documents.get(name) === document) instance.documents.delete(name)
  for (const connection of document.getConnections()) refuseConnection(connection, error)
  document.destroy()
  // What is yet to be stored goes by the name: it would be taken for the next document's, which then stayed in memory.
  instance.debouncer.executeNow(`onStoreDocument-${name}`)
  return instance.hooks('afterUnloadDocument', { instance, documentName: name })
}
