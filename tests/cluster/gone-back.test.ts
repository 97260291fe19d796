import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { applyUpdate, Doc, encodeStateAsUpdate } from 'yjs'
import { query } from '../support/blocked-database.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

const run = promisify(execFile)
const SYNCLINE = fileURLToPath(new URL('../../server/syncline.ts', import.meta.url))
const env = { JWT_SECRET: SECRET }
const ROOM = 'doc:plan'

async function join({ wsUrl }: TestServer, user: string): Promise<Replica> {
  const token = tokenOf(user, { grants: { 'doc:*': 'write' } })
  const replica = connectProvider({ wsUrl, room: ROOM, token })
  onTestFinished(() => replica.destroy())
  await replica.synced()
  return replica
}

/** Two servers on one database, and somebody on each, who have written so many entries in turns and seen them all. */
async function startNodes(entries: number) {
  const here = await startServer({ env })
  onTestFinished(() => here.dispose())
  const there = await startServer({ env: { ...env, DATABASE_URL: here.databaseUrl } })
  onTestFinished(() => there.dispose())
  const [ada, bob] = [await join(here, 'ada'), await join(there, 'bob')]
  for (let entry = 1; entry <= entries; entry += 1) {
    const [writer, reader] = entry % 2 === 0 ? [ada, bob] : [bob, ada]
    writer.edits.push([`${entry}`])
    await writer.saved()
    await reader.holds(`${entry}`)
  }
  return { here, there, ada, bob }
}

/**
 * As a standby without the room's last entries that is promoted: they are gone, and so are all connections. What another node has
 * written since stands in the place of one.
 */
async function goBack({ databaseUrl }: TestServer, entries: number, instead?: Uint8Array): Promise<void> {
  const room = `(select id from rooms where name = '${ROOM}')`
  await query(
    databaseUrl,
    `begin;
    update rooms set head = head - ${entries} where id = ${room};
    delete from room_updates where room_id = ${room} and seq > (select head from rooms where id = ${room});
    delete from room_snapshots where room_id = ${room} and seq > (select head from rooms where id = ${room});
    update log_lanes set batch = greatest(0, batch - ${entries});
    ${instead === undefined ? '' : placing(room, instead)}
    commit`,
  )
  await query(
    databaseUrl,
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
}

const placing = (room: string, update: Uint8Array): string =>
  `update rooms set head = head + 1 where id = ${room};
   insert into room_updates (room_id, seq, at, actor, bytes)
   select id, head, now(), 'zoe', '\\x${Buffer.from(update).toString('hex')}' from rooms where id = ${room};`

const told = ({ output }: TestServer): number => output().match(/the database has gone back/g)?.length ?? 0

it('[CLU9] a database that goes back under running nodes gets from devices what it has lost, and no room is shut', async () => {
  const { here, there, ada, bob } = await startNodes(8)
  await goBack(here, 3)
  const wanted = Array.from({ length: 8 }, (_, index) => `${index + 1}`)
  for (let word = 1; word <= 20; word += 1) {
    ada.edits.push([`ada ${word}`])
    bob.edits.insert(0, [`bob ${word}`])
    wanted.push(`ada ${word}`, `bob ${word}`)
    if (word % 5 === 0) await Promise.all([ada.saved(), bob.saved()])
  }
  const textOf = ({ edits }: Replica) => JSON.stringify(edits.toJSON())
  for (const replica of [ada, bob]) await replica.holds(...wanted)
  await until(() => textOf(ada) === textOf(bob))
  expect([told(here), told(there)]).toEqual([1, 1])
  const states = [textOf(ada), textOf(await join(here, 'eve')), textOf(await join(there, 'eve'))]
  expect(new Set(states).size).toBe(1)
  expect(ada.edits.length).toBe(wanted.length)
  // What is there is the log's, and no memory's.
  for (const server of [here, there]) await server.kill9()
  const { stdout } = await run(process.execPath, [SYNCLINE, 'verify'], {
    env: { ...process.env, ...env, DATABASE_URL: here.databaseUrl },
  })
  expect(stdout).toMatch(/ 0 damaged$/m)
  ada.destroy()
  bob.destroy()
  await here.restart()
  expect(textOf(await join(here, 'zoe'))).toBe(states[0])
  expect(await query(here.databaseUrl, 'select from rooms where quarantined_at is not null')).toEqual([])
}, 60_000)

it('[CLU9] so it is where whoever wrote what is lost is gone too, and somebody else has written in its place', async () => {
  const { here, there, ada, bob } = await startNodes(0)
  const write = async (word: string) => {
    ada.edits.push([word])
    await ada.saved()
    await bob.holds(word)
  }
  await write('stays')
  const before = encodeStateAsUpdate(ada.document)
  await write('lost')
  ada.destroy()
  await here.kill9()
  const elsewhere = new Doc()
  applyUpdate(elsewhere, before)
  const placed = new Promise<Uint8Array>((resolve) => elsewhere.once('update', resolve))
  elsewhere.getArray('edits').push(['in its place'])
  await goBack(here, 1, await placed)
  await bob.holds('stays', 'lost', 'in its place')
  await bob.saved()
  expect(told(there)).toBe(1)
  const newcomer = await join(there, 'eve')
  await newcomer.holds('stays', 'lost', 'in its place')
  await there.kill9()
  await there.restart()
  const later = await join(there, 'zoe')
  expect(later.edits.toJSON().toSorted()).toEqual(['in its place', 'lost', 'stays'])
}, 60_000)
