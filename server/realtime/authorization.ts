import { setTimeout as pause } from 'node:timers/promises'
import type {
  beforeHandleMessagePayload,
  connectedPayload,
  Extension,
  onAuthenticatePayload,
  onTokenSyncPayload,
} from '@hocuspocus/server'
import type { Authorizer } from '../access/authorizer.ts'
import { atLeast } from '../access/grants.ts'
import type { Identity } from '../access/identity.ts'
import { isRoomName, parseRoomName } from '../access/room-name.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import { NO_TRACES, type Traces } from '../observe/traces.ts'
import type { Role } from '../protocol.ts'
import type { Admission } from './admission.ts'
import type { JoinContext } from './join-span.ts'
import { ReadOnlySocket } from './read-only-socket.ts'
import { logRefusal, refuseConnection } from './refusal.ts'
import type { SocketContext } from './session.ts'
import { isOutage, Standing } from './standing.ts'

/** How long whoever is kept out waits to hear it, in ms. */
const KEPT_OUT = 1_000

export interface AuthorizationOptions {
  readonly verify: Verify
  readonly authorizer: Authorizer
  /** Finds the room, or creates it for `createBy`; false where it is absent and nobody may create it. */
  readonly ensureRoom: (name: string, createBy: string | undefined) => Promise<boolean>
  /** Hears of everybody who comes to write or to comment, before they may. */
  readonly rememberWriter?: (identity: Identity) => Promise<void>
  readonly logger: Logger
  readonly traces?: Traces
}

/** The context of every connection of the gateway, once it is authenticated. */
export interface RoomContext extends SocketContext, JoinContext {
  readonly standing?: Standing
  readonly admission?: Admission
}

/** Decides at every join, warm or cold, at every change of token, and looks at every message. */
export class Authorization implements Extension<RoomContext> {
  readonly extensionName = 'authorization'
  readonly priority = 200
  readonly #options: AuthorizationOptions

  constructor(options: AuthorizationOptions) {
    this.#options = options
  }

  async onAuthenticate(
    data: onAuthenticatePayload<RoomContext>,
  ): Promise<Pick<RoomContext, 'standing' | 'admission' | 'join'>> {
    const { traces = NO_TRACES } = this.#options
    const { documentName: room } = data
    const join = traces.begin('join', isRoomName(room) ? { 'syncline.room': room } : {})
    try {
      return { ...(await join.part('join token', () => this.#admit(data))), join }
    } catch (error) {
      join.end(error)
      throw error
    }
  }

  async #admit(
    data: onAuthenticatePayload<RoomContext>,
  ): Promise<Pick<RoomContext, 'standing' | 'admission'>> {
    const { documentName: room, token, connectionConfig } = data
    const { session, address } = data.context
    const { verify, authorizer, ensureRoom, rememberWriter } = this.#options
    parseRoomName(room)
    const identity = await verify(token)
    if (session.keptOut(identity)) {
      // Told at once they would be back at once: one attacker took a seventh of a core that way.
      await pause(KEPT_OUT)
      throw new SynclineError('rate-limited')
    }
    const admission = session.admit(identity, { room, address })
    const { epoch } = authorizer
    const decision = await authorizer.decide(identity, room)
    // Before the look-up: who may not read a room is not told whether it exists.
    if (decision.role === undefined) throw new SynclineError('forbidden')
    connectionConfig.readOnly = !atLeast(decision.role, 'write')
    const exists = await ensureRoom(room, decision.mayCreate ? identity.user : undefined)
    if (!exists) throw new SynclineError('room-not-found')
    if (atLeast(decision.role, 'comment')) await rememberWriter?.(identity)
    return { admission, standing: new Standing({ authorizer, room, identity, decision, epoch }) }
  }

  /** A new token on a standing connection: the same person, whose grants may have changed meanwhile. */
  async onTokenSync({ token, connection }: onTokenSyncPayload<RoomContext>): Promise<void> {
    const standing = standingOf(connection.context)
    if (standing === undefined) throw new SynclineError('forbidden')
    let identity: Identity
    try {
      identity = await this.#options.verify(token)
    } catch (error) {
      // The token that they came with still holds; nobody goes because the keys of the next one cannot be had.
      if (isOutage(error) && !standing.expired) return standing.askForToken()
      throw error
    }
    if (identity.user !== standing.identity.user) throw new SynclineError('forbidden')
    const { session, admission } = connection.context as RoomContext
    if (admission !== undefined) session.renew(admission, identity)
    await standing.decideAgain(identity)
  }

  /** Every message of a connection that stands, whatever it is; whether it may change the document is `readOnly`'s. */
  async beforeHandleMessage({ connection }: beforeHandleMessagePayload<RoomContext>): Promise<void> {
    await standsStill(standingOf(connection.context))
  }

  async connected({ connection, context, documentName }: connectedPayload<RoomContext>): Promise<void> {
    const { standing, session, admission } = context
    await standsStill(standing)
    if (!connection.document.hasConnection(connection)) {
      // It was left meanwhile: nothing would ever take away what is begun for it now.
      if (admission !== undefined) session.left(admission)
      return
    }
    standing?.begin(connection, (error) => {
      logRefusal(this.#options.logger, error, { room: documentName, user: standing.identity.user })
      refuseConnection(connection, error)
    })
    if (connection.readOnly) connection.webSocket = new ReadOnlySocket(connection)
    session.joined(connection, admission)
  }
}

/** @throws SynclineError with what the client is to be told, where it does not. */
function standsStill(standing: Standing | undefined): Promise<void> | undefined {
  if (standing === undefined || standing.expired) throw new SynclineError('token-expired')
  return standing.current ? undefined : standing.decideAgain()
}

/** Whether somebody may be answered at once, with nothing to be decided first. */
export function mayAsk(context: unknown): boolean {
  const standing = standingOf(context)
  return standing?.current === true && !standing.expired
}

/** Who is behind a connection's context, if it is one of the gateway's. */
export const identityOf = (context: unknown): Identity | undefined => standingOf(context)?.identity

/** What they may do in the connection's room. */
export const roleOf = (context: unknown): Role | undefined => standingOf(context)?.role

function standingOf(context: unknown): Standing | undefined {
  if (typeof context !== 'object' || context === null || !('standing' in context)) return undefined
  return context.standing instanceof Standing ? context.standing : undefined
}
