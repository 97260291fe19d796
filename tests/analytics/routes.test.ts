import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, connect, type MetricSeries, type Signal } from '../../client/sdk/index.ts'
import type { Grants } from '../../server/protocol.ts'
import { requests } from '../notifications/requests.ts'
import { curl } from '../support/event-reader.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer
let ask: ReturnType<typeof requests>['ask']
let titles: ReturnType<typeof requests>['titles']

beforeAll(async () => {
  server = await startServer({ env: { MAX_REQUESTS_PER_ADDRESS: '1000000' } })
  ;({ ask, titles } = requests(server))
})
afterAll(() => server?.dispose())

const newRoom = (): string => `analytics:${randomUUID()}`
const ADMIN: Grants = { '*:*': 'admin' }
const SYSTEM_ROOM = 'analytics:system'

const client = (id: string, grants: Grants): Client =>
  connect({ url: server.url, token: () => server.token(id, grants), user: { id, name: id } })

const track = (room: string, measures: unknown, more: object = {}, grants: Grants = { [room]: 'write' }) =>
  ask('POST', `/rooms/${room}/metrics`, 'ada', grants, { id: randomUUID(), measures, ...more })
const metrics = async (room: string, query = '', grants: Grants = { [room]: 'read' }) =>
  ask('GET', `/rooms/${room}/metrics${query}`, 'bob', grants)
const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString()

