import { recordAct } from '../access/audit.ts'
import { inconsistencies } from '../backup/checks.ts'
import type { StorageConfig } from '../config.ts'
import { Sandbox } from '../documents/sandbox.ts'
import { verifyRoom } from '../documents/verify.ts'
import { Log } from '../log/log.ts'
import { quarantineLine } from '../log/rooms.ts'
import type { Logger } from '../observe/log.ts'
import { openDatabase } from '../storage/database.ts'
import type { Queryable } from '../storage/transaction.ts'

const QUEUE = 1024 * 1024
/** What a room may take while it is rebuilt: memory in MiB, and ms of processor time for a part of it. */
const SANDBOX = { memory: Math.max(2048, Sandbox.memoryForOpening().most), within: 120_000 }

export interface VerifyOptions {
  /** This room only; all of them when absent. */
  readonly room?: string | undefined
  /** End the quarantine of that room. */
  readonly release?: boolean | undefined
  /** Who stands in the audit log as having ended it. */
  readonly by?: string | undefined
}

/**
 * Verifies one room, or all of them and what was made of them; prints a line for each thing that is wrong. Returns how many
 * rooms and other parts are not whole.
 */
export async function verify(
  storage: StorageConfig,
  logger: Logger,
  { room: only, release = false, by = 'system' }: VerifyOptions,
  print: (line: string) => void,
): Promise<number> {
  const database = await openDatabase(storage, logger)
  const log = new Log(database, logger, QUEUE)
  const sandbox = new Sandbox(SANDBOX)
  let damaged = 0
  let rooms = 0
  try {
    for (const name of only === undefined ? await log.names() : [only]) {
      rooms += 1
      const problems = await problemsOf(log, name, sandbox)
      if (problems.length > 0) damaged += 1
      for (const problem of problems) print(`${name}: ${problem}`)
    }
    print(`${rooms} rooms verified, ${damaged} damaged`)
    if (only === undefined) {
      const found = await inconsistencies(database.pool)
      for (const { room: of, problem } of found) print(`${of ?? 'the database'}: ${problem}`)
      print(`what was made of them verified, ${found.length} inconsistencies`)
      damaged += found.length
    }
    if (release && only !== undefined) {
      const record = (client: Queryable) =>
        recordAct(client, { actor: by, act: 'room.release', subject: only, details: {} })
      const released = await log.release(only, record)
      print(`${only}: ${released ? 'its quarantine has ended' : 'it was not quarantined'}`)
    }
    return damaged
  } finally {
    sandbox.close()
    await log.close()
    await database.close()
  }
}

async function problemsOf(log: Log, name: string, sandbox: Sandbox): Promise<readonly string[]> {
  const found = await log.inspect(name)
  if (found === undefined) return ['there is no such room']
  const { room, quarantine } = found
  const quarantined = quarantine === undefined ? [] : [quarantineLine(quarantine)]
  try {
    return [...quarantined, ...(await verifyRoom(log, room, sandbox)).problems]
  } catch (error) {
    return [...quarantined, error instanceof Error ? error.message : String(error)]
  }
}
