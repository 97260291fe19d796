import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import type * as Y from 'yjs'
import { countTo } from '../log/fixture.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

const run = promisify(execFile)
const SYNCLINE = fileURLToPath(new URL('../../server/syncline.ts', import.meta.url))
const env = { JWT_SECRET: SECRET }

/** Two servers on one database, and nothing else between them. */
async function startNodes(): Promise<readonly [TestServer, TestServer]> {
  const first = await startServer({ env })
  onTestFinished(() => first.dispose())
  const second = await startServer({ env: { ...env, DATABASE_URL: first.databaseUrl } })
  onTestFinished(() => second.dispose())
  return [first, second]
}

async function join({ wsUrl }: TestServer, room: string, user: string, document?: Y.Doc): Promise<Replica> {
  const token = tokenOf(user, { grants: { 'doc:*': 'write' } })
  const replica = connectProvider({ wsUrl, room, token, ...(document && { document }) })
  onTestFinished(() => replica.destroy())
  await replica.synced()
  return replica
}

const holdsSame = (...replicas: readonly Replica[]): boolean => {
  const states = replicas.map(({ document }) => JSON.stringify(document.getArray('edits').toJSON()))
  return new Set(states).size === 1
}

it('[CLU1] [CONV12] what one node commits is seen on another, and written on there, without anything between them but the database', async () => {
  const [here, there] = await startNodes()
  const ada = await join(here, 'doc:a', 'ada')
  const bob = await join(there, 'doc:a', 'bob')
  ada.edits.push(['from ada'])
  await bob.holds('from ada')
  bob.edits.push(['from bob'])
  await ada.holds('from bob')
  expect(holdsSame(ada, bob)).toBe(true)
  const send = async ({ url }: TestServer, words: string) => {
    const response = await fetch(`${url}/api/v1/rooms/doc:a/content?format=text`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${tokenOf('eve', { grants: { 'doc:*': 'write' } })}` },
      body: words,
    })
    return [response.status, await response.json()]
  }
  // Each builds on characters that its node has not heard of yet.
  expect(await send(here, 'one')).toEqual([200, { seq: 3, changed: true, simplified: [] }])
  expect(await send(there, 'one two')).toEqual([200, { seq: 4, changed: true, simplified: [] }])
  expect(await send(here, 'one two three')).toEqual([200, { seq: 5, changed: true, simplified: [] }])
  for (const { document } of [ada, bob])
    await until(() => document.getText('content').toString() === 'one two three')
})

it('[CLU2] nodes that write to one room at once come to hold the same, also over a kill -9, and so does its log', async () => {
  const [here, there] = await startNodes()
  const room = 'doc:both'
  const ada = await join(here, room, 'ada')
  const bob = await join(there, room, 'bob')
  const edits = countTo(600)
  for (const n of edits) {
    ada.edits.push([`ada ${n}`])
    // In front of what the other one writes, so that the order is one that both must agree on.
    bob.edits.insert(0, [`bob ${n}`])
    if (n % 20 === 0) await Promise.all([ada.saved(), bob.saved()])
  }
  await there.kill9()
  ada.edits.push(['while the other node is away'])
  bob.edits.push(['offline'])
  await there.restart()
  const wanted = edits.flatMap((n) => [`ada ${n}`, `bob ${n}`])
  for (const replica of [ada, bob]) await replica.holds(...wanted, 'while the other node is away', 'offline')
  await until(() => holdsSame(ada, bob))
  const eve = await join(here, room, 'eve')
  expect(holdsSame(ada, bob, eve)).toBe(true)
  expect(eve.edits.length).toBe(wanted.length + 2)
  ada.destroy()
  bob.destroy()
  eve.destroy()
  for (const server of [here, there]) expect(await server.stop()).toBe(0)
  const { stdout } = await run(process.execPath, [SYNCLINE, 'verify'], {
    env: { ...process.env, ...env, DATABASE_URL: here.databaseUrl },
  })
  // The server's own room of measures may be there already.
  expect(stdout).toMatch(/^[12] rooms verified, 0 damaged$/m)
  expect(await snapshotsIn(here)).toBeGreaterThan(0) // with none, verify would have had nothing to compare
})

async function snapshotsIn({ databaseUrl }: TestServer): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::int as count from room_snapshots',
    )
    return rows[0]?.count ?? 0
  } finally {
    await client.end()
  }
}
