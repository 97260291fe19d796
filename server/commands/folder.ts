import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { Log } from '../log/log.ts'
import type { Logger } from '../observe/log.ts'
import { StorageError } from '../storage/error.ts'
import { FolderExport } from '../transfer/folder.ts'
import { withDatabase } from './export.ts'

export interface FolderOptions {
  readonly folder: string
  readonly watch?: boolean | undefined
  readonly kind?: string | undefined
}

/** How often `--watch` looks for changes, in ms. */
const EVERY = 2_000
/** Nothing is appended here. */
const QUEUE = 1024 * 1024

/**
 * Writes every document into a folder, once or until it is told to stop or nobody reads what it prints. What goes on to be so is printed once: a
 * room that cannot be written, and a database that is away, for which a watch waits. Returns how many could not be written in the last pass.
 */
export async function exportFolder(
  config: Config,
  logger: Logger,
  { folder, watch = false, kind }: FolderOptions,
  print: (line: string) => void,
  readerGone: AbortSignal,
): Promise<number> {
  const asked = new AbortController()
  const stop = AbortSignal.any([asked.signal, readerGone])
  if (watch) for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => asked.abort())
  return withDatabase(config, logger, async (database) => {
    const log = new Log(database, logger, QUEUE)
    const target = new FolderExport(folder, database.pool, log, kind)
    let told: readonly string[] = []
    let away = false
    const pass = async () => {
      const { written, removed, problems } = await target.pass()
      if (away) print('The database answers again')
      away = false
      for (const file of written) print(`${file}: written`)
      for (const file of removed) print(`${file}: removed`)
      for (const problem of problems) if (!told.includes(problem)) print(problem)
      told = problems
    }
    try {
      for (;;) {
        try {
          await pass()
        } catch (error) {
          if (!watch || !(error instanceof StorageError)) throw error
          if (!away) print(error.message)
          away = true
        }
        if (!watch || stop.aborted) return told.length + Number(away)
        await pause(EVERY, undefined, { signal: stop }).catch(() => undefined)
      }
    } finally {
      await log.close()
    }
  })
}
