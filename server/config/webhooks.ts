import { z } from 'zod'

/** How webhooks are sent; times in ms. */
export interface WebhookConfig {
  /** Addresses and CIDR ranges that a webhook may have although they are private, and over http. */
  readonly allowedNetworks: readonly string[]
  /** Of one try. */
  readonly timeout: number
  /** The pause after each try that fails; after the last one, and its try, a delivery is given up. */
  readonly retries: readonly number[]
  /** For how many days a delivery is kept. */
  readonly keepDays: number
  /** When a room's edits are told of: once nothing more came for `quiet`, at the latest `longest` after the first. */
  readonly changes: { readonly quiet: number; readonly longest: number }
}

/** About a day in all. */
export const RETRY_SECONDS = '5,30,120,600,1800,3600,7200,14400,28800,28800'

/** `WEBHOOK_RETRY_SECONDS`, in ms. */
export const pauses = z
  .string()
  .regex(/^\d{1,6}(\s*,\s*\d{1,6}){0,29}$/, 'must be up to thirty whole numbers with commas between')
  .transform((value) => value.split(',').map((part) => Number(part) * 1000))
