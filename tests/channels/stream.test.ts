import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { type Curl, curl } from '../support/event-reader.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { JWT_SECRET: SECRET, MAX_SOCKETS_PER_USER: '4' } })
})
afterAll(() => server.dispose())

const GRANTS = { 'build:*': 'write', 'project:*': 'comment' } as const
const bearer = (user: string, expires = 3_600) => ({
  authorization: `Bearer ${tokenOf(user, { grants: GRANTS, issued: -60, expires })}`,
})
const address = (room: string, query = '') => `${server.url}/api/v1/rooms/${room}/events${query}`

async function publish(room: string, ...ids: string[]): Promise<void> {
  const drafts = ids.map((id) => ({ type: 'build.progress', id, payload: { share: 0.5 } }))
  const answer = await fetch(address(room), {
    method: 'POST',
    headers: { ...bearer('publisher'), 'content-type': 'application/json' },
    body: JSON.stringify(drafts),
  })
  expect(answer.status).toBe(200)
}

const follow = (room: string, user: string, query = '', more: Record<string, string> = {}): Curl =>
  curl(address(room, query), { ...bearer(user), ...more })
const events = (reader: Curl) => reader.told.filter(({ event }) => event.includes('.'))
const ids = (reader: Curl) => events(reader).map(({ data }) => data.id)
const ended = (reader: Curl) => reader.told.find(({ event }) => event === 'end')?.data.code

