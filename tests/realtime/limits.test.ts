import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Connection } from '@hocuspocus/server'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { identityOf } from '../../server/realtime/authorization.ts'
import { ALLOWED_ORIGIN, LARGE_PATH, startGateway } from '../support/gateway.ts'
import { connectProvider, connectSocket, type Replica } from '../support/provider.ts'
import { RawClient, type RawClientOptions } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

/** Every test comes from an address of its own, by a proxy that is trusted. */
let server: TestServer
let addresses = 0
const from = () => ({ 'x-forwarded-for': `203.0.113.${++addresses}` })

beforeAll(async () => {
  server = await startServer({
    env: {
      JWT_SECRET: SECRET,
      TRUSTED_PROXIES: '127.0.0.0/8',
      MAX_ROOMS_PER_SOCKET: '3',
      MAX_SOCKETS_PER_USER: '4',
      MAX_SOCKETS_PER_ADDRESS: '6',
      MAX_UNAUTHENTICATED_PER_ADDRESS: '3',
      AUTHENTICATE_WITHIN_MS: '3000',
      MESSAGES_PER_SECOND: '60',
      BYTES_PER_SECOND: '100000',
      MAX_OUTBOUND_BYTES: '200000',
      MAX_REQUESTS_PER_ADDRESS: '100',
    },
  })
})
afterAll(() => server.dispose())

async function raw(options: Partial<RawClientOptions> = {}): Promise<RawClient> {
  const client = await RawClient.connect({
    wsUrl: server.wsUrl,
    room: 'doc:limits',
    token: tokenOf('ada'),
    headers: from(),
    ...options,
  })
  onTestFinished(() => client.cut())
  return client
}

async function open(headers: Readonly<Record<string, string>>): Promise<RawClient> {
  const client = await RawClient.open({ wsUrl: server.wsUrl, room: 'doc:limits', token: '', headers })
  onTestFinished(() => client.cut())
  return client
}

/** The lines that were logged for a user with this limit. */
const slowed = (user: string) =>
  server
    .output()
    .split('\n')
    .filter((line) => line.includes('"slowed down"') && line.includes(`"${user}"`))

/** An update of about so many bytes. */
function update(bytes: number): Uint8Array {
  const document = new Y.Doc()
  document.getArray('edits').push(['x'.repeat(bytes)])
  return Y.encodeStateAsUpdate(document)
}

it('[LIM1] opens so many rooms on a WebSocket, refuses one more with the reason, and harms none of them', async () => {
  const socket = connectSocket(server.wsUrl)
  onTestFinished(() => socket.destroy())
  const joined = ['a', 'b', 'c', 'd'].map((id) =>
    connectProvider({ wsUrl: server.wsUrl, room: `doc:rooms-${id}`, token: tokenOf('rob'), socket }),
  )
  onTestFinished(() => {
    for (const replica of joined) replica.destroy()
  })
  await until(() => joined.filter((replica) => replica.provider.isSynced).length === 3)
  await until(() => joined.some((replica) => replica.denials.length > 0))
  expect(joined.flatMap((replica) => replica.denials)).toEqual(['too-many-rooms'])
  const [one, ...rest] = joined.filter((replica) => replica.provider.isSynced)
  one?.destroy()
  await Promise.all(rest.map((replica) => replica.saved()))
  const next = connectProvider({ wsUrl: server.wsUrl, room: 'doc:rooms-e', token: tokenOf('rob'), socket })
  onTestFinished(() => next.destroy())
  await next.saved()
})

it('[LIM2] lets a person have so many WebSockets, from wherever; one more is refused until one closes', async () => {
  const first = await raw({ token: tokenOf('sam') })
  for (let more = 0; more < 3; more += 1)
    expect((await raw({ token: tokenOf('sam') })).refusal).toBeUndefined()
  expect((await raw({ token: tokenOf('sam') })).refusal).toBe('too-many-connections')
  expect((await raw({ token: tokenOf('tom') })).refusal).toBeUndefined()
  first.close()
  await until(async () => (await raw({ token: tokenOf('sam') })).refusal === undefined)
})

