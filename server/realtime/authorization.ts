import type {
  beforeSyncPayload,
  connectedPayload,
  Extension,
  onAuthenticatePayload,
  onTokenSyncPayload,
} from '@hocuspocus/server'
import { atLeast, roleIn } from '../access/grants.ts'
import type { Identity } from '../access/identity.ts'
import { parseRoomName } from '../access/room-name.ts'
import { SynclineError } from '../errors.ts'
import type { SocketContext } from './session.ts'

export interface AuthorizationOptions {
  readonly verify: (token: string) => Identity
  /** Finds the room, or creates it for `createBy`; false where it is absent and nobody may create it. */
  readonly ensureRoom: (name: string, createBy: string | undefined) => Promise<boolean>
}

/** The context of every connection of the gateway, once it is authenticated. */
export interface RoomContext extends SocketContext {
  readonly identity?: Identity
}

/** Decides at every join, warm or cold, and at every change of token. */
export class Authorization implements Extension<RoomContext> {
  readonly extensionName = 'authorization'
  readonly priority = 200
  readonly #options: AuthorizationOptions

  constructor(options: AuthorizationOptions) {
    this.#options = options
  }

  async onAuthenticate(data: onAuthenticatePayload<RoomContext>): Promise<Pick<RoomContext, 'identity'>> {
    parseRoomName(data.documentName)
    const identity = this.#options.verify(data.token)
    const role = roleIn(identity.grants, data.documentName)
    if (!atLeast(role, 'read')) throw new SynclineError('forbidden')
    const mayWrite = atLeast(role, 'write')
    data.connectionConfig.readOnly = !mayWrite
    const exists = await this.#options.ensureRoom(data.documentName, mayWrite ? identity.user : undefined)
    if (!exists) throw new SynclineError('room-not-found')
    return { identity }
  }

  /** A new token on a standing connection: the same person, whose grants may have changed meanwhile. */
  async onTokenSync({ token, connection, documentName }: onTokenSyncPayload<RoomContext>): Promise<void> {
    const identity = this.#options.verify(token)
    const role = roleIn(identity.grants, documentName)
    if (identity.user !== identityOf(connection.context)?.user || !atLeast(role, 'read')) {
      throw new SynclineError('forbidden')
    }
    connection.readOnly = !atLeast(role, 'write')
    // What Hocuspocus merges into its own copy of the context does not reach the connection's.
    connection.context = { ...connection.context, identity }
  }

  async beforeSync({ connection }: beforeSyncPayload<RoomContext>): Promise<void> {
    const identity = identityOf(connection.context)
    if (identity === undefined || identity.expiresAt < Date.now()) throw new SynclineError('token-expired')
  }

  async connected({ connection, context }: connectedPayload<RoomContext>): Promise<void> {
    context.session.joined(connection)
  }
}

/** Who is behind a connection's context, if it is one of the gateway's. */
export function identityOf(context: unknown): Identity | undefined {
  if (typeof context !== 'object' || context === null || !('identity' in context)) return undefined
  return (context as RoomContext).identity
}