async function revoke(subject: object): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/access/revoke`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokenOf('root', { grants: { '*:*': 'admin' } })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(subject),
  })
  expect(answer.status).toBe(200)
}

it('[EVT20] streams what there is, then what comes, to curl, uncompressed and unbuffered', async () => {
  await publish('build:1', 'a', 'b')
  const eve = follow('build:1', 'eve', '?after=1')
  await until(() => eve.told.some(({ event }) => event === 'resumed'))
  await publish('build:1', 'c')
  await until(() => events(eve).length === 2)
  expect(eve.told.map(({ id, event }) => [id, event])).toEqual([
    ['2', 'build.progress'],
    ['2', 'resumed'],
    ['3', 'build.progress'],
  ])
  expect(events(eve)[1]?.data).toMatchObject({ seq: 3, id: 'c', actor: 'publisher', payload: { share: 0.5 } })
  expect(eve.output()).toMatch(/^content-type: text\/event-stream/im)
  expect(eve.output()).toMatch(/^cache-control: no-store, no-transform/im)
  expect(eve.output()).toMatch(/^x-accel-buffering: no/im)
  expect(eve.output()).not.toMatch(/^content-encoding/im)
  eve.stop()
})

it('[EVT20] streams only the types that are asked for, and, from the head, only what is to come', async () => {
  await publish('build:2', 'a')
  const none = follow('build:2', 'eve', '?types=build.queued')
  const live = follow('build:2', 'eve', '?after=head')
  await until(() => [none, live].every(({ told }) => told.length === 1))
  await publish('build:2', 'b')
  await until(() => events(live).length === 1)
  expect(ids(live)).toEqual(['b'])
  expect(events(none)).toEqual([])
  none.stop()
  live.stop()
})

it('[EVT21] resumes from Last-Event-ID, also when the server was killed in between', async () => {
  await publish('build:3', ...Array.from({ length: 500 }, (_, i) => `e${i}`))
  const first = follow('build:3', 'eve')
  await until(() => ids(first).length === 500)
  await server.kill9()
  expect(await first.ended).not.toBe(0)
  await server.restart()
  await publish('build:3', 'late')
  const last = events(first).at(-1)?.id ?? ''
  const second = follow('build:3', 'eve', '?after=0', { 'last-event-id': last })
  await until(() => ids(second).length === 1)
  expect([...ids(first), ...ids(second)]).toEqual([...Array.from({ length: 500 }, (_, i) => `e${i}`), 'late'])
  second.stop()
})

it('[EVT21] has a control: without it all comes again', async () => {
  const again = follow('build:3', 'eve', '?after=0')
  await until(() => ids(again).length === 501)
  again.stop()
})

it('[EVT22] says why it ends when a token is revoked', async () => {
  await publish('build:4', 'a')
  const mallory = follow('build:4', 'mallory')
  const eve = follow('build:4', 'eve')
  await until(() => ids(mallory).length === 1 && ids(eve).length === 1)
  await revoke({ user: 'mallory' })
  await until(() => ended(mallory) !== undefined)
  expect(ended(mallory)).toBe('revoked')
  await mallory.ended
  await publish('build:4', 'b')
  await until(() => ids(eve).length === 2)
  expect(ids(mallory)).toEqual(['a'])
  eve.stop()
})

it('[EVT22] says why it ends when its token expires', async () => {
  await publish('build:5', 'a')
  // What is expired for less than the leeway between clocks is taken.
  const eve = curl(address('build:5'), bearer('eve', -25))
  await until(() => ended(eve) !== undefined)
  expect(ended(eve)).toBe('token-expired')
})

it('[EVT22] says why it ends when the server stops', async () => {
  const eve = follow('build:5', 'eve')
  const waiting = fetch(address('build:5', '?after=1&wait=60'), { headers: bearer('eve') })
  await until(() => eve.told.length > 0)
  await pause(200) // so that the wait has begun; it would be refused otherwise, and the test weaker
  await server.stop()
  await eve.ended
  expect(ended(eve)).toBe('shutting-down')
  expect(await (await waiting).json()).toMatchObject({ error: { code: 'shutting-down' } })
  await server.restart()
})

it('[EVT23] counts as a connection', async () => {
  const readers = Array.from({ length: 4 }, () => follow('build:5', 'fay'))
  await until(() => readers.every(({ told }) => told.length > 0))
  const refused = await fetch(address('build:5'), {
    headers: { ...bearer('fay'), accept: 'text/event-stream' },
  })
  expect(refused.status).toBe(429)
  expect(await refused.json()).toMatchObject({ error: { code: 'too-many-connections' } })
  expect((await fetch(address('build:5', '?after=1&wait=1'), { headers: bearer('fay') })).status).toBe(429)
  readers[0]?.stop()
  await until(async () => {
    const last = follow('build:5', 'fay')
    await until(() => last.output() !== '')
    const taken = last.output().startsWith('HTTP/1.1 200')
    last.stop()
    return taken
  })
  for (const reader of readers) reader.stop()
})

it('[EVT23] leaves nothing open for who only asks for its head', async () => {
  await publish('build:5', 'head')
  for (let i = 0; i < 6; i += 1) {
    const answer = await fetch(address('build:5'), {
      method: 'HEAD',
      headers: { ...bearer('hal'), accept: 'text/event-stream' },
    })
    expect(answer.status).toBe(200)
  }
  const hal = follow('build:5', 'hal')
  await until(() => ids(hal).length > 0)
  hal.stop()
})

it('[EVT24] keeps nothing for a reader who does not read, and sends it all once they do', async () => {
  const big = 'x'.repeat(50_000)
  const count = 600
  for (let i = 0; i < count; i += 10) {
    const drafts = Array.from({ length: 10 }, (_, j) => ({
      type: 'build.log',
      id: `l${i + j}`,
      payload: { first: i + j + 1, lines: Array.from({ length: 5 }, () => big.slice(0, 9_000)) },
    }))
    const answer = await fetch(address('build:6'), {
      method: 'POST',
      headers: { ...bearer('publisher'), 'content-type': 'application/json' },
      body: JSON.stringify(drafts),
    })
    expect(answer.status).toBe(200)
  }
  const { port } = new URL(server.url)
  const socket: Socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    `GET /api/v1/rooms/build:6/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: ${bearer('slow').authorization}\r\n\r\n`,
  )
  let text = ''
  await once(socket, 'readable')
  // What is not read stays where it is: the kernel takes some megabytes of the 27, and the stream keeps the rest off.
  await publish('build:6', 'live')
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  await until(() => text.includes('"id":"live"'), 20_000)
  const seqs = [...text.matchAll(/^id: (\d+)\nevent: build/gm)].map(([, seq]) => Number(seq))
  expect(seqs).toEqual(Array.from({ length: count + 1 }, (_, i) => i + 1))
  socket.destroy()
})

async function ticketFor(room: string, user: string, expires = 3_600): Promise<string> {
  const answer = await fetch(address(room, '/ticket'), { method: 'POST', headers: bearer(user, expires) })
  expect(answer.status).toBe(200)
  const body = (await answer.json()) as { ticket: string }
  return body.ticket
}

it('[EVT25] lets a ticket in to the stream of its room, and nothing else', async () => {
  await publish('build:7', 'a')
  const ticket = await ticketFor('build:7', 'eve')
  const eve = curl(address('build:7', `?ticket=${ticket}`))
  await until(() => ids(eve).length === 1)
  eve.stop()
  const status = async (url: string, accept = 'text/event-stream') => {
    const answer = await fetch(url, { headers: { accept } })
    await answer.body?.cancel()
    return answer.status
  }
  expect(await status(address('build:7', `?ticket=${ticket}`))).toBe(200)
  expect(await status(address('build:1', `?ticket=${ticket}`))).toBe(401)
  expect(await status(address('build:7', `?ticket=${ticket}`), 'application/json')).toBe(401)
  expect(await status(address('build:7', `?ticket=${ticket}x`))).toBe(401)
  expect(await status(`${server.url}/api/v1/rooms?ticket=${ticket}`)).toBe(401)
})

it('[EVT25] gives none to those who may not read the room, and none that outlives its token', async () => {
  const denied = await fetch(address('doc:1', '/ticket'), { method: 'POST', headers: bearer('eve') })
  expect(denied.status).toBe(403)
  const ticket = await ticketFor('build:7', 'grace', -25)
  const grace = curl(address('build:7', `?ticket=${ticket}`))
  await until(() => ended(grace) !== undefined)
  expect(ended(grace)).toBe('token-expired')
  const late = await fetch(address('build:7', `?ticket=${ticket}`), {
    headers: { accept: 'text/event-stream' },
  })
  expect(await late.json()).toMatchObject({ error: { code: 'token-expired' } })
})

it('[EVT25] is worth nothing once its token is revoked', async () => {
  const ticket = await ticketFor('build:7', 'heidi')
  const heidi = curl(address('build:7', `?ticket=${ticket}`))
  await until(() => ids(heidi).length === 1)
  await revoke({ user: 'heidi', room: 'build:7' })
  await until(() => ended(heidi) === 'revoked')
  const late = await fetch(address('build:7', `?ticket=${ticket}`), {
    headers: { accept: 'text/event-stream' },
  })
  expect(await late.json()).toMatchObject({ error: { code: 'revoked' } })
})

it('[EVT25] is forgotten with its room', async () => {
  await publish('build:gone', 'a')
  const ticket = await ticketFor('build:gone', 'ivan')
  const erased = await fetch(`${server.url}/api/v1/rooms/build:gone`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${tokenOf('root', { grants: { '*:*': 'admin' } })}` },
  })
  expect(erased.ok).toBe(true)
  const late = await fetch(address('build:gone', `?ticket=${ticket}`), {
    headers: { accept: 'text/event-stream' },
  })
  expect(await late.json()).toMatchObject({ error: { code: 'token-invalid' } })
})

