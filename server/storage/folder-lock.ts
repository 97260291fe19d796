import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf, StorageError } from './error.ts'
import { isAlive } from './process-state.ts'

/** How long a Postgres whose server was killed is given to stop by itself, and then when told to. */
const GRACE_SECONDS = 5
const STOP_SECONDS = 30

/**
 * Takes the folder for this process. The lock is the kernel's, on an open file that Postgres inherits: it
 * ends when the last of node and Postgres has, however they end, and holds between containers that share a
 * volume, where process numbers mean nothing. The number written into the file is only for the message.
 *
 * @param stopOrphan tells a Postgres that outlived its server to stop.
 */
export async function lockFolder(dataDir: string, stopOrphan: () => Promise<void>): Promise<FileHandle> {
  const file = await open(lockOf(dataDir), 'a+', 0o644)
  try {
    if (!(await tryLock(file, 0)) && !(await lockAfterDead(file, dataDir))) {
      await stopOrphan()
      if (!(await tryLock(file, STOP_SECONDS))) throw inUse(dataDir, '')
    }
    await file.truncate(0)
    await file.write(`${process.pid}\n`)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/**
 * Waits for a Postgres to stop by itself. Whose it is, is asked each second: whoever took the folder just now had not written
 * its number yet, and its Postgres is no orphan.
 */
async function lockAfterDead(file: FileHandle, dataDir: string): Promise<boolean> {
  for (let second = 0; second < GRACE_SECONDS; second += 1) {
    await requireDead(dataDir)
    if (await tryLock(file, 1)) return true
  }
  await requireDead(dataDir)
  return false
}

async function requireDead(dataDir: string): Promise<void> {
  const owner = Number.parseInt(await readFile(lockOf(dataDir), 'utf8'), 10)
  if (Number.isInteger(owner) && (await isAlive(owner))) throw inUse(dataDir, ` (process ${owner})`)
}

const lockOf = (dataDir: string): string => join(dataDir, 'owner.lock')

const inUse = (dataDir: string, by: string) =>
  new StorageError(`${dataDir} is in use by another Syncline server${by}`)

/** flock(1) locks the open file that it inherits, which is this process's own: the lock stays when it has gone. */
async function tryLock(file: FileHandle, seconds: number): Promise<boolean> {
  const args = seconds === 0 ? ['-n', '3'] : ['-w', String(seconds), '3']
  const child = spawn('flock', args, { stdio: ['ignore', 'ignore', 'ignore', file.fd] })
  try {
    const [code] = await once(child, 'exit')
    return code === 0
  } catch (error) {
    throw new StorageError(
      `The embedded database needs the command flock (package util-linux): ${reasonOf(error)}`,
      { cause: error },
    )
  }
}
