import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdir, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Logger } from '../observe/log.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { environmentFor } from './cluster.ts'
import { StorageError } from './error.ts'

/**
 * Runs Postgres and stops it when standard input ends, which it does however node ends; ends when Postgres
 * does. The loop is for a Postgres so young that it does not listen to signals yet. Descriptor 3 is the
 * folder's lock, which Postgres keeps and the watcher must not. Standard error is Postgres's alone: a shell
 * that tells a dead node how Postgres ended would itself end there, before it has tidied up.
 */
const WATCHDOG = `
sockets=$1; shift
exec 4<&0
"$@" </dev/null 4<&- &
postgres=$!
(
  exec 0<&4 2>/dev/null 3>&- 4<&-
  while read -r line; do :; done
  while kill -INT "$postgres"; do sleep 1; done
) &
watcher=$!
exec 4<&- 2>/dev/null
wait "$postgres"; code=$?
kill "$watcher"
rm -rf -- "$sockets"
exit "$code"
`

/** Said once recovery, if any, is over; the language is fixed by the environment. */
const READY = 'database system is ready to accept connections'

export interface PostmasterOptions {
  readonly folder: string
  /** The folder of the socket, made for this run and removed with it. */
  readonly sockets: string
  readonly binaries: Binaries
  readonly account: Account
  readonly lock: number
  readonly logger: Logger
}

/** One run of Postgres, from its start to its end. */
export interface Postmaster {
  /** Settles when Postgres has ended, with its exit code or, under the watchdog, 128 + the signal. */
  readonly ended: Promise<number>
  /** A fast shutdown: connections are cut, everything is checkpointed. */
  stop(): Promise<void>
}

/** Resolves when Postgres takes connections, after recovery where it needs some. */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const { folder, sockets, binaries, account, lock, logger } = options
  await rm(sockets, { recursive: true, force: true })
  await mkdir(sockets, { mode: 0o700 })
  if (account.owner !== undefined) await chown(sockets, account.owner, account.owner)

  const command = [...account.prefix, binaries.postgres, '-D', folder, ...settings(sockets)]
  const child = spawn('sh', ['-c', WATCHDOG, 'syncline-postgres', sockets, ...command], {
    ...account.spawn,
    cwd: '/',
    env: environmentFor(binaries),
    // A session of its own: Ctrl-C in a terminal goes to all of a group, and node is to stop first.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe', lock],
  }) as ChildProcessByStdio<Writable, null, Readable> // the types of `spawn` know no fourth descriptor
  // The watchdog may end first; what happened is told by `ended`.
  child.stdin.on('error', () => undefined)
  const ended = once(child, 'exit').then(([code, signal]) => {
    // Where only the watchdog was killed, its watcher lives and stops Postgres now.
    child.stdin.destroy()
    return signal === null ? Number(code) : 128
  })

  let lastWords = ''
  const lines = createInterface({ input: child.stderr })
  const ready = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (line.includes(READY)) resolve()
      if (/ (FATAL|PANIC): /.test(line)) lastWords = line.replace(/^.*? (FATAL|PANIC): +/, '')
      logger.debug({ postgres: line })
    })
  })
  const failed = Promise.all([ended, once(lines, 'close')]).then(([code]) => {
    throw new StorageError(`The embedded Postgres did not start: ${lastWords || `exit code ${code}`}`)
  })
  await Promise.race([ready, failed])
  failed.catch(() => undefined) // from here on its end is told by `ended`

  return {
    ended,
    stop: async () => {
      child.stdin.end()
      await ended
    },
  }
}

/** Given on the command line, so that no file in the folder can weaken them. */
const settings = (sockets: string): string[] =>
  Object.entries({
    listen_addresses: '',
    unix_socket_directories: sockets,
    unix_socket_permissions: '0700',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    log_destination: 'stderr',
    logging_collector: 'off',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
