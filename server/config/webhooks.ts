import { z } from 'zod'
import { integer, networks } from './values.ts'

/** How webhooks are sent; times in ms. */
export interface WebhookConfig {
  /** Addresses and CIDR ranges that a webhook may have although they are private, and over http. */
  readonly allowedNetworks: readonly string[]
  /** Of one try. */
  readonly timeout: number
  /** The pause after each try that fails; after one more try than there are pauses a delivery is given up. */
  readonly retries: readonly number[]
  /** For how many days a delivery is kept. */
  readonly keepDays: number
  /** When a room's edits are told of, to webhooks and hooks. */
  readonly changes: Gathering
}

/** When edits of a room are told of as one, in ms. */
export interface Gathering {
  /** Once nothing more came for so long. */
  readonly quiet: number
  /** At the latest so long after the first: until then every commit leaves a row. */
  readonly longest: number
}

/** About a day in all. */
const RETRY_SECONDS = '5,30,120,600,1800,3600,7200,14400,28800,28800'

const pauses = z
  .string()
  .regex(/^\d{1,6}(\s*,\s*\d{1,6}){0,29}$/, 'must be up to thirty whole numbers with commas between')
  .transform((value) => value.split(',').map((part) => Number(part) * 1000))

/** Of the environment. */
export const webhookKeys = {
  WEBHOOK_ALLOWED_NETWORKS: networks.default([]),
  WEBHOOK_TIMEOUT_MS: integer(100, 60_000).default(10_000),
  WEBHOOK_RETRY_SECONDS: pauses.prefault(RETRY_SECONDS),
  WEBHOOK_KEEP_DAYS: integer(1, 3_650).default(30),
  CHANGED_QUIET_MS: integer(0, 600_000).default(2_000),
  CHANGED_WITHIN_MS: integer(0, 60_000).default(10_000),
}

type Keys = { readonly [Key in keyof typeof webhookKeys]: z.output<(typeof webhookKeys)[Key]> }

export const webhookConfig = (data: Keys): WebhookConfig =>
  Object.freeze({
    allowedNetworks: data.WEBHOOK_ALLOWED_NETWORKS,
    timeout: data.WEBHOOK_TIMEOUT_MS,
    retries: data.WEBHOOK_RETRY_SECONDS,
    keepDays: data.WEBHOOK_KEEP_DAYS,
    changes: Object.freeze({ quiet: data.CHANGED_QUIET_MS, longest: data.CHANGED_WITHIN_MS }),
  })
