import { type Connection, isTransactionOrigin } from '@hocuspocus/server'
import type { Incoming } from '../documents/logged-update.ts'

/** The context of an edit that comes over no connection: whose it is, and what it brings. */
export class OnBehalfOf {
  readonly user: string
  readonly incoming: Incoming

  constructor(user: string, incoming: Incoming) {
    this.user = user
    this.incoming = incoming
  }
}

/** The connection that a transaction came over, if it did. */
export function connectionOf(origin: unknown): Connection | undefined {
  return isTransactionOrigin(origin) && origin.source === 'connection' ? origin.connection : undefined
}

/** What is being applied on somebody's behalf. */
export const incomingOf = (origin: unknown): Incoming | undefined => {
  const context = contextOf(origin)
  return context instanceof OnBehalfOf ? context.incoming : undefined
}

/** Whose edit this is, if it comes over no connection. */
export const editorOf = (context: unknown): string | undefined =>
  context instanceof OnBehalfOf ? context.user : undefined

/** The context of whoever made a transaction: over a connection, or on the server. */
export function contextOf(origin: unknown): unknown {
  if (!isTransactionOrigin(origin)) return undefined
  if (origin.source === 'connection') return origin.connection.context
  return origin.source === 'local' ? origin.context : undefined
}