it('[LIM2] counts nobody whose WebSocket closed while their token was looked at', async () => {
  const looked = Promise.withResolvers<void>()
  onTestFinished(() => looked.resolve())
  let looking = 0
  // As long as JWKS_URL does not answer.
  const onAuthenticate = () => {
    looking += 1
    return looked.promise
  }
  const gateway = await startGateway([{ priority: 300, onAuthenticate }], { socketsPerUser: 2 })
  const options = { wsUrl: gateway.wsUrl, room: 'doc:limits', token: tokenOf('ada') }
  const gone = await Promise.all([1, 2, 3].map(() => RawClient.open(options)))
  for (const client of gone) client.authenticate(options.token)
  await until(() => looking === 3)
  for (const client of gone) client.cut()
  await until(() => gateway.connections.size === 0)
  looked.resolve()
  const back = await RawClient.connect(options)
  expect(back.refusal).toBeUndefined()
  expect(gateway.connections.people).toBe(1)
  back.cut()
  await until(() => gateway.connections.size === 0)
  expect(gateway.connections.people).toBe(0)
})

it('[LIM3] lets an address have so many WebSockets; one more is closed with the reason, another address is not', async () => {
  const headers = from()
  for (const user of ['u1', 'u2', 'u3', 'u4', 'u5', 'u6']) {
    expect((await raw({ token: tokenOf(user), headers })).refusal).toBeUndefined()
  }
  const seventh = await raw({ token: tokenOf('u7'), headers })
  expect(seventh.closed).toMatchObject({ code: 1013, reason: 'too-many-connections' })
  expect((await raw({ token: tokenOf('u7') })).refusal).toBeUndefined()
})

it('[LIM3] takes an address from a trusted proxy only, and only the part that it wrote', async () => {
  const [spoofed] = [from()['x-forwarded-for']]
  // What stands before the proxy's own entry is the client's claim.
  const headers = { 'x-forwarded-for': `${spoofed}, 198.51.100.7` }
  for (const user of ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']) {
    expect((await raw({ token: tokenOf(user), headers })).refusal).toBeUndefined()
  }
  const other = { 'x-forwarded-for': `${from()['x-forwarded-for']}, 198.51.100.7` }
  expect((await raw({ token: tokenOf('v7'), headers: other })).refusal).toBe('too-many-connections')
})

/** Sends this as it stands, and never ends its side. */
function neverEnding(url: string, requests: string): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined).write(requests)
  return socket
}

const upgradeOf = (path: string, origin = ALLOWED_ORIGIN): string =>
  `GET ${path} HTTP/1.1\r\nHost: syncline\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: ${origin}\r\n\r\n`

it('[LIM3] leaves nothing open of an upgrade that it refuses, where its client never ends', async () => {
  const { wsUrl, connected } = await startGateway()
  const answered: string[] = []
  for (const upgrade of [upgradeOf('/elsewhere'), upgradeOf('/sync', 'https://evil.example')]) {
    neverEnding(wsUrl, upgrade).on('data', (bytes) => answered.push(bytes.toString().slice(0, 12)))
  }
  await expect.poll(() => answered.sort()).toEqual(['HTTP/1.1 403', 'HTTP/1.1 404'])
  await expect.poll(connected).toBe(0)
})

it('[LIM3] leaves nothing open of it where its client does not read what it asked for before', async () => {
  const { wsUrl, connected } = await startGateway()
  const before = `GET ${LARGE_PATH} HTTP/1.1\r\nHost: syncline\r\n\r\n`
  const client = neverEnding(wsUrl, before + upgradeOf('/elsewhere'))
  // Of what it asked for the first bytes are taken out of the kernel's hands, and no more.
  await once(client, 'readable')
  await expect.poll(connected).toBe(0)
})

it('[LIM4] bounds WebSockets without a token, and gives them so long to show one', async () => {
  const headers = from()
  const opened = performance.now()
  const waiting = await Promise.all([open(headers), open(headers), open(headers)])
  const fourth = await open(headers)
  await until(() => fourth.closed !== undefined)
  expect(fourth.closed?.reason).toBe('too-many-connections')
  // One that shows a token makes room for another.
  const [first, second, third] = waiting
  first?.authenticate(tokenOf('wim'))
  await until(async () => {
    const next = await open(headers)
    return next.closed === undefined
  })
  await until(() => second?.closed !== undefined && third?.closed !== undefined)
  expect(performance.now() - opened).toBeGreaterThan(2_900)
  expect(second?.closed).toMatchObject({ code: 1013, reason: 'authentication-timeout' })
  expect(first?.closed).toBeUndefined()
})

