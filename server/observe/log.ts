import { pino } from 'pino'

export type Logger = pino.Logger

/** JSON lines, or readable ones where a person looks at a terminal. */
export function createLogger(level: string): Logger {
  if (!process.stdout.isTTY) return pino({ level })
  return pino({ level, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } })
}

const listeners = new WeakMap<Logger, (code: string) => void>()

/** Calls back with the code of each refusal of whoever was given this logger: one server's parts have one. */
export function onRefusal(logger: Logger, listener: (code: string) => void): void {
  listeners.set(logger, listener)
}

/** Something was refused. To be called once for each, beside its line in the log where it has one. */
export function countRefusal(logger: Logger, code: string): void {
  listeners.get(logger)?.(code)
}
