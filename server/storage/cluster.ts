import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, lchown, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { StorageError } from './error.ts'
import { isAlive, processName } from './process-state.ts'

/** The database user and database that initdb makes. */
export const SUPERUSER = 'postgres'

/** What initdb and Postgres are given of the environment: nothing that a PG* or LC_* variable could bend. */
export const environmentFor = (binaries: Binaries) => ({
  PATH: process.env.PATH,
  LC_ALL: 'C',
  TZ: 'UTC',
  LD_LIBRARY_PATH: binaries.libraries,
})

/** Makes `folder` a data folder of this Postgres, or finds that it is one. The caller holds the lock. */
export async function prepareCluster(
  folder: string,
  binaries: Binaries,
  account: Account,
  lock: number,
): Promise<void> {
  const version = await contentOf(join(folder, 'PG_VERSION'))
  if (version === undefined) {
    if (!(await isEmpty(folder))) throw new StorageError(`${folder} exists and is not a Postgres data folder`)
    await initialise(folder, binaries, account, lock)
  } else if (version.trim() !== binaries.version) {
    throw new StorageError(
      `${folder} was written by Postgres ${version.trim()} and this is ${binaries.version}: dump it with the one and restore it into the other`,
    )
  } else {
    await giveTo(folder, account)
  }
  await dropStalePid(folder)
}

/** A Postgres on this folder by its own record, alive: its process number. */
export async function runningPostgres(folder: string): Promise<number | undefined> {
  const record = await contentOf(join(folder, 'postmaster.pid'))
  const pid = Number.parseInt(record ?? '', 10)
  if (!Number.isInteger(pid) || pid <= 0 || !(await isAlive(pid))) return undefined
  return (await processName(pid)) === 'postgres' ? pid : undefined
}

/** Into a folder of another name first: one that has the right name is whole, whenever this was interrupted. */
async function initialise(folder: string, binaries: Binaries, account: Account, lock: number): Promise<void> {
  const draft = `${folder}.new`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { mode: 0o700 })
  if (account.owner !== undefined) await chown(draft, account.owner, account.owner)
  const [command = binaries.initdb, ...args] = [
    ...account.prefix,
    binaries.initdb,
    `--pgdata=${draft}`,
    `--username=${SUPERUSER}`,
    '--auth=trust', // the socket's folder is private
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    '--no-instructions',
  ]
  const child = spawn(command, args, {
    ...account.spawn,
    cwd: '/',
    env: environmentFor(binaries),
    stdio: ['ignore', 'ignore', 'pipe', lock],
  }) as ChildProcessByStdio<null, null, Readable> // the types of `spawn` know no fourth descriptor
  const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  if (code !== 0) throw new StorageError(`initdb failed in ${folder}: ${output.trim().split('\n').at(-1)}`)
  await rename(draft, folder)
  const parent = await open(join(folder, '..'))
  await parent.sync()
  await parent.close()
}

/** The folder may have been made when this ran as somebody else, or under another parent. */
async function giveTo(folder: string, { owner }: Account): Promise<void> {
  if (owner === undefined || (await stat(join(folder, 'PG_VERSION'))).uid === owner) return
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    // Last of all the mark that tells this is done.
    if (entry.name !== 'PG_VERSION' || entry.parentPath !== folder) {
      await lchown(join(entry.parentPath, entry.name), owner, owner)
    }
  }
  await chown(folder, owner, owner)
  await chmod(folder, 0o700)
  await chown(join(folder, 'PG_VERSION'), owner, owner)
}

/**
 * Postgres takes any live process of the number in its pid file for a Postgres. In a container that was
 * killed and started again, that number is as good as certain to be somebody else's.
 */
async function dropStalePid(folder: string): Promise<void> {
  const pid = await runningPostgres(folder)
  if (pid !== undefined) {
    throw new StorageError(`${folder} is in use by a Postgres that Syncline did not start (process ${pid})`)
  }
  await rm(join(folder, 'postmaster.pid'), { force: true })
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

async function isEmpty(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0
  } catch (error) {
    if (isMissing(error)) return true
    throw error
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'
