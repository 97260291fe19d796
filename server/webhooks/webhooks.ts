import type { Verify } from '../access/verifier.ts'
import type { Registry } from '../channels/registry.ts'
import type { WebhookConfig } from '../config/webhooks.ts'
import type { Router } from '../http/router.ts'
import type { Logger } from '../observe/log.ts'
import type { Database } from '../storage/database.ts'
import type { Pulse } from '../storage/pulse.ts'
import { Addresses } from './address.ts'
import { forgetChanges } from './changes.ts'
import { forgetDeliveries } from './delivery-table.ts'
import { HookCalls, type Hooks, keepHooks, offerHooks } from './hooks.ts'
import { webhookRoutes } from './routes.ts'
import { Sender } from './sender.ts'

export interface WebhookOptions {
  readonly database: Database
  readonly config: WebhookConfig
  readonly registry: Registry
  readonly verify: Verify
  readonly hooks: Hooks<object>
  readonly logger: Logger
}

/** Addresses of applications that are told of what happens here: the administrators' routes, and what sends. */
export interface Webhooks {
  readonly routes: Router
  /** Deletes deliveries that nobody needs any more. */
  forgetOld(signal: AbortSignal): Promise<void>
  start(pulse: Pulse): void
  close(): Promise<void>
}

export async function createWebhooks(options: WebhookOptions): Promise<Webhooks> {
  const { database, config, registry, verify, logger } = options
  const { pool } = database
  const addresses = new Addresses(config.allowedNetworks)
  const hooks = new HookCalls(options.hooks, logger)
  if (hooks.types.length > 0) await offerHooks(pool, hooks.types)
  const sender = new Sender(database, config, addresses, hooks, logger)
  return {
    routes: webhookRoutes({ pool, addresses, registry, verify }),
    forgetOld: async (signal) => {
      await keepHooks(pool, hooks.types)
      await forgetDeliveries(pool, config.keepDays, signal)
      await forgetChanges(pool)
    },
    start: (pulse) => sender.start(pulse),
    close: () => sender.close(),
  }
}