it('[LIM4] has room for who has shown a token already, however many have shown none', async () => {
  const { connections } = await startGateway([], { unauthenticatedPerAddress: 1, unauthenticated: 1 })
  const socket = () => ({
    address: '127.0.0.1',
    admissions: new Set<never>(),
    refuse: () => undefined,
    move: async () => undefined,
  })
  connections.open(socket(), true)
  connections.open(socket())
  expect(() => connections.open(socket())).toThrow(expect.objectContaining({ code: 'too-many-connections' }))
  connections.open(socket(), true)
  expect(connections.size).toBe(3)
})

it('[LIM4] counts a token that is not valid for none, and takes no more than a megabyte without one', async () => {
  const stranger = await raw({ token: 'nonsense' })
  await until(() => stranger.closed !== undefined)
  expect(stranger.closed?.reason).toBe('authentication-timeout')
  const flood = await open(from())
  for (let sent = 0; sent < 12; sent += 1) flood.update(update(100_000))
  await until(() => flood.closed !== undefined)
  expect(flood.closed?.reason).toBe('rate-limited')
})

it('[LIM5] reads more slowly from who sends more messages, loses none, and logs it once; the burst is free', async () => {
  const client = await raw({ room: 'doc:messages', token: tokenOf('xia') })
  await client.shake()
  const small = update(1)
  const started = performance.now()
  for (let sent = 0; sent < 500; sent += 1) client.update(small)
  await until(() => client.acknowledgements === 501)
  expect(slowed('xia')).toHaveLength(0)
  for (let round = 0; round < 4; round += 1) {
    for (let sent = 0; sent < 60; sent += 1) client.update(small)
    // Each after the one before is done, or a server that is late would read them all at once.
    await until(() => client.acknowledgements === 561 + round * 60)
  }
  expect(performance.now() - started).toBeGreaterThan(1_000)
  expect(slowed('xia')).toHaveLength(1)
  expect(client.closed).toBeUndefined()
})

it('[LIM6] the same for bytes', async () => {
  const client = await raw({ room: 'doc:bytes', token: tokenOf('yan') })
  await client.shake()
  const large = update(90_000)
  const started = performance.now()
  for (let sent = 0; sent < 10; sent += 1) client.update(large)
  await until(() => client.acknowledgements === 11)
  expect(slowed('yan')).toHaveLength(0)
  for (let sent = 0; sent < 4; sent += 1) client.update(large)
  await until(() => client.acknowledgements === 15)
  expect(performance.now() - started).toBeGreaterThan(1_000)
  expect(slowed('yan')).toHaveLength(1)
})

/** So many events, whose ids say which. */
const events = (count: number, type = 'build.queued') =>
  Array.from({ length: count }, (_, index) => ({
    type,
    id: `${type} ${index}`.replace(' ', '-'),
    payload: {},
  }))

it('[LIM5] counts each event of a message, and logs once what it is refused for', async () => {
  const token = tokenOf('eva', { grants: { 'build:*': 'write' } })
  const replica = connectProvider({ wsUrl: server.wsUrl, room: 'build:limits', token })
  onTestFinished(() => replica.destroy())
  await replica.synced()
  const publish = (drafts: unknown) =>
    replica.provider.sendStateless(JSON.stringify({ type: 'publish', events: drafts }))
  const told = (type: string) =>
    replica.stateless.map((text) => JSON.parse(text)).filter((said) => said.type === type)
  publish(events(300, 'build.unknown'))
  await until(() => told('reject').length === 300)
  const refused = server
    .output()
    .split('\n')
    .filter((line) => line.includes('event-unknown') && line.includes('"eva"'))
  expect(refused).toHaveLength(1)
  expect(slowed('eva')).toHaveLength(0)
  publish(events(400))
  await until(() => told('ack').length === 1)
  expect(slowed('eva')).toHaveLength(1)
})

/** So many messages, each of which mentions so many people. */
const mentioning = (count: number, people: number) =>
  Array.from({ length: count }, (_, n) => ({
    type: 'chat.message',
    id: `mentioning-${n}`,
    payload: { text: 'Look', mentions: Array.from({ length: people }, (_, i) => `nobody-${i}`) },
  }))

it('[LIM5] counts each person whom a message mentions', async () => {
  const token = tokenOf('mia', { grants: { 'doc:*': 'write' } })
  const replica = connectProvider({ wsUrl: server.wsUrl, room: 'doc:mentions', token })
  onTestFinished(() => replica.destroy())
  await replica.synced()
  const publish = (drafts: unknown) =>
    replica.provider.sendStateless(JSON.stringify({ type: 'publish', events: drafts }))
  const acknowledged = () => replica.stateless.filter((text) => JSON.parse(text).type === 'ack').length
  publish(mentioning(8, 0))
  await until(() => acknowledged() === 1)
  expect(slowed('mia')).toHaveLength(0)
  publish(mentioning(8, 100).map((draft) => ({ ...draft, id: `again-${draft.id}` })))
  await until(() => acknowledged() === 2)
  expect(slowed('mia')).toHaveLength(1)
})

