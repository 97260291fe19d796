import { recordAct } from '../access/audit.ts'
import type { Config } from '../config.ts'
import { History } from '../history/history.ts'
import type { Thinned } from '../history/retention/retain.ts'
import { Retainer } from '../history/retention/retainer.ts'
import type { Logger } from '../observe/log.ts'
import { openDatabase } from '../storage/database.ts'
import type { Queryable } from '../storage/transaction.ts'

export interface RetainOptions {
  readonly room?: string | undefined
  readonly dryRun?: boolean | undefined
  /** Who stands in the audit log as having thinned that room. */
  readonly by?: string | undefined
}

/**
 * Thins what is due by RETENTION, in one room or in all of them; prints a line for each, and the sum. Returns how many could not be
 * thinned, each of which is in the log.
 */
export async function retain(
  config: Config,
  logger: Logger,
  { room, dryRun = false, by = 'system' }: RetainOptions,
  print: (line: string) => void,
): Promise<number> {
  if (Object.keys(config.retention).length === 0) {
    print('RETENTION is not set: everything is kept')
    return 0
  }
  const database = await openDatabase(config.storage, logger)
  const history = new History(database, logger)
  try {
    const retainer = new Retainer(database.pool, config.retention, logger, history)
    let rooms = 0
    let freed = 0
    let failed = 0
    const fail = () => {
      failed += 1
    }
    const tell = (name: string, thinned: Thinned) => {
      rooms += 1
      freed += thinned.bytesBefore - thinned.bytesAfter
      print(`${name}: ${describe(thinned)}`)
    }
    if (room === undefined) {
      for await (const { room: name, thinned } of retainer.retainAll(dryRun, { fail })) tell(name, thinned)
    } else {
      const record = (client: Queryable) =>
        recordAct(client, { actor: by, act: 'room.retain', subject: room, details: {} })
      const thinned = await retainer.retain(room, { dryRun, record })
      if (thinned !== undefined) tell(room, thinned)
    }
    const not = failed === 0 ? '' : `; ${failed} could not be thinned`
    print(`${rooms} rooms ${dryRun ? 'would be' : 'were'} thinned, ${bytesOf(freed, 'bytes freed')}${not}`)
    return failed
  } finally {
    await history.close()
    await database.close()
  }
}

const bytesOf = (freed: number, are: string): string =>
  freed < 0 ? `${-freed} bytes more are taken` : `${freed} ${are}`

function describe({
  first,
  last,
  positionsLost,
  versionsLost,
  bytesBefore,
  bytesAfter,
  sharedSessions,
}: Thinned): string {
  const shared = sharedSessions === 0 ? '' : `, ${sharedSessions} sessions keep only who took part`
  const versions = versionsLost === 0 ? '' : `, ${versionsLost} automatic versions go with them`
  return (
    `of positions ${first} to ${last}, ${positionsLost} go and ${last - first + 1 - positionsLost} stay; ` +
    `${bytesOf(bytesBefore - bytesAfter, `of ${bytesBefore} bytes are freed`)}${versions}${shared}`
  )
}
