import type { BuiltInPayloads } from '../channels/kinds/built-in.ts'
import type { Logger } from '../observe/log.ts'
import type { Queryable } from '../storage/transaction.ts'
import type { Message } from './delivery-table.ts'
import type { EventMessage, WebhookMessage } from './message.ts'

/**
 * What an application in whose process the server runs is told, by a call instead of a request; all else is as with webhooks.
 *
 * - It is called after the commit, on one node, whichever: the one that committed may be gone.
 * - Of each thing at least once, under an `id` that never changes, also where the process is killed in between. From when a
 *   server with this hook was first started.
 * - Each hook of one room in the order of its log, as long as nothing fails.
 * - What throws, or rejects, or takes longer than `WEBHOOK_TIMEOUT_MS`, is called again after the pauses of
 *   `WEBHOOK_RETRY_SECONDS`, and then given up. A hook has a few calls at a time;
 *   other hooks do not wait for them, nor does anybody else.
 */
export interface Hooks<Payloads extends object = BuiltInPayloads> {
  readonly onDocumentChanged?: Hook<MessageOf<'document.changed'>>
  readonly onVersionCreated?: Hook<MessageOf<'version.created'>>
  readonly onRoomCreated?: Hook<MessageOf<'room.created'>>
  readonly onRoomErased?: Hook<MessageOf<'room.erased'>>
  /** By their types: `{ 'chat.message': (message) => … }`. Give `Payloads` for types of your own: `PayloadsOf<typeof kind>`. */
  readonly onEvent?: { readonly [Type in keyof Payloads & string]?: Hook<EventMessage<Type, Payloads[Type]>> }
}

/** What an application brings that starts the server in its own process. */
export interface EmbedOptions {
  readonly hooks?: Hooks | Hooks<object>
}

/** @param signal aborts when the call has taken too long, and when the server stops */
export type Hook<Told> = (message: Told, signal: AbortSignal) => unknown

type MessageOf<Type extends string> = Extract<WebhookMessage, { readonly type: Type }>

/** Calls the hooks of this process, by the types of messages. */
export class HookCalls {
  readonly #hooks = new Map<string, Hook<Message>>()
  readonly #logger: Logger
  readonly #running = new Map<string, number>()

  constructor({ onEvent = {}, ...hooks }: Hooks<object>, logger: Logger) {
    const own: readonly (readonly [string, unknown])[] = [
      ['document.changed', hooks.onDocumentChanged],
      ['version.created', hooks.onVersionCreated],
      ['room.created', hooks.onRoomCreated],
      ['room.erased', hooks.onRoomErased],
      ...Object.entries(onEvent).map(([type, hook]) => [`event:${type}`, hook] as const),
    ]
    for (const [type, hook] of own)
      if (typeof hook === 'function') this.#hooks.set(type, (message, signal) => hook(message, signal))
    this.#logger = logger
  }

  get types(): readonly string[] {
    return [...this.#hooks.keys()]
  }

  /** How many calls have not ended, by type; also those that nobody waits for any more. */
  get running(): ReadonlyMap<string, number> {
    return this.#running
  }

  /** @throws what the hook throws, or the signal's reason where it takes longer */
  async call(type: string, message: Message, attempts: number, signal: AbortSignal): Promise<void> {
    const late = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => late.reject(signal.reason), { once: true })
    try {
      await Promise.race([late.promise, this.#run(type, message, signal)])
    } catch (error) {
      // Once: what comes again will fail in the same way, or not.
      if (attempts === 1) this.#logger.error({ err: error, type, delivery: message.id }, 'a hook failed')
      throw error
    }
  }

  async #run(type: string, message: Message, signal: AbortSignal): Promise<void> {
    this.#count(type, 1)
    try {
      await this.#hooks.get(type)?.(message, signal)
    } finally {
      this.#count(type, -1)
    }
  }

  #count(type: string, by: number): void {
    this.#running.set(type, (this.#running.get(type) ?? 0) + by)
  }
}

/** Has the hooks of this process told from now on: each as a webhook without an address, one for all nodes. */
export async function offerHooks(client: Queryable, types: readonly string[]): Promise<void> {
  await client.query(
    `insert into webhooks (hook, url, description, events, rooms, secret, active, created_by)
     select type, '', '', array[type], '{}', '', true, 'system' from unnest($1::text[]) as type
     on conflict (hook) do update set changed_at = now()`,
    [types],
  )
}

/** That there are still processes with these hooks; where there have been none for a day, nothing is kept for a hook. */
export async function keepHooks(client: Queryable, types: readonly string[]): Promise<void> {
  await client.query('update webhooks set changed_at = now() where hook = any($1)', [types])
  await client.query(`delete from webhooks where hook is not null and changed_at < now() - interval '1 day'`)
}