it('[LIM10] counts ten people whom messages mention for one request', async () => {
  const headers = {
    ...from(),
    authorization: `Bearer ${tokenOf('moe', { grants: { 'doc:*': 'write' } })}`,
    'content-type': 'application/json',
  }
  const post = (drafts: unknown) =>
    fetch(`${server.url}/api/v1/rooms/doc:mentioned/events`, {
      method: 'POST',
      headers,
      body: JSON.stringify(drafts),
    })
  expect((await post(mentioning(10, 99))).status).toBe(200)
  expect((await post(mentioning(1, 0))).status).toBe(429)
})

it('[LIM10] counts ten events of a request for one', async () => {
  const headers = {
    ...from(),
    authorization: `Bearer ${tokenOf('pia', { grants: { 'build:*': 'write' } })}`,
    'content-type': 'application/json',
  }
  const post = (count: number) =>
    fetch(`${server.url}/api/v1/rooms/build:posted/events`, {
      method: 'POST',
      headers,
      body: JSON.stringify(events(count)),
    })
  expect((await post(10)).status).toBe(200)
  // Larger than what is left, and taken whole: what comes after it waits.
  expect((await post(1_000)).status).toBe(200)
  const third = await post(1)
  expect(third.status).toBe(429)
  expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0)
})

it('[LIM5] does not slow down an administrator, who imports and replays', async () => {
  const client = await raw({ room: 'doc:import', token: tokenOf('root', { grants: { '*:*': 'admin' } }) })
  await client.shake()
  const small = update(1)
  const started = performance.now()
  for (let sent = 0; sent < 2_000; sent += 1) client.update(small)
  await until(() => client.acknowledgements === 2_001)
  expect(performance.now() - started).toBeLessThan(5_000)
  expect(slowed('root')).toHaveLength(0)
})

it('[LIM7] reads more slowly from whose edits take long to apply, and from nobody else', async () => {
  const gateway = await startGateway([], { applyPerSecond: 5 })
  const join = async (user: string) => {
    const client = await RawClient.connect({ wsUrl: gateway.wsUrl, room: 'doc:apply', token: tokenOf(user) })
    onTestFinished(() => client.cut())
    await client.shake()
    return client
  }
  const [heavy, light] = [await join('heavy'), await join('light')]
  const spend = (user: string, ms: number) => {
    for (const connection of gateway.hocuspocus.documents.get('doc:apply')?.getConnections() ?? []) {
      if (identityOf(connection.context)?.user === user)
        connection.context.session.applied(ms, performance.now())
    }
  }
  spend('heavy', 80)
  spend('light', 1)
  expect(gateway.logged.filter((line) => line.limit === 'applying')).toEqual([])
  spend('heavy', 30)
  expect(gateway.logged.filter((line) => line.limit === 'applying').map((line) => line.user)).toEqual([
    'heavy',
  ])
  const started = performance.now()
  heavy.update(update(1))
  light.update(update(1))
  await until(() => light.acknowledgements === 2)
  expect(heavy.acknowledgements).toBe(1)
  await until(() => heavy.acknowledgements === 2)
  expect(performance.now() - started).toBeGreaterThan(500)
})

it('[LIM7] measures the time that a large update takes, of a reader too', async () => {
  // 40 ms at once: a third of what the update takes, and more than the handshakes do on a machine that is busy.
  const spent = await startServer({ env: { JWT_SECRET: SECRET, APPLY_MS_PER_SECOND: '2' } })
  onTestFinished(() => spent.dispose())
  const document = new Y.Doc()
  for (let index = 0; index < 60_000; index += 1) document.getArray('edits').insert(0, [`${index}`])
  const replica = connectProvider({
    wsUrl: spent.wsUrl,
    room: 'doc:large',
    token: tokenOf('ada'),
    document,
  })
  onTestFinished(() => replica.destroy())
  await replica.saved()
  await until(() => spent.output().includes('"limit":"applying"'))
  expect(replica.denials).toEqual([])
})

