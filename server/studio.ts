import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from './observe/log.ts'
import { PACKAGE_ROOT } from './package.ts'

const CONFIG = join(PACKAGE_ROOT, 'client/studio/vite.config.ts')
const STUDIO = join(PACKAGE_ROOT, 'dist/studio')
const BUILT = join(STUDIO, 'index.html')

/**
 * Builds the studio where it was never built or its sources are newer; a published package brings it built. It is
 * put in its place as a whole: another server may be serving from there, or be building it too.
 */
export async function ensureStudio(logger: Logger): Promise<void> {
  if (!existsSync(CONFIG)) return
  const sources = Math.max(
    ...(await Promise.all([
      newest(join(PACKAGE_ROOT, 'client')),
      changed(join(PACKAGE_ROOT, 'package.json')),
    ])),
  )
  if (existsSync(BUILT) && (await changed(BUILT)) > sources) return
  logger.info('building the studio; this is done once')
  const { build } = await import('vite')
  const built = aside(STUDIO)
  try {
    await build({ configFile: CONFIG, logLevel: 'warn', build: { outDir: built, emptyOutDir: true } })
  } catch (error) {
    await remove(built)
    throw error
  }
  await putInPlace(built, STUDIO)
}

/** Replaces what is in a place, if anything, by a folder; of several who do so at once, one's is left, whole. */
export async function putInPlace(folder: string, place: string): Promise<void> {
  const old = aside(place)
  await rename(place, old).catch(unlessMissing)
  await rename(folder, place).catch(unlessThere)
  await Promise.all([remove(folder), remove(old)])
}

/** Beside it, for a rename goes no further than its disk. */
const aside = (place: string): string => `${place}-${randomBytes(6).toString('hex')}`
const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })

const unless =
  (...codes: readonly string[]) =>
  (error: NodeJS.ErrnoException): void => {
    if (!codes.includes(error.code ?? '')) throw error
  }

const unlessMissing = unless('ENOENT')
const unlessThere = unless('ENOTEMPTY', 'EEXIST')

const changed = async (path: string): Promise<number> => (await stat(path)).mtimeMs

async function newest(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Math.max(0, ...(await Promise.all(files.map((file) => changed(join(file.parentPath, file.name))))))
}