describe.concurrent('metrics over HTTP', () => {
  it('[ANA2] what was answered is there: counted, summed and in quantiles, by name and labels', async () => {
    const room = newRoom()
    const values = Array.from({ length: 100 }, (_, n) => n + 1)
    const measures = values.map((value) => ({ name: 'latency', value, labels: { route: '/a' }, at: ago(60) }))
    const { body } = await track(room, [...measures, { name: 'signup', at: ago(60) }, { name: 'signup' }])
    expect(body).toEqual({ counted: 102, refused: [] })
    const { width, series } = (await metrics(room, '?width=3600')).body
    expect(width).toBe(3_600)
    expect(series.map(({ name, labels }: { name: string; labels: unknown }) => [name, labels])).toEqual([
      ['latency', { route: '/a' }],
      ['signup', {}],
    ])
    const [latency] = (await metrics(room, '?names=latency')).body.series
    expect(latency.points).toMatchObject([{ count: 100, sum: 5_050, min: 1, max: 100 }])
    expect(Math.abs(latency.points[0].p95 - 95)).toBeLessThanOrEqual(2)
    const [signup] = (await metrics(room, `?names=signup&from=${ago(30)}`)).body.series
    expect(signup.points).toMatchObject([{ count: 1, sum: 1 }])
    expect((await metrics(room, `?names=absent,other`)).body.series).toEqual([])
  })

  it('[ANA3] a batch that comes again counts once', async () => {
    const room = newRoom()
    const id = randomUUID()
    const answers = await Promise.all([1, 2, 3].map(() => track(room, [{ name: 'signup' }], { id })))
    expect(answers.map(({ body }) => body)).toEqual([1, 2, 3].map(() => ({ counted: 1, refused: [] })))
    expect((await metrics(room)).body.series[0].points).toMatchObject([{ count: 1 }])
  })

  it('[ANA3] [ANA6] a time is put right by the clock that it was read of; what is too old, or of the future, is left out and counted', async () => {
    const room = newRoom()
    const fast = (seconds: number) => new Date(Date.now() + 3 * 3_600_000 - seconds * 1_000).toISOString()
    const put = await track(room, [{ name: 'put-right', at: fast(10) }], { sentAt: fast(0) })
    expect(put.body).toEqual({ counted: 1, refused: [] })
    const measures = [{ name: 'now' }, { name: 'old', at: ago(3_700) }, { name: 'early', at: fast(0) }]
    const { body } = await track(room, measures)
    expect(body).toEqual({ counted: 1, refused: [{ code: 'measure-out-of-time', count: 2 }] })
    // Sent so long ago that its id is forgotten: it may have been counted before.
    const again = (seconds: number) => track(room, [{ name: 'now' }], { sentAt: ago(seconds) })
    expect((await again(7_190)).body.counted).toBe(1)
    expect((await again(7_210)).body).toEqual({
      counted: 0,
      refused: [{ code: 'measure-out-of-time', count: 1 }],
    })
    const { series } = (await metrics(room)).body
    expect(series.map(({ name }: { name: string }) => name).slice(0, 2)).toEqual(['now', 'put-right'])
  })

  it('[ANA6] a flood waits, whoever else writes there does not, and what was refused is counted in the room', async () => {
    const room = newRoom()
    const flood = Array.from({ length: 1_000 }, () => ({ name: 'flood', at: ago(20) }))
    const answers = []
    for (let sent = 0; sent < 30; sent += 1) answers.push(await track(room, flood))
    const taken = answers.filter(({ status }) => status === 200).length
    const refused = answers.filter(({ status }) => status === 429)
    expect(taken).toBeGreaterThanOrEqual(10)
    expect(taken + refused.length).toBe(30)
    expect(refused[0]?.body.error).toMatchObject({ code: 'rate-limited', retryable: true })
    const grants: Grants = { [room]: 'write' }
    const other = { id: randomUUID(), measures: [{ name: 'calm' }] }
    expect((await ask('POST', `/rooms/${room}/metrics`, 'carl', grants, other)).status).toBe(200)
    const sumOf = async (name: string) =>
      (await metrics(room, `?names=${name}&width=3600`)).body.series[0]?.points[0]?.sum
    expect(await sumOf('flood')).toBe(taken * 1_000)
    await until(async () => (await sumOf('syncline.refused')) === refused.length * 1_000)
    const [{ labels }] = (await metrics(room, '?names=syncline.refused')).body.series
    expect(labels).toEqual({ reason: 'rate-limited' })
  })

  it('[ANA4] labels from outside grow to a bound', async () => {
    const room = newRoom()
    const batch = (part: number) =>
      Array.from({ length: 1_000 }, (_, n) => ({ name: 'hit', labels: { user: `${part}-${n}` } }))
    expect((await track(room, batch(0))).body).toEqual({ counted: 1_000, refused: [] })
    expect((await track(room, batch(1))).body).toEqual({
      counted: 0,
      refused: [{ code: 'too-many-series', count: 1_000 }],
    })
    expect((await track(room, batch(0).slice(0, 5))).body).toEqual({ counted: 5, refused: [] })
    expect((await metrics(room, '?width=3600')).body.series.length).toBe(1_000)
  })

  it('[ANA6] what is not of the form is refused, by what is wrong in it, and none of its batch counts', async () => {
    const room = newRoom()
    const wrong: readonly (readonly [unknown, string])[] = [
      [[{ name: 'a b' }], 'measures.0.name'],
      [[{ name: 'x'.repeat(101) }], 'measures.0.name'],
      [[{ name: 'syncline.refused' }], 'measures.0.name'],
      [[{ name: 'a', value: 1e300 }], 'measures.0.value'],
      [[{ name: 'a', value: null }], 'measures.0.value'],
      [[{ name: 'good' }, { name: 'a', labels: { 'b c': 'd' } }], 'measures.1.labels'],
      [[{ name: 'a', labels: { b: 'c'.repeat(101) } }], 'measures.0.labels.b'],
      [[{ name: 'a', labels: { b: '\u0000' } }], 'measures.0.labels.b'],
      [
        [{ name: 'a', labels: Object.fromEntries([...'abcdefghi'].map((key) => [key, '1'])) }],
        'measures.0.labels',
      ],
      [
        [{ name: 'a', labels: Object.fromEntries([...'abcd'].map((key) => [key, '𝛼'.repeat(100)])) }],
        'measures.0.labels',
      ],
      [[{ name: 'a', at: 'yesterday' }], 'measures.0.at'],
      [[{ name: 'a', other: 1 }], 'measures.0'],
      [[], 'measures'],
      [Array.from({ length: 1_001 }, () => ({ name: 'a' })), 'measures'],
    ]
    for (const [measures, where] of wrong) {
      const { status, body } = await track(room, measures)
      expect([status, body.error.code]).toEqual([400, 'request-invalid'])
      expect(body.error.message).toContain(`body: ${where}`)
    }
    expect((await track(room, [{ name: 'a' }], { id: 'with space' })).status).toBe(400)
    for (const query of ['?width=7', '?names=', '?from=now', `?from=${ago(5)}&to=${ago(60)}`])
      expect((await track(room, [{ name: 'a' }]).then(() => metrics(room, query))).status).toBe(400)
    expect((await metrics(room)).body.series.map(({ name }: { name: string }) => name)).toEqual(['a'])
  })

  it('[ANA6] needs a role in the room; only rooms analytics:… measure, and nothing is made of the others', async () => {
    const room = newRoom()
    const one = [{ name: 'a' }]
    expect((await track(room, one, {}, { 'doc:*': 'admin' })).status).toBe(403)
    expect((await track(room, one, {}, { [room]: 'comment' })).status).toBe(403)
    expect((await metrics(room, '', { [room]: 'read' })).status).toBe(404)
    expect((await track('doc:metrics', one)).body.error.code).toBe('request-invalid')
    expect((await ask('GET', '/rooms/doc:metrics', 'ada', { 'doc:*': 'read' })).status).toBe(404)
    await track(room, one)
    expect((await metrics(room, '', { 'analytics:other': 'admin' })).status).toBe(403)
    const rule = { metric: 'a', of: 'count', over: 60, is: 'above', threshold: 1 }
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const path = `/rooms/${room}/alerts${method === 'GET' ? '' : '/busy'}`
      const body = method === 'PUT' ? rule : undefined
      expect((await ask(method, path, 'ada', { [room]: 'write' }, body)).status).toBe(403)
      expect((await ask(method, path, 'ada', { [room]: 'admin' }, body)).status).toBeLessThan(300)
    }
    expect(
      (await ask('PUT', `/rooms/${room}/alerts/x`, 'ada', { [room]: 'admin' }, { ...rule, over: 7 })).status,
    ).toBe(400)
  })

  it('[ANA5] goes with its room', async () => {
    const room = newRoom()
    await track(room, [{ name: 'a' }])
    expect((await ask('DELETE', `/rooms/${room}`, 'root', ADMIN)).status).toBeLessThan(300)
    expect((await metrics(room)).body.error.code).toBe('room-deleted')
    expect((await track(room, [{ name: 'a' }])).body.error.code).toBe('room-deleted')
  })
})

