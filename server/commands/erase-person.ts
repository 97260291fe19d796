import type { Config } from '../config.ts'
import { Log } from '../log/log.ts'
import type { Logger } from '../observe/log.ts'
import { erasePerson } from '../people/erase-person.ts'
import { withDatabase } from './export.ts'

export interface ErasePersonFlags {
  readonly dryRun?: boolean | undefined
  /** Who stands in the audit log. */
  readonly by: string
}

/** Nothing is appended here. */
const QUEUE = 1024 * 1024

/** Erases a person beside running servers, which learn of it within a second; prints what became of each table. */
export function erasePersonCommand(
  config: Pick<Config, 'storage'>,
  logger: Logger,
  person: string,
  { dryRun = false, by }: ErasePersonFlags,
  print: (line: string) => void,
): Promise<void> {
  return withDatabase(config, logger, async (database) => {
    const log = new Log(database, logger, QUEUE)
    try {
      const eraseRoom = log.erase.bind(log)
      const { tables } = await erasePerson({ pool: database.pool, eraseRoom }, person, { by, dryRun })
      for (const { table, fate, rows, why } of tables)
        print(`${table}: ${rows ?? '?'} ${fate}${why === null ? '' : `, ${why}`}`)
      print(dryRun ? 'nothing was changed' : `${person} is erased`)
    } finally {
      await log.close()
    }
  })
}