it('[LIM8] disconnects a reader whose bytes pile up, once and with a line in the log; who comes back has it all', async () => {
  const writer = await raw({ room: 'doc:pile', token: tokenOf('root', { grants: { '*:*': 'admin' } }) })
  const reader = await raw({ room: 'doc:pile', token: tokenOf('zoe') })
  const frozen = await raw({ room: 'doc:pile', token: tokenOf('zed') })
  await Promise.all([writer.shake(), reader.shake(), frozen.shake()])
  frozen.freeze()
  const refused = () =>
    server
      .output()
      .split('\n')
      .filter((line) => line.includes('slow-reader'))
  let written = 0
  while (refused().length === 0 && written < 400) {
    writer.update(update(150_000))
    written += 1
    await until(() => writer.acknowledgements === written + 1)
  }
  expect(refused()).toHaveLength(1)
  expect(refused()[0]).toContain('"zed"')
  await until(() => reader.updates.length > 0)
  expect(reader.closed).toBeUndefined()
  const back = connectProvider({ wsUrl: server.wsUrl, room: 'doc:pile', token: tokenOf('zed') })
  onTestFinished(() => back.destroy())
  await until(() => back.edits.length === written)
})

it('[LIM8] sends documents one after the other to a reader who is slow, however large they are together', async () => {
  const gateway = await startGateway([], { outboundBytes: 200_000 })
  const socket = connectSocket(gateway.wsUrl)
  onTestFinished(() => socket.destroy())
  const rooms = Array.from({ length: 12 }, (_, index) => `doc:heavy-${index}`)
  for (const room of rooms) {
    const direct = await gateway.hocuspocus.openDirectConnection(room)
    await direct.transact((document) => document.getArray('edits').push(['x'.repeat(1_500_000)]))
  }
  const replicas = rooms.map((room) =>
    connectProvider({ wsUrl: gateway.wsUrl, room, token: tokenOf('ada'), socket }),
  )
  onTestFinished(() => {
    for (const replica of replicas) replica.destroy()
  })
  await until(() => replicas.every((replica) => replica.edits.length === 1), 20_000)
  expect(gateway.logged.filter((line) => line.code === 'slow-reader')).toEqual([])
})

it('[LIM9] stops reading while so much waits for a room, and goes on when it has been handled', async () => {
  const gate = Promise.withResolvers<void>()
  let connection: Connection | undefined
  const gateway = await startGateway(
    [
      {
        connected: async (data) => {
          connection = data.connection
        },
        beforeSync: () => gate.promise,
      },
    ],
    { inboundBytes: 1_000_000 },
  )
  const client = await RawClient.connect({ wsUrl: gateway.wsUrl, room: 'doc:wait', token: tokenOf('ada') })
  onTestFinished(() => client.cut())
  const queue = (): readonly Uint8Array[] => Reflect.get(connection ?? {}, 'messageQueue') ?? []
  const waiting = () => queue().reduce((bytes, frame) => bytes + frame.length, 0)
  for (let sent = 0; sent < 30; sent += 1) client.update(update(100_000))
  await until(() => waiting() > 1_000_000)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(waiting()).toBeLessThan(1_300_000)
  gate.resolve()
  await until(() => client.acknowledgements === 30)
})

it('[LIM9] refuses who sends more ahead than is kept for a room that is being opened', async () => {
  const loaded = Promise.withResolvers<void>()
  onTestFinished(() => loaded.resolve())
  const gateway = await startGateway([{ onLoadDocument: () => loaded.promise }], { inboundBytes: 1_000_000 })
  const join = async (room: string, updates: number) => {
    const client = await RawClient.connect({ wsUrl: gateway.wsUrl, room, token: tokenOf('ada') })
    onTestFinished(() => client.cut())
    for (let sent = 0; sent < updates; sent += 1) client.update(update(100_000))
    return client
  }
  const patient = await join('doc:patient', 9)
  const greedy = await join('doc:greedy', 11)
  await until(() => greedy.closed !== undefined)
  expect(greedy.closed?.reason).toBe('rate-limited')
  expect(patient.closed).toBeUndefined()
})