describe.concurrent('what is watched', () => {
  it('[ANA7] [ANA8] [ANA10] who is in the room is told what was measured; a rule raises an event of the server’s, and a notification', async () => {
    const room = newRoom()
    const tellee = `bob-${randomUUID().slice(0, 8)}`
    await track(room, [{ name: 'errors' }])
    const rule = { metric: 'errors', of: 'count', over: 600, is: 'above', threshold: 2, tell: [tellee] }
    const grants: Grants = { [room]: 'admin' }
    expect((await ask('PUT', `/rooms/${room}/alerts/errors`, 'ada', grants, rule)).body).toEqual({
      name: 'errors',
      rule: { labels: {}, for: 0, level: 'warning', ...rule },
    })
    const carl = client('carl', { [room]: 'read' })
    const signals: Signal[] = []
    const joined = carl.room(room)
    joined.onSignal('syncline.metrics', (signal) => signals.push(signal))
    await joined.whenSynced()
    const authorization = `Bearer ${await server.token('dora', { [room]: 'read' })}`
    const address = `${server.url}/api/v1/rooms/${room}/events`
    const [stream, alertsAlone] = [address, `${address}?types=performance.alert`].map((url) =>
      curl(url, { authorization }),
    )
    await until(() =>
      [stream, alertsAlone].every((one) => one?.told.some(({ event }) => event === 'resumed')),
    )
    await track(room, [{ name: 'errors' }, { name: 'errors', value: 4 }])
    await until(() => signals.length > 0)
    expect(signals[0]).toMatchObject({ actor: '', payload: { width: 5, series: [{ name: 'errors' }] } })

    const streamed = () => stream?.told.find(({ event }) => event === 'syncline.metrics')
    await until(() => streamed() !== undefined)
    expect(streamed()).toMatchObject({ id: undefined, data: { width: 5, series: [{ name: 'errors' }] } })
    await until(() => alertsAlone?.told.some(({ event }) => event === 'performance.alert') === true)
    expect(alertsAlone?.told.map(({ event }) => event)).toEqual(['resumed', 'performance.alert'])
    stream?.stop()
    alertsAlone?.stop()

    await until(async () => (await titles(tellee)).length > 0)
    expect(await titles(tellee)).toEqual(['Warning: errors'])
    const events = await ask('GET', `/rooms/${room}/events`, 'ada', grants)
    expect(events.body.events).toMatchObject([
      {
        type: 'performance.alert',
        actor: 'system',
        payload: { rule: 'errors', state: 'raised', value: 3, threshold: 2, is: 'above', tell: [tellee] },
      },
    ])
    // Nobody else says so, not the administrator either.
    const said = { type: 'performance.alert', payload: events.body.events[0].payload }
    const forged = await ask('POST', `/rooms/${room}/events`, 'root', ADMIN, said)
    expect(forged.body.error.code).toBe('event-forbidden')
    await ask('DELETE', `/rooms/${room}/alerts/errors`, 'ada', grants)
    await until(async () => (await titles(tellee)).length > 1)
    expect((await titles(tellee))[0]).toBe('Resolved: errors')
    await carl.destroy()
  })

  it('[ANA7] [ANA12] what one page tracks another one sees, read and live', async () => {
    const org = randomUUID()
    const room = `analytics:${org}`
    const [one, other] = [client('ada', { [room]: 'admin' }), client('bob', { [room]: 'read' })]
    expect(() => one.analytics('a b')).toThrow()
    const [ada, bob] = [one.analytics(org), other.analytics(org)]
    ada.track('latency', 10, { route: '/a' })
    ada.track('latency', 20, { route: '/a' })
    ada.track('signup')
    await ada.flush()
    expect(ada.tracking).toEqual({ waiting: 0, counted: 3, dropped: 0, reason: undefined })
    const { series } = await bob.metrics({
      names: ['latency'],
      width: 3600,
      from: new Date(Date.now() - 7_200_000),
    })
    expect(series).toMatchObject([
      { name: 'latency', labels: { route: '/a' }, points: [{ count: 2, sum: 30, min: 10, max: 20 }] },
    ])
    const told: MetricSeries[] = []
    const stop = bob.subscribe((series) => told.push(...series))
    const live = bob.watch({ names: ['signup'] })
    const count = () =>
      live
        .getState()
        .series?.flatMap(({ points }) => points)
        .reduce((sum, { count }) => sum + count, 0)
    await until(() => count() === 1)
    ada.track('signup')
    await ada.flush()
    // Read at first, and then told: the bucket that was open then, and whatever followed.
    await until(() => count() === 2)
    await until(() => told.length > 0)
    expect(live.getState()).toMatchObject({ series: [{ name: 'signup' }], error: undefined })
    const rule = { metric: 'signup', of: 'rate', over: 60, is: 'below', threshold: 0 } as const
    await ada.setAlert('silence', rule)
    expect(await ada.alerts()).toMatchObject([{ name: 'silence', rule, raised: false }])
    await ada.deleteAlert('silence')
    expect(await ada.alerts()).toEqual([])
    stop()
    live.close()
    await Promise.all([one.destroy(), other.destroy()])
  })

  it('[ANA7] of two nodes on one database, without Redis, each tells its own, whichever has counted', async () => {
    const room = newRoom()
    await track(room, [{ name: 'first' }])
    const other = await startServer({ env: { DATABASE_URL: server.databaseUrl } })
    const heard = [server, other].map((node) => {
      const of = connect({
        url: node.url,
        token: () => node.token('carl', { [room]: 'read' }),
        user: { id: 'carl', name: 'carl' },
      })
      const names: string[] = []
      const joined = of.room(room)
      joined.onSignal('syncline.metrics', ({ payload }) => {
        for (const { name } of (payload as { series: readonly MetricSeries[] }).series) names.push(name)
      })
      return { of, joined, names }
    })
    try {
      await Promise.all(heard.map(({ joined }) => joined.whenSynced()))
      await track(room, [{ name: 'second' }])
      await until(() => heard.every(({ names }) => names.includes('second')))
    } finally {
      await Promise.all(heard.map(({ of }) => of.destroy()))
      await other.dispose()
    }
  })

  it('[ANA11] the server measures itself, for administrators alone, and nobody else writes there', async () => {
    const all = async () => (await metrics(SYSTEM_ROOM, '', ADMIN)).body.series ?? []
    await until(async () => (await all()).length > 0)
    const names = (await all()).map(({ name }: { name: string }) => name)
    expect(names).toContain('memory.bytes')
    const lesser: readonly Grants[] = [{ 'analytics:*': 'admin' }, { [SYSTEM_ROOM]: 'admin' }, {}]
    for (const grants of lesser) expect((await metrics(SYSTEM_ROOM, '', grants)).status).toBe(403)
    expect((await track(SYSTEM_ROOM, [{ name: 'a' }], {}, ADMIN)).status).toBe(403)
    const said = { type: 'analytics.measured', payload: { name: 'a', value: 1 } }
    expect((await ask('POST', `/rooms/${SYSTEM_ROOM}/events`, 'root', ADMIN, said)).status).toBe(403)
    const editor = connectProvider({
      wsUrl: server.wsUrl,
      room: SYSTEM_ROOM,
      token: await server.token('root', ADMIN),
    })
    await editor.synced()
    editor.edits.push(['mine'])
    await until(
      () =>
        editor.closes.length + editor.denials.length > 0 || editor.provider.authorizedScope === 'readonly',
    )
    editor.destroy()
    const rule = { metric: 'memory.bytes', of: 'max', over: 60, is: 'above', threshold: 1e12 }
    expect((await ask('PUT', `/rooms/${SYSTEM_ROOM}/alerts/memory`, 'root', ADMIN, rule)).status).toBe(200)
  })
})
