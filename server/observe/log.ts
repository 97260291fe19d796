import { pino } from 'pino'

export type Logger = pino.Logger

/** JSON lines, or readable ones where a person looks at a terminal. */
export function createLogger(level: string): Logger {
  if (!process.stdout.isTTY) return pino({ level })
  return pino({ level, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } })
}
