import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from './observe/log.ts'
import { PACKAGE_ROOT } from './package.ts'

const CONFIG = join(PACKAGE_ROOT, 'client/studio/vite.config.ts')
const BUILT = join(PACKAGE_ROOT, 'dist/studio/index.html')

/** Builds the studio where it was never built or its sources are newer; a published package brings it built. */
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
  await build({ configFile: CONFIG, logLevel: 'warn' })
}

const changed = async (path: string): Promise<number> => (await stat(path)).mtimeMs

async function newest(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Math.max(0, ...(await Promise.all(files.map((file) => changed(join(file.parentPath, file.name))))))
}
