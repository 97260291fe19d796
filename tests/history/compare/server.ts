import { pino } from 'pino'
import { onTestFinished, vi } from 'vitest'
import { signToken } from '../../../server/access/token.ts'
import { readConfig } from '../../../server/config.ts'
import { SynclineError } from '../../../server/errors.ts'
import { History } from '../../../server/history/history.ts'
import { versionPage } from '../../../server/history/requests.ts'
import type { Entry } from '../../../server/log/entry.ts'
import { read } from '../../../server/log/read.ts'
import { findRoom } from '../../../server/log/rooms.ts'
import type { Grants } from '../../../server/protocol.ts'
import { startApp } from '../../../server/start.ts'
import { openDatabase } from '../../../server/storage/database.ts'
import { freshDatabase } from '../../support/database.ts'
import { connectProvider, type Replica } from '../../support/provider.ts'

const SECRET = 'tests only: 0123456789abcdefghijklmnop'

export interface CompareServer {
  /** The seqs of the versions that restores kept, newest first. */
  kept(room: string): Promise<number[]>
  /** The room's log as the database has it. */
  entries(room: string): Promise<readonly Entry[]>
  /** A stock provider in the room, synced. */
  join(room: string, user: string, grants?: Grants): Promise<Replica>
  /** Speaks to the database. */
  query(sql: string): Promise<unknown>
  request(path: string, options?: { grants?: Grants; user?: string; body?: unknown }): Promise<Response>
}

/** The server itself, in this process, so that a test can step in between two of its steps. */
export async function startCompareServer(env: Record<string, string> = {}): Promise<CompareServer> {
  const { storage, drop } = await freshDatabase()
  const config = readConfig({ DATABASE_URL: storage.url, JWT_SECRET: SECRET, PORT: '0', ...env })
  const logger = pino({ level: 'silent' })
  const app = await startApp(config, logger)
  const database = await openDatabase(storage, logger)
  onTestFinished(async () => {
    await app.close()
    await database.close()
    await drop()
  })
  const tokenOf = (user: string, grants: Grants = { '*:*': 'write' }) =>
    signToken(SECRET, { user: { id: user }, grants })
  const request: CompareServer['request'] = (path, { grants, user = 'ada', body } = {}) =>
    fetch(`${app.url}/api/v1/${path}`, {
      headers: {
        authorization: `Bearer ${tokenOf(user, grants)}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    })
  return {
    kept: async (room) => {
      const answer = await request(`rooms/${room}/versions`)
      const { versions } = versionPage.parse(await answer.json())
      return versions.filter(({ reason }) => reason === 'restore').map(({ seq }) => seq)
    },
    entries: async (name) => {
      const room = await findRoom(database.pool, name)
      const entries: Entry[] = []
      if (room !== undefined)
        for await (const entry of read(database.pool, room.id, 0, room.head)) entries.push(entry)
      return entries
    },
    join: async (room, user, grants) => {
      const wsUrl = `${app.url.replace('http', 'ws')}/sync`
      const replica = connectProvider({ wsUrl, room, token: tokenOf(user, grants) })
      onTestFinished(() => replica.destroy())
      await replica.synced()
      return replica
    },
    query: (sql) => database.pool.query(sql),
    request,
  }
}

/** Has the keeping of a version fail once, after `well` of them have gone well. */
export function failKeepingVersions(well: number): void {
  const { keepVersion } = History.prototype
  let kept = 0
  const spy = vi.spyOn(History.prototype, 'keepVersion').mockImplementation(async function (
    this: History,
    ...version
  ) {
    kept += 1
    if (kept <= well) return keepVersion.apply(this, version)
    spy.mockRestore()
    throw new SynclineError('storage-unavailable')
  })
  onTestFinished(() => spy.mockRestore())
}

/** Has every restore be planned as this edit. */
export function planRestoresAs(update: Uint8Array) {
  const { planRestore } = History.prototype
  return vi.spyOn(History.prototype, 'planRestore').mockImplementation(async function (
    this: History,
    ...asked
  ) {
    return { ...(await planRestore.apply(this, asked)), update }
  })
}

/** Has something happen between the planning of the next restore and its being applied. */
export function onceRestorePlanned(happen: () => Promise<void>): void {
  const { compare } = History.prototype
  const spy = vi.spyOn(History.prototype, 'compare').mockImplementation(async function (
    this: History,
    room,
    ask,
  ) {
    const compared = await compare.call(this, room, ask)
    if (compared.update !== undefined) await happen()
    return compared
  })
  onTestFinished(() => spy.mockRestore())
}
