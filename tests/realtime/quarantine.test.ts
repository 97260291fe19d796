import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { CONTENT, item, MALLORY, text, times, updateOf } from '../documents/attacks.ts'
import { query } from '../support/blocked-database.ts'
import { connectProvider } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { readRoom } from '../support/typing.ts'

const SYNCLINE = fileURLToPath(new URL('../../server/syncline.ts', import.meta.url))
const run = promisify(execFile)

/** What `syncline verify` says, and its exit code. */
async function verify(
  server: TestServer,
  ...flags: readonly string[]
): Promise<{ lines: string; code: number }> {
  const env = { ...process.env, DATABASE_URL: server.databaseUrl }
  try {
    const { stdout } = await run(process.execPath, [SYNCLINE, 'verify', ...flags], { env })
    return { lines: stdout, code: 0 }
  } catch (error) {
    const { stdout, code } = error as { stdout: string; code: number }
    return { lines: stdout, code }
  }
}

async function serverWith(edits: readonly string[], room: string): Promise<TestServer> {
  const server = await startServer()
  onTestFinished(() => server.dispose())
  await write(server, room, edits)
  return server
}

async function write(server: TestServer, room: string, edits: readonly string[]): Promise<void> {
  const replica = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token('ada') })
  await replica.saved()
  for (const edit of edits) replica.edits.push([edit])
  await replica.saved()
  replica.destroy()
}

const denialOf = async (server: TestServer, room: string): Promise<string | undefined> => {
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room, token: await server.token('ada') })
  await until(() => client.denials.length > 0 || client.closed !== undefined, 120_000).catch(() => undefined)
  client.close()
  return client.denials[0]
}

const entriesOf = (server: TestServer) =>
  query<{ seq: string; bytes: Buffer }>(
    server.databaseUrl,
    `select seq, bytes from room_updates u join rooms r on r.id = u.room_id where name = 'doc:bad' order by seq`,
  )

/** What no server wrote: entries of 50,000 embeds each, which take about 12 MiB in memory. */
async function insertEmbeds(server: TestServer, room: string, parts: number): Promise<void> {
  const embed = (clock: number) =>
    item(MALLORY, CONTENT.embed, text('{}'), clock === 0 ? { parent: 'content' } : { origin: clock - 1 })
  for (let part = 0; part < parts; part += 1) {
    const clock = part * 50_000
    const structs = times(50_000, (index) => embed(clock + index))
    await query(
      server.databaseUrl,
      `with room as (update rooms set head = head + 1 where name = $2 returning id, head)
       insert into room_updates (room_id, seq, at, actor, bytes) select id, head, now(), 'eve', $1 from room`,
      [Buffer.from(updateOf([{ client: MALLORY, clock, structs }])), room],
    )
  }
}

it('[DOC32] quarantines a room that cannot be opened: nobody else is harmed, its log stays, verify names the entry', async () => {
  const server = await serverWith(['one', 'two', 'three'], 'doc:bad')
  await server.kill9()
  const [original] = await query<{ bytes: Buffer }>(
    server.databaseUrl,
    'select bytes from room_updates where seq = 2',
  )
  await query(server.databaseUrl, `update room_updates set bytes = '\\x01020304' where seq = 2`)
  await server.restart()
  const damaged = await entriesOf(server)

  const client = connectProvider({ wsUrl: server.wsUrl, room: 'doc:bad', token: await server.token('ada') })
  await until(() => client.denials.length > 0)
  client.destroy()
  expect(client.denials[0]).toBe('room-damaged')
  expect(await denialOf(server, 'doc:bad')).toBe('room-quarantined')
  expect(await denialOf(server, 'doc:bad')).toBe('room-quarantined')
  expect(server.output().match(/it is quarantined/g)).toHaveLength(1)
  await write(server, 'doc:good', ['fine'])
  expect((await fetch(`${server.url}/health/ready`)).status).toBe(200)
  expect(await entriesOf(server)).toEqual(damaged)

  const { lines, code } = await verify(server, '--room', 'doc:bad')
  expect(code).toBe(1)
  expect(lines).toMatch(/doc:bad: is quarantined since .*: an entry cannot be applied/)
  expect(lines).toContain('doc:bad: entry 2 cannot be applied')
  // The server's own room of measures may be there already.
  expect((await verify(server)).lines).toMatch(/[23] rooms verified, 1 damaged/)
  // It is for an operator to decide; until then nothing changes.
  expect(await denialOf(server, 'doc:bad')).toBe('room-quarantined')

  await query(server.databaseUrl, 'update room_updates set bytes = $1 where seq = 2', [original?.bytes])
  const released = await verify(server, '--room', 'doc:bad', '--release')
  expect(released.lines).toContain('doc:bad: its quarantine has ended')
  expect(await readRoom(server, 'doc:bad')).toEqual(['one', 'two', 'three'])
})

