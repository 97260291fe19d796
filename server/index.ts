/** The public entry `syncline`: the server, for programs that start it themselves. */
export { type App, startApp } from './app.ts'
export { defineKind, event, type PayloadsOf } from './channels/kind.ts'
export type { BuiltInPayloads } from './channels/kinds/built-in.ts'
export { type Config, ConfigError, readConfig } from './config.ts'
export { ERRORS, type ErrorCode, SynclineError } from './errors.ts'
export { createLogger, type Logger } from './observe/log.ts'
export { StorageError } from './storage/error.ts'
