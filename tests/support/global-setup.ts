import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { TestProject } from 'vitest/node'
import { startEmbedded } from '../../server/storage/embedded.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A Postgres server to make databases on. */
    readonly databaseServer: string
  }
}

/**
 * The suite starts hundreds of servers and commands, and half of such a start is reading the sources: 0.70 s without
 * Node's cache of what it has compiled, 0.38 s with it. What is killed writes nothing into it; the others do.
 */
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../../node_modules/.cache/compiled')

/** One Postgres for the whole run: TEST_DATABASE_URL, or an embedded one in a folder that goes with it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL
  if (given !== undefined && given !== '') {
    project.provide('databaseServer', given)
    return async () => undefined
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'syncline-test-'))
  const postgres = await startEmbedded(dataDir, pino({ level: 'warn' }))
  project.provide('databaseServer', postgres.url)
  return async () => {
    await postgres.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}
