import type { Connection, Extension, HookName } from '@hocuspocus/server'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import { identityOf } from './authorization.ts'
import { logRefusal, refusalOf, refuseConnection, toSynclineError } from './refusal.ts'

/**
 * Hooks whose promise Hocuspocus does not wait for: a rejection there has no handler and ends the process.
 * They watch and decide nothing, so a failure is logged and goes no further.
 */
const WATCHING: ReadonlySet<HookName> = new Set([
  'onConfigure',
  'onChange',
  'onStateless',
  'onDisconnect',
  'onAwarenessUpdate',
  'afterHandleMessage',
  'afterUnloadDocument',
  'beforeBroadcastStateless',
  'onUpgrade',
  'onRequest',
])

/** Hooks of a connection that stands: when one throws, the client is told and the WebSocket is closed. */
const REFUSING: ReadonlySet<HookName> = new Set([
  'beforeHandleMessage',
  'beforeHandleAwareness',
  'beforeSync',
  'onTokenSync',
  'connected',
])

/** Told to nobody: there is no connection any more that it could be told to. */
const LEFT = 'its room was left'

export type { Extension }

type Hook = (payload: HookPayload) => unknown

interface HookPayload {
  readonly documentName?: string
  readonly connection?: Connection
  readonly context?: unknown
}

/**
 * The extension with every hook wrapped: whatever one throws, the process goes on, one connection at most is
 * closed, and what reaches Hocuspocus is an error of the catalogue (a bare `undefined` would be fatal there).
 */
export function guard(extension: Extension, logger: Logger): Extension {
  const guarded: Record<string, unknown> = {
    priority: extension.priority,
    extensionName: extension.extensionName,
  }
  for (const name of hookNames(extension)) {
    const hook: unknown = Reflect.get(extension, name)
    if (typeof hook !== 'function') continue
    const call: Hook = (payload) => Reflect.apply(hook, extension, [payload])
    guarded[name] = WATCHING.has(name) ? watching(name, call, logger) : deciding(name, call, logger)
  }
  return guarded
}

const watching = (name: HookName, hook: Hook, logger: Logger) => async (payload: HookPayload) => {
  try {
    // `onDisconnect` and its like tell of the end itself.
    if (name === 'onStateless' && payload.connection && refusalOf(payload.connection)) return undefined
    return await hook(payload)
  } catch (error) {
    logger.error(
      { err: error, hook: name, room: payload.documentName, user: userOf(payload) },
      'a hook failed',
    )
    return undefined
  }
}

const deciding = (name: HookName, hook: Hook, logger: Logger) => async (payload: HookPayload) => {
  // Hocuspocus goes on with what was queued behind the frame that was refused: 16 of 20 more updates were applied.
  // The same behind the message with which a client leaves a room.
  const { connection } = payload
  const refused = connection && refusalOf(connection)
  if (refused) throw refused
  if (connection && !connection.document.hasConnection(connection)) {
    // Denied now, it would be whoever has come back to the room by the same address.
    if (name === 'connected') return undefined
    throw new SynclineError('frame-malformed', LEFT)
  }
  try {
    const result = await hook(payload)
    // Refused while the hook took its time: what it let pass must not be applied.
    const meanwhile = payload.connection && refusalOf(payload.connection)
    if (meanwhile) throw meanwhile
    return result
  } catch (thrown) {
    const error = toSynclineError(thrown)
    if (payload.connection && refusalOf(payload.connection)) throw error
    logRefusal(logger, error, { hook: name, room: payload.documentName, user: userOf(payload) })
    if (REFUSING.has(name) && payload.connection) refuseConnection(payload.connection, error)
    throw error
  }
}

/** Undefined before their token is taken, and where somebody else's server authenticates. */
const userOf = ({ connection, context }: HookPayload): string | undefined =>
  identityOf(connection?.context ?? context)?.user

/** Own properties and the class's methods: an extension may be written either way. */
function hookNames(extension: Extension): HookName[] {
  const names = new Set<string>(Object.keys(extension))
  for (
    let prototype: unknown = Object.getPrototypeOf(extension);
    typeof prototype === 'object' && prototype !== null && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const name of Object.getOwnPropertyNames(prototype)) names.add(name)
  }
  return [...names].filter((name): name is HookName => /^(on|before|after|connected)/.test(name))
}
