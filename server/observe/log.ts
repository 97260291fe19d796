import { pino } from 'pino'

export type Logger = pino.Logger

/**
 * What is logged of an error beside its type, message and stack. Not all that it carries, as pino would have it: ioredis' errors
 * have the arguments of the command that failed, which may be AUTH, and those of Postgres the whole row.
 */
const SHOWN = ['code', 'syscall', 'severity', 'schema', 'table', 'column', 'constraint', 'routine'] as const
/** Errors in the cause of an error, and so on. */
const DEEPEST = 3

function shown(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error
  const { name: type, message, stack, cause } = error
  const fields = SHOWN.map((name) => [name, Reflect.get(error, name)] as const)
  return {
    type,
    message,
    stack,
    ...Object.fromEntries(fields.filter(([, value]) => value !== undefined)),
    ...(cause !== undefined && depth < DEEPEST && { cause: shown(cause, depth + 1) }),
  }
}

const serializers = { err: (error: unknown) => shown(error) }

const DESCRIPTORS = { stdout: 1, stderr: 2 }

/** JSON lines, or readable ones where a person looks at a terminal. */
export function createLogger(level: string, to: 'stdout' | 'stderr' = 'stdout'): Logger {
  const destination = DESCRIPTORS[to]
  if (!process[to].isTTY) return pino({ level, serializers }, pino.destination(destination))
  const transport = { target: 'pino-pretty', options: { ignore: 'pid,hostname,node', destination } }
  return pino({ level, serializers, transport })
}

/** A node's own: each of its lines names it. */
export const nodeLogger = (logger: Logger, node: string): Logger => logger.child({ node }, { serializers })

const listeners = new WeakMap<Logger, (code: string) => void>()

/** Calls back with the code of each refusal of whoever was given this logger: one server's parts have one. */
export function onRefusal(logger: Logger, listener: (code: string) => void): void {
  listeners.set(logger, listener)
}

/** Something was refused. To be called once for each, beside its line in the log where it has one. */
export function countRefusal(logger: Logger, code: string): void {
  listeners.get(logger)?.(code)
}
