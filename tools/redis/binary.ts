import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A Redis server that can be run here, or why there is none. */
export type RedisBinary =
  | { readonly kind: 'found'; readonly command: string; readonly env: NodeJS.ProcessEnv }
  | { readonly kind: 'absent'; readonly reason: string }

const COMMANDS = ['redis-server', 'valkey-server']
/** What the server is made of on Debian beside what every installation has. */
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1']
const CACHE = join(import.meta.dirname, '../../node_modules/.cache')
const UNPACKED = join(CACHE, `redis-${process.arch}`)
const ANSWER_WITHIN_MS = 60_000

/** From PATH, else unpacked from Debian's packages, which needs no root: 1 to 4 s, once. */
export async function findRedis(): Promise<RedisBinary> {
  for (const command of COMMANDS) {
    const installed: RedisBinary = { kind: 'found', command, env: process.env }
    if ((await whyItCannotRun(installed)) === undefined) return installed
  }
  try {
    if (!existsSync(UNPACKED)) await unpack()
    const unpacked = await unpackedIn(UNPACKED)
    const trouble = await whyItCannotRun(unpacked)
    return trouble === undefined ? unpacked : { kind: 'absent', reason: trouble }
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim() : String(error)
    return { kind: 'absent', reason: `neither ${COMMANDS.join(' nor ')} is on PATH, and ${reason}` }
  }
}

async function whyItCannotRun({
  command,
  env,
}: RedisBinary & { kind: 'found' }): Promise<string | undefined> {
  return run(command, ['--version'], { env }).then(
    () => undefined,
    (error: Error) => error.message.trim(),
  )
}

/** Whole or not at all, so that two that do it at once are in nobody's way: the second finds it done. */
async function unpack(): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(CACHE, 'redis-'))
  try {
    await download(folder)
    const root = join(folder, 'root')
    for (const file of await readdir(folder)) {
      if (file.endsWith('.deb')) await run('dpkg', ['-x', join(folder, file), root])
    }
    await rename(root, UNPACKED).catch((error: unknown) => {
      if (!existsSync(UNPACKED)) throw error
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** By the machine's lists of packages; where it has none, or old ones, by lists of our own. */
async function download(folder: string): Promise<void> {
  const options = ['-q', '-o', `Dir::Cache=${join(folder, 'cache')}`]
  const own = ['-o', `Dir::State::Lists=${join(folder, 'lists')}`]
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true })
  await mkdir(join(folder, 'lists/partial'), { recursive: true })
  const apt = (...args: string[]) => run('apt-get', args, { cwd: folder, timeout: ANSWER_WITHIN_MS })
  try {
    await apt('download', ...options, ...PACKAGES)
  } catch {
    await apt('update', ...options, ...own)
    await apt('download', ...options, ...own, ...PACKAGES)
  }
}

async function unpackedIn(root: string): Promise<RedisBinary & { kind: 'found' }> {
  const libraries = (await readdir(join(root, 'usr/lib'))).map((name) => join(root, 'usr/lib', name))
  return {
    kind: 'found',
    command: join(root, 'usr/bin/redis-server'),
    env: { ...process.env, LD_LIBRARY_PATH: libraries.join(':') },
  }
}
