import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../observe/log.ts'
import { chooseAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { prepareCluster, runningPostgres, SUPERUSER } from './cluster.ts'
import { reasonOf, StorageError } from './error.ts'
import { lockFolder } from './folder-lock.ts'
import { type Postmaster, type PostmasterOptions, startPostmaster } from './postmaster.ts'

/** The path of a socket may have 107 bytes, which a data folder's own path can easily exceed. */
const SOCKETS_PARENT = tmpdir().length <= 60 ? tmpdir() : '/tmp'

const FIRST_RESTART_MS = 50
const LONGEST_RESTART_MS = 5000

export interface EmbeddedPostgres {
  /** The address of its socket, for `pg` and `DATABASE_URL`. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Starts Postgres in `<dataDir>/postgres` and keeps it running until `close`.
 * @throws StorageError
 */
export async function startEmbedded(dataDir: string, logger: Logger): Promise<EmbeddedPostgres> {
  try {
    await mkdir(dataDir, { recursive: true })
    const folder = join(dataDir, 'postgres')
    const lock = await lockFolder(dataDir, () => stopOrphan(folder))
    try {
      return await startLocked(folder, lock, logger)
    } catch (error) {
      await lock.close()
      throw error
    }
  } catch (error) {
    if (error instanceof StorageError) throw error
    throw new StorageError(`DATA_DIR ${dataDir} cannot be used: ${reasonOf(error)}`, { cause: error })
  }
}

async function startLocked(folder: string, lock: FileHandle, logger: Logger): Promise<EmbeddedPostgres> {
  const binaries = findBinaries()
  const account = await chooseAccount(binaries.postgres, [dirname(folder), SOCKETS_PARENT])
  await prepareCluster(folder, binaries, account, lock.fd)
  const sockets = join(SOCKETS_PARENT, `syncline-${randomBytes(9).toString('base64url')}`)
  const running = await keepRunning({ folder, sockets, binaries, account, lock: lock.fd, logger })
  return {
    url: `postgres://${SUPERUSER}@localhost/postgres?host=${encodeURIComponent(sockets)}`,
    close: async () => {
      await running.close()
      await lock.close()
    },
  }
}

async function stopOrphan(folder: string): Promise<void> {
  const orphan = await runningPostgres(folder)
  if (orphan !== undefined) process.kill(orphan, 'SIGINT')
}

/** Only what was running is started again: a first start that fails is the caller's to hear of. */
async function keepRunning(options: PostmasterOptions): Promise<{ close(): Promise<void> }> {
  const { logger } = options
  const closing = new AbortController()
  let postmaster: Postmaster = await startPostmaster(options)

  const supervise = async (): Promise<void> => {
    for (;;) {
      const code = await postmaster.ended
      if (closing.signal.aborted) return
      logger.error({ exitCode: code }, 'The embedded Postgres ended; starting it again')
      const next = await restart()
      if (next === undefined) return
      postmaster = next
      logger.info('The embedded Postgres is back')
    }
  }

  const restart = async (): Promise<Postmaster | undefined> => {
    for (let pause = FIRST_RESTART_MS; ; pause = Math.min(pause * 2, LONGEST_RESTART_MS)) {
      await delay(pause, undefined, { signal: closing.signal }).catch(() => undefined)
      if (closing.signal.aborted) return undefined
      try {
        const started = await startPostmaster(options)
        if (!closing.signal.aborted) return started
        await started.stop()
        return undefined
      } catch (error) {
        logger.error({ reason: reasonOf(error) }, 'The embedded Postgres could not be started again')
      }
    }
  }

  const supervised = supervise()
  return {
    close: async () => {
      closing.abort()
      await postmaster.stop()
      await supervised
    },
  }
}
