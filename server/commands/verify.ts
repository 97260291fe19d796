import type { StorageConfig } from '../config.ts'
import { verifyRoom } from '../documents/verify.ts'
import { Log } from '../log/log.ts'
import type { Logger } from '../observe/log.ts'
import { openDatabase } from '../storage/database.ts'

const QUEUE = 1024 * 1024

/** Verifies one room, or all of them; prints a line for each that is not whole. Returns how many are not. */
export async function verify(
  storage: StorageConfig,
  logger: Logger,
  only: string | undefined,
  print: (line: string) => void,
): Promise<number> {
  const database = await openDatabase(storage, logger)
  const log = new Log(database, logger, QUEUE)
  let damaged = 0
  let rooms = 0
  try {
    for (const name of only === undefined ? await log.names() : [only]) {
      rooms += 1
      const problems = await problemsOf(log, name)
      if (problems.length > 0) damaged += 1
      for (const problem of problems) print(`${name}: ${problem}`)
    }
    print(`${rooms} rooms verified, ${damaged} damaged`)
    return damaged
  } finally {
    await log.close()
    await database.close()
  }
}

async function problemsOf(log: Log, name: string): Promise<readonly string[]> {
  const room = await log.open(name, undefined)
  if (room === undefined) return ['there is no such room']
  try {
    return (await verifyRoom(log, room)).problems
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}
