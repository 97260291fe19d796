import { type Connection, isTransactionOrigin } from '@hocuspocus/server'

/** The connection that a transaction came over, if it did. */
export function connectionOf(origin: unknown): Connection | undefined {
  return isTransactionOrigin(origin) && origin.source === 'connection' ? origin.connection : undefined
}

/** The context of whoever made a transaction: over a connection, or on the server. */
export function contextOf(origin: unknown): unknown {
  if (!isTransactionOrigin(origin)) return undefined
  if (origin.source === 'connection') return origin.connection.context
  return origin.source === 'local' ? origin.context : undefined
}