it('[HIS24] reads nothing of a quarantined room but lists, neither for askers nor by itself; an export reads its past', async () => {
  const server = await serverWith(['one', 'two', 'three'], 'doc:bad')
  await server.kill9()
  await query(server.databaseUrl, `update room_updates set bytes = '\\x01020304' where seq = 3`)
  await query(server.databaseUrl, `delete from history_activity`)
  await server.restart()
  const token = await server.token('ada')
  const ask = async (path: string, body?: unknown) => {
    const response = await fetch(`${server.url}/api/v1/rooms/doc:bad/${path}`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    })
    const { status } = response
    return { status, code: ((await response.json()) as { error?: { code: string } }).error?.code }
  }
  const reading = ['content', 'content?at=1', 'diff?from=1&to=2', 'blame?at=1', 'deleted?at=1', 'entries']
  expect((await ask('content?at=1')).status, 'control').toBe(200)
  await query(server.databaseUrl, 'delete from history_activity')
  expect(await denialOf(server, 'doc:bad')).toBe('room-damaged')
  for (const path of reading) {
    expect(await ask(path), path).toEqual({ status: 503, code: 'room-quarantined' })
  }
  const restore = { kind: 'version', at: '1' }
  expect((await ask('restore', restore)).code).toBe('room-quarantined')
  expect((await ask('restore', { ...restore, preview: true })).code).toBe('room-quarantined')
  for (const path of ['timeline', 'versions', 'writers', 'activity', 'position?at=1']) {
    expect((await ask(path)).status, path).toBe(200)
  }
  expect(await query(server.databaseUrl, 'select from history_activity'), 'nobody read it').toEqual([])

  const env = { ...process.env, DATABASE_URL: server.databaseUrl }
  const { stdout } = await run(
    process.execPath,
    [SYNCLINE, 'export', 'doc:bad', '--at', '2', '--format', 'json'],
    {
      env,
    },
  )
  expect(stdout).toContain('two')
  expect((await verify(server, '--room', 'doc:bad', '--release')).lines).toContain('its quarantine has ended')
  expect((await ask('content?at=1')).status).toBe(200)
})

it('[DOC33] a room whose opening ends the process does so once: the next time it is tried elsewhere', async () => {
  const server = await startServer({ env: { NODE_OPTIONS: '--max-old-space-size=120' } })
  onTestFinished(() => server.dispose())
  await write(server, 'doc:bad', ['one'])
  await write(server, 'doc:good', ['fine'])
  await server.kill9()
  // What no server of ours would have taken: 1,000,000 embeds, which are too many for the memory that there is.
  await insertEmbeds(server, 'doc:bad', 20)
  await server.restart()
  const token = await server.token('ada')
  const victim = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:bad', token })
  victim.authenticate(token)
  await until(() => victim.closed !== undefined, 60_000)

  await server.restart()
  // Not by a provider: after half a minute without an answer it would come once more, and be told the second.
  expect(await denialOf(server, 'doc:bad')).toBe('room-damaged')
  expect(await denialOf(server, 'doc:bad')).toBe('room-quarantined')
  expect(await readRoom(server, 'doc:good')).toEqual(['fine'])
  expect(server.output().match(/Syncline is ready/g)).toHaveLength(3)
  const { lines } = await verify(server, '--room', 'doc:bad')
  expect(lines).toMatch(/is quarantined since .*: it (ends the process|takes too much)/)
}, 180_000)

it('[DOC33] a room that takes half of the memory is opened where it was cut short, and is not quarantined', async () => {
  const server = await startServer({ env: { NODE_OPTIONS: '--max-old-space-size=160' } })
  onTestFinished(() => server.dispose())
  await write(server, 'doc:large', ['one'])
  await server.kill9()
  await insertEmbeds(server, 'doc:large', 5)
  await query(server.databaseUrl, `insert into room_loads select id from rooms where name = 'doc:large'`)
  await server.restart()
  const token = await server.token('ada')
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:large', token })
  await client.shake()
  client.close()
  expect(client.refusal).toBeUndefined()
  expect(await query(server.databaseUrl, 'select 1 from rooms where quarantined_at is not null')).toEqual([])
})

