import { randomBytes } from 'node:crypto'
import { appendFile, chown, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pino } from 'pino'
import { chooseAccount } from '../../server/storage/account.ts'
import { findBinaries } from '../../server/storage/binaries.ts'
import { prepareCluster } from '../../server/storage/cluster.ts'
import { startPostmaster } from '../../server/storage/postmaster.ts'
import type { AtEnd } from '../log/fixture.ts'

/**
 * A Postgres on a folder of its own, which is made where it is not there, configured as an operator would: by lines of
 * postgresql.conf. Resolves with its address once it takes writes, after recovery where it has been asked for one.
 */
export async function startPostgres(folder: string, settings: string, atEnd: AtEnd): Promise<string> {
  const binaries = findBinaries()
  const account = await chooseAccount(binaries.postgres, [dirname(folder)])
  const lock = await open(`${folder}.lock`, 'w')
  await prepareCluster(folder, binaries, account, lock.fd)
  await appendFile(join(folder, 'postgresql.conf'), settings)
  // The path of a socket may not be long.
  const sockets = `/tmp/syncline-${randomBytes(9).toString('base64url')}`
  const logger = pino({ level: 'silent' })
  const running = await startPostmaster({ folder, sockets, binaries, account, lock: lock.fd, logger })
  atEnd(async () => {
    await running.stop()
    await lock.close()
  })
  return `postgres://postgres@localhost/postgres?host=${encodeURIComponent(sockets)}`
}

/** Makes it the account's that such a Postgres runs as. */
export async function giveToPostgres(path: string): Promise<void> {
  const { owner } = await chooseAccount(findBinaries().postgres, [dirname(path)])
  if (owner !== undefined) await chown(path, owner, owner)
}