it('[EVT25] brings an EventSource back by itself after the server was killed, with nothing lost or twice', async () => {
  await publish('build:8', 'a')
  const browser = await launchBrowser()
  try {
    const page = await (await browser.context()).newPage()
    await page.goto(`${server.url}/health/live`)
    const url = address('build:8', `?ticket=${await ticketFor('build:8', 'eve')}`)
    await page.evaluate((from) => {
      const seen: string[] = []
      Object.assign(window, { seen })
      new EventSource(from).addEventListener('build.progress', ({ data }) => seen.push(JSON.parse(data).id))
    }, url)
    const seen = () => page.evaluate(() => (window as unknown as { seen: string[] }).seen)
    await until(async () => (await seen()).length === 1)
    await server.kill9()
    await server.restart()
    await publish('build:8', 'b', 'c')
    await until(async () => (await seen()).length >= 3, 40_000)
    expect(await seen()).toEqual(['a', 'b', 'c'])
  } finally {
    await browser.close()
  }
}, 90_000)

it('[EVT26] answers a long poll as soon as there is an event, or with none when its time is up', async () => {
  await publish('build:9', 'a')
  const ask = async (query: string) => {
    const answer = await fetch(address('build:9', query), { headers: bearer('eve') })
    return { status: answer.status, body: await answer.json() }
  }
  const waiting = ask('?after=1&wait=60')
  let done = false
  void waiting.then(() => {
    done = true
  })
  expect((await ask('?after=0&wait=60')).body.events).toHaveLength(1)
  expect(done).toBe(false)
  await publish('build:9', 'b')
  expect((await waiting).body).toMatchObject({ events: [{ seq: 2, id: 'b' }], head: 2 })
  expect(await ask('?after=2&wait=1')).toEqual({ status: 200, body: { events: [], head: 2 } })
  expect((await ask('?after=2&wait=61')).status).toBe(400)
  expect((await ask('?after=9&wait=1')).body).toMatchObject({ error: { code: 'position-invalid' } })
})
