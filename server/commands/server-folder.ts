import { stat } from 'node:fs/promises'
import { exportServer } from '../backup/export.ts'
import { importServer } from '../backup/import.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../observe/log.ts'
import { withDatabase } from './export.ts'

type Print = (line: string) => void
type Storage = Pick<Config, 'storage'>

/** Writes all that a server holds into an empty folder. Returns how many rooms are damaged, each of which is named. */
export function exportAll(config: Storage, logger: Logger, folder: string, print: Print): Promise<number> {
  return withDatabase(config, logger, async ({ pool }) => {
    const { rooms, bytes, damaged } = await exportServer(pool, folder)
    for (const problem of damaged) print(problem)
    print(`${rooms} rooms exported, ${bytes} bytes, ${damaged.length} damaged`)
    return damaged.length
  })
}

/** Whether what is to be imported is a folder, and so a whole server. */
export const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false

/** Brings what `exportAll` wrote into an empty database: all of it or nothing. */
export function importAll(config: Storage, logger: Logger, folder: string, print: Print): Promise<void> {
  return withDatabase(config, logger, async ({ pool }) => {
    const { rooms, sha256 } = await importServer(pool, folder)
    print(`${rooms} rooms imported and compared; ${sha256}`)
  })
}