it('[DOC33] an opening that was cut short for another reason costs one trial, and the room opens', async () => {
  const server = await serverWith(['one'], 'doc:cut')
  await server.kill9()
  await query(server.databaseUrl, `insert into room_loads select id from rooms where name = 'doc:cut'`)
  await server.restart()
  expect(await readRoom(server, 'doc:cut')).toEqual(['one'])
  await until(async () => (await query(server.databaseUrl, 'select from room_loads')).length === 0)
  expect(await query(server.databaseUrl, 'select 1 from rooms where quarantined_at is not null')).toEqual([])
})

it('[OPV1] a copy has all entries up to the last good one, is made once, and leaves the original as it is', async () => {
  const server = await serverWith(['one', 'two', 'three', 'four'], 'doc:bad')
  await write(server, 'doc:gap', ['one', 'two', 'three'])
  await write(server, 'doc:well', ['one'])
  await server.kill9()
  const room = (name: string) => `room_id = (select id from rooms where name = '${name}')`
  await query(
    server.databaseUrl,
    `update room_updates set bytes = '\\x01020304' where seq = 3 and ${room('doc:bad')}`,
  )
  await query(server.databaseUrl, `delete from room_updates where seq = 2 and ${room('doc:gap')}`)
  await server.restart()
  const damaged = await entriesOf(server)
  const admin = await server.token('root', { '*:*': 'admin' })
  const ask = async (method: string, path: string, token = admin) => {
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(`${server.url}/api/v1/${path}`, { method, headers })
    const text = await response.text()
    return { status: response.status, json: text === '' ? undefined : JSON.parse(text) }
  }
  const copy = (name: string, token?: string) => ask('POST', `rooms/${name}/quarantine/copy`, token)
  for (const name of ['doc:bad', 'doc:gap']) expect(await denialOf(server, name)).toBe('room-damaged')

  const others = await Promise.all([copy('doc:bad'), copy('doc:bad'), copy('doc:bad')])
  for (const { json } of others)
    expect(json).toEqual({ room: 'doc:bad-copy-2', until: 2, entries: damaged.length })
  expect((await copy('doc:bad')).json).toEqual(others[0]?.json)
  expect(await readRoom(server, 'doc:bad-copy-2')).toEqual(['one', 'two'])
  await write(server, 'doc:bad-copy-2', ['more'])
  expect(await readRoom(server, 'doc:bad-copy-2')).toEqual(['one', 'two', 'more'])
  expect((await copy('doc:gap')).json).toMatchObject({ room: 'doc:gap-copy-1', until: 1 })
  expect(await entriesOf(server)).toEqual(damaged)
  expect(await denialOf(server, 'doc:bad')).toBe('room-quarantined')
  expect((await copy('doc:well')).json.error.code, 'of a room that opens').toBe('request-invalid')
  expect((await copy('doc:none')).json.error.code).toBe('room-not-found')

  const listed = (await ask('GET', 'admin/rooms?health=quarantined')).json.rooms
  expect(listed.map(({ name }: { name: string }) => name).sort()).toEqual(['doc:bad', 'doc:gap'])
  expect(Date.parse(listed[0].quarantinedAt)).toBeGreaterThan(Date.now() - 60_000)
  const writer = await server.token('eve', { 'doc:*': 'admin', '*:*': 'write' })
  expect((await copy('doc:bad', writer)).status).toBe(403)
  expect((await ask('DELETE', 'rooms/doc:bad/quarantine', writer)).status).toBe(403)
  for (let again = 0; again < 2; again += 1)
    expect((await ask('DELETE', 'rooms/doc:bad/quarantine')).status).toBe(204)
  const acts = (await ask('GET', 'audit')).json.acts
  expect(acts.map(({ act, subject }: { act: string; subject: string }) => `${act} ${subject}`)).toEqual([
    'room.release doc:bad',
    'room.copy doc:gap',
    'room.copy doc:bad',
  ])
  expect((await ask('GET', 'audit?act=room.release&actor=root')).json.acts).toHaveLength(1)
  expect((await ask('GET', 'audit?actor=eve')).json.acts).toEqual([])
  expect(await denialOf(server, 'doc:bad'), 'still damaged, and found so anew').toBe('room-damaged')
})
