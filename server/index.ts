/**
 * The public entry `syncline`: the server, for programs that start it themselves, and what an application defines its
 * events with; a zod of its own does as well as `z`.
 */
export { z } from 'zod'
export type { Publish } from './app.ts'
export { type Attached, attachSyncline } from './attach.ts'
export { defineConfig, type SynclineConfig } from './channels/application.ts'
export { defineKind, event, type PayloadsOf } from './channels/kind.ts'
export type { BuiltInPayloads } from './channels/kinds/built-in.ts'
export { type Config, ConfigError, readConfig } from './config.ts'
export { ERRORS, type ErrorCode, SynclineError } from './errors.ts'
export type { Health } from './http/health.ts'
export { createLogger, type Logger } from './observe/log.ts'
export type { EventDraft, Grants } from './protocol.ts'
export { type App, startApp } from './start.ts'
export { StorageError } from './storage/error.ts'
export type { EmbedOptions, Hook, Hooks } from './webhooks/hooks.ts'
export type { EventMessage, WebhookMessage } from './webhooks/message.ts'
export { verifyWebhook, WebhookSignatureError } from './webhooks/signature.ts'