it('[LIM12] never hits a person who pastes a book, or comes back with a day of offline edits', async () => {
  const usual = await startServer({ env: { JWT_SECRET: SECRET } })
  onTestFinished(() => usual.dispose())
  const connect = (room: string, document: Y.Doc): Replica => {
    const replica = connectProvider({ wsUrl: usual.wsUrl, room, token: tokenOf('ada'), document })
    onTestFinished(() => replica.destroy())
    return replica
  }
  const paste = connect('doc:book', new Y.Doc())
  await paste.saved()
  paste.document.getText('content').insert(0, 'A long sentence of a book. '.repeat(200_000)) // 5.4 MB
  await paste.saved()
  // A day's typing, keystroke by keystroke and with corrections, made before there was a connection.
  const day = new Y.Doc()
  const text = day.getText('content')
  let at = 0
  for (let stroke = 0; stroke < 60_000; stroke += 1) {
    // People write on where they are, and go elsewhere now and then.
    if (stroke % 200 === 0) at = Math.floor(text.length / 2)
    if (stroke % 11 === 10) {
      at -= 1
      text.delete(at, 1)
    } else {
      text.insert(at, 'abcdefghij'[stroke % 10] ?? '')
      at += 1
    }
  }
  const back = connect('doc:day', day)
  await back.saved()
  // And what a provider kept while its WebSocket was down: it sends all of it before it authenticates.
  const socket = connectSocket(usual.wsUrl)
  onTestFinished(() => socket.destroy())
  const offline = connectProvider({ wsUrl: usual.wsUrl, room: 'doc:tab', token: tokenOf('bob'), socket })
  onTestFinished(() => offline.destroy())
  for (let stroke = 0; stroke < 5_000; stroke += 1) offline.edits.push([`${stroke}`])
  await offline.saved()
  expect([paste, back, offline].flatMap(({ denials, closes }) => [...denials, ...closes])).toEqual([])
  expect(usual.output()).not.toMatch(/slowed down|refused/)
})

it('[RT25] refuses addresses that no room has, without a word of them in the log, and serves on', async () => {
  const name = `doc:${'n'.repeat(100_000)}`
  const long = await open(from())
  long.raw(new Uint8Array([...encodeLength(name.length), ...Buffer.from(name), 0, 0, 0]))
  await until(() => long.closed !== undefined)
  expect(long.closed?.reason).toBe('frame-malformed')
  for (const session of ['', 's'.repeat(65), 'line\nfeed', '\u0000']) {
    const room = `doc:limits\0${session}`
    const client = await RawClient.open({ wsUrl: server.wsUrl, room, token: '', headers: from() })
    onTestFinished(() => client.cut())
    client.authenticate(tokenOf('ada'))
    await until(() => client.closed !== undefined)
    expect(client.closed?.reason).toBe('frame-malformed')
  }
  for (const room of ['constructor', '__proto__', 'toString', 'doc:\u202e', 'doc: ', '*:*', 'doc:*']) {
    expect((await raw({ room })).refusal).toBe('room-name-invalid')
  }
  const session = await raw({ room: 'doc:limits\0b2c4' })
  expect(session.refusal).toBeUndefined()
  await session.shake()
  await until(() => session.acknowledgements === 1)
  expect(server.output()).not.toContain('n'.repeat(300))
})

function encodeLength(length: number): number[] {
  const bytes: number[] = []
  for (let rest = length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) + 128)
  }
}

it('[LIM13] keeps out whom it has closed for what they sent too often, for as long as it is, and nobody else', async () => {
  // Thirty at once, and one in two seconds.
  const gateway = await startGateway([], { faultsPerMinute: 30 })
  const join = async (user: string) => {
    const client = await RawClient.connect({
      wsUrl: gateway.wsUrl,
      room: 'doc:faults',
      token: tokenOf(user),
    })
    onTestFinished(() => client.cut())
    return client
  }
  let faults = 0
  let mallory = await join('mallory')
  for (; mallory.refusal === undefined; mallory = await join('mallory')) {
    const client = mallory
    client.raw(Uint8Array.of(255))
    await until(() => client.closed !== undefined)
    expect(client.closed?.reason).toBe('frame-malformed')
    faults += 1
  }
  expect(mallory.refusal).toBe('rate-limited')
  expect(faults).toBeGreaterThan(30)
  expect((await join('ada')).refusal).toBeUndefined()
  while (mallory.refusal !== undefined) mallory = await join('mallory')
})

it('[LIM13] counts nothing that an honest client may meet', async () => {
  const gateway = await startGateway([], { faultsPerMinute: 1, socketsPerUser: 1 })
  const join = async () => {
    const client = await RawClient.connect({
      wsUrl: gateway.wsUrl,
      room: 'doc:honest',
      token: tokenOf('ada'),
    })
    onTestFinished(() => client.cut())
    return client
  }
  const first = await join()
  for (let refused = 0; refused < 3; refused += 1) expect((await join()).refusal).toBe('too-many-connections')
  first.cut()
  await until(() => gateway.connections.size === 0)
  expect((await join()).refusal).toBeUndefined()
})
