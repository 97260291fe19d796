import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Application } from '../../server/access/application.ts'
import { Authorizer, type Decision } from '../../server/access/authorizer.ts'
import type { Identity } from '../../server/access/identity.ts'
import type { SynclineError } from '../../server/errors.ts'
import { ERRORS } from '../../server/errors.ts'
import { type Grants, ROLES, type Role } from '../../server/protocol.ts'
import { FAILURES, type Service, startService } from './service.ts'

const logger = pino({ level: 'silent' })
const SECRET = randomBytes(48).toString('base64')

/** Somebody whose token grants this, or leaves it to the application. */
const person = (grants?: Grants, user = 'ada'): Identity => ({
  user,
  name: user,
  grants: grants ?? {},
  defers: grants === undefined,
  issuedAt: 0,
  expiresAt: Number.POSITIVE_INFINITY,
})

const asking = (service: Service, roomKinds?: readonly string[], secret?: string): Authorizer =>
  new Authorizer({ roomKinds, application: new Application({ url: service.url, secret }, logger) })

const codeOf = (decided: Promise<Decision>): Promise<string> =>
  decided.then(
    ({ role }) => role ?? 'none',
    (error: SynclineError) => error.code,
  )

describe('without an application', () => {
  it('[ACC28] the token’s grants decide, and hold as long as it', async () => {
    const authorizer = new Authorizer({})
    expect(await authorizer.decide(person({ 'doc:*': 'write' }), 'doc:a')).toEqual({
      role: 'write',
      mayCreate: true,
      until: Number.POSITIVE_INFINITY,
    })
    expect((await authorizer.decide(person({ 'doc:*': 'write' }), 'project:a')).role).toBeUndefined()
  })

  it('[ACC28] a token without grants is worth nothing', async () => {
    const authorizer = new Authorizer({})
    expect((await authorizer.decide(person(), 'doc:a')).role).toBeUndefined()
    expect(authorizer.candidates(person())).toEqual({ kinds: [], names: [] })
  })

  it.each(ROLES)(
    '[ACC34] %s creates rooms, of the kinds that may be created, from write on',
    async (role) => {
      const may = role === 'write' || role === 'admin'
      const all = person({ '*:*': role })
      expect((await new Authorizer({}).decide(all, 'doc:a')).mayCreate).toBe(may)
      const authorizer = new Authorizer({ roomKinds: ['doc', 'note'] })
      expect((await authorizer.decide(all, 'doc:a')).mayCreate).toBe(may)
      expect(await authorizer.decide(all, 'docs:a')).toMatchObject({ role, mayCreate: false })
      expect(await authorizer.decide(all, 'constructor:a')).toMatchObject({ role, mayCreate: false })
    },
  )

  it('[ACC28] a room that cannot be is refused', async () => {
    await expect(new Authorizer({}).decide(person({ '*:*': 'admin' }), 'doc:*')).rejects.toMatchObject({
      code: 'room-name-invalid',
    })
  })
})

describe('an application that is asked', () => {
  it('[ACC28] is told who and where, with its secret, and decides', async () => {
    const service = await startService(() => ({ role: 'comment', ttl: 60, other: 'ignored' }))
    const decision = await asking(service, undefined, SECRET).decide(person(undefined), 'doc:a')
    expect(decision).toMatchObject({ role: 'comment', mayCreate: false })
    const [request] = service.received
    expect(request?.method).toBe('POST')
    expect(request?.body).toEqual({ user: 'ada', name: 'ada', room: 'doc:a' })
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${SECRET}`,
      'content-type': 'application/json',
    })
    const silent = await startService(() => ({ role: null }))
    expect(await codeOf(asking(silent).decide(person(), 'doc:a'))).toBe('none')
    expect(silent.received[0]?.headers.authorization).toBeUndefined()
  })

  it('[ACC28] allows no more than the token’s grants, if it names any', async () => {
    const order = ['none', ...ROLES]
    for (const granted of ROLES) {
      for (const answered of [null, ...ROLES]) {
        const service = await startService(() => ({ role: answered }))
        const role = await codeOf(asking(service).decide(person({ 'doc:*': granted }), 'doc:a'))
        const weakest = Math.min(order.indexOf(granted), order.indexOf(answered ?? 'none'))
        expect(role, `${granted} and ${answered}`).toBe(order[weakest])
      }
    }
  })

  it('[ACC28] is not even asked about a room that the token grants nothing in', async () => {
    const service = await startService(() => ({ role: 'admin' }))
    expect(await codeOf(asking(service).decide(person({ 'doc:*': 'admin' }), 'project:a'))).toBe('none')
    expect(service.received).toHaveLength(0)
    expect(asking(service).candidates(person())).toBe('all')
    expect(asking(service).candidates(person({ 'doc:*': 'read' }))).toEqual({ kinds: ['doc'], names: [] })
  })

  it.each<[Role, boolean | undefined, string[] | undefined, boolean]>([
    ['write', undefined, undefined, true],
    ['write', true, undefined, true],
    ['write', false, undefined, false],
    ['admin', false, undefined, false],
    ['read', true, undefined, false],
    ['write', true, ['note'], false],
    ['write', true, ['doc'], true],
  ])('[ACC34] %s with create %s and kinds %s may create: %s', async (role, create, kinds, expected) => {
    const service = await startService(() => ({ role, create }))
    expect((await asking(service, kinds).decide(person(), 'doc:a')).mayCreate).toBe(expected)
  })
})

describe('an answer', () => {
  it('[ACC29] is used until its ttl ends, and not a moment longer', async () => {
    const service = await startService(() => ({ role: 'write', ttl: 0.3 }))
    const authorizer = asking(service)
    // The clock is held, so that the moments just before and at the end are met however slow the machine is.
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const { until } = await authorizer.decide(person(), 'doc:a')
    expect(until - Date.now()).toBe(300)
    service.answer(() => ({ role: 'read', ttl: 60 }))
    vi.setSystemTime(until - 1)
    expect(await codeOf(authorizer.decide(person(), 'doc:a'))).toBe('write')
    vi.setSystemTime(until)
    expect(await codeOf(authorizer.decide(person(), 'doc:a'))).toBe('read')
    expect(service.received).toHaveLength(2)
  })

  it('[ACC29] holds a minute where it does not say, an hour at most, and not at all with a ttl of 0', async () => {
    const service = await startService(() => ({ role: 'read' }))
    const authorizer = asking(service)
    const left = async (room: string) => (await authorizer.decide(person(), room)).until - Date.now()
    expect(await left('doc:a')).toBeGreaterThan(58_000)
    service.answer(() => ({ role: 'read', ttl: 1e9 }))
    expect(await left('doc:b')).toBeLessThanOrEqual(3_600_000)
    service.answer(() => ({ role: 'read', ttl: 0 }))
    expect(await left('doc:c')).toBeLessThanOrEqual(0)
    await left('doc:c')
    expect(service.received).toHaveLength(4)
  })

  it('[ACC29] is asked for once by all who ask at the same time, each person and room by itself', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const service = await startService(async ({ body }) => {
      await held
      return { role: (body as { user: string }).user === 'ada' ? 'write' : null }
    })
    const authorizer = asking(service)
    const asked = Array.from({ length: 100 }, (_, index) =>
      codeOf(authorizer.decide(person(undefined, index % 2 === 0 ? 'ada' : 'bob'), `doc:${index % 4}`)),
    )
    release()
    const codes = await Promise.all(asked)
    expect(codes).toEqual(codes.map((_, index) => (index % 2 === 0 ? 'write' : 'none')))
    expect(service.received).toHaveLength(4)
  })

  it('[ACC41] is waited for by one person for hundreds of rooms, and takes nobody else’s place', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const service = await startService(async ({ body }) => {
      if ((body as { user: string }).user === 'ada') await held
      return { role: 'read' }
    })
    const authorizer = asking(service)
    const asked = Array.from({ length: 300 }, (_, index) =>
      codeOf(authorizer.decide(person(), `doc:${index}`)),
    )
    expect(await codeOf(authorizer.decide(person(undefined, 'bob'), 'doc:0'))).toBe('read')
    expect(service.received.length).toBeLessThanOrEqual(17)
    release()
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['read']))
    expect(service.received.length).toBe(301)
  })

  it('[ACC29] is kept for 20,000 at most, those that were used last', async () => {
    let asked = 0
    const authorizer = new Authorizer({
      application: {
        ask: async () => {
          asked += 1
          return { role: 'read', create: false, ttl: 60, until: Date.now() + 60_000 }
        },
      },
    })
    await authorizer.decide(person(), 'doc:first')
    for (let index = 0; index < 19_999; index++) await authorizer.decide(person(), `doc:${index}`)
    await authorizer.decide(person(), 'doc:first')
    expect(asked).toBe(20_000)
    await authorizer.decide(person(), 'doc:one-more')
    await authorizer.decide(person(), 'doc:first')
    expect(asked).toBe(20_001)
    await authorizer.decide(person(), 'doc:0')
    expect(asked).toBe(20_002)
  })
})

describe('what is no answer', () => {
  const NO_ANSWERS: readonly unknown[] = [
    {},
    [],
    null,
    'admin',
    { role: 'owner' },
    { role: 'constructor' },
    { role: ['admin'] },
    { role: true },
    { role: 'admin', ttl: -1 },
    { role: 'admin', ttl: '60' },
    { role: 'admin', ttl: null },
    { role: 'admin', create: 'yes' },
    { roles: 'admin' },
  ]

  it.each(NO_ANSWERS)('[ACC30] %j opens nothing, and is worth asking again', async (answer) => {
    const service = await startService(() => answer)
    expect(await codeOf(asking(service).decide(person(), 'doc:a'))).toBe('authorization-unavailable')
    expect(ERRORS['authorization-unavailable']).toMatchObject({ status: 503, retryable: true })
  })

  it.each(Object.entries(FAILURES))(
    '[ACC30] %s opens nothing, and is forgotten at once',
    async (_, failure) => {
      const service = await startService(failure)
      const authorizer = asking(service)
      expect(await codeOf(authorizer.decide(person(), 'doc:a'))).toBe('authorization-unavailable')
      service.answer(() => ({ role: 'read' }))
      expect(await codeOf(authorizer.decide(person(), 'doc:a'))).toBe('read')
    },
  )

  it('[ACC30] silence is waited for 3 s, and does not become 300 questions', async () => {
    const service = await startService(() => undefined)
    const authorizer = asking(service)
    const from = Date.now()
    const codes = await Promise.all(
      Array.from({ length: 300 }, (_, index) => codeOf(authorizer.decide(person(), `doc:${index}`))),
    )
    expect(new Set(codes)).toEqual(new Set(['authorization-unavailable']))
    expect(Date.now() - from).toBeGreaterThan(2_500)
    expect(Date.now() - from).toBeLessThan(4_500)
    expect(service.received.length).toBeLessThanOrEqual(256)
  })

  it('[ACC30] an address that is not there, or is elsewhere, opens nothing', async () => {
    const gone = new Application({ url: 'http://127.0.0.1:1/', secret: undefined }, logger)
    expect(await codeOf(new Authorizer({ application: gone }).decide(person(), 'doc:a'))).toBe(
      'authorization-unavailable',
    )
    const admin = await startService(() => ({ role: 'admin' }))
    const service = await startService(
      (_, response) => void response.writeHead(307, { location: admin.url }).end(),
    )
    expect(await codeOf(asking(service).decide(person(), 'doc:a'))).toBe('authorization-unavailable')
    expect(admin.received).toHaveLength(0)
    // The control: fetch as it comes would have gone there, and believed it.
    const followed = await fetch(service.url, { method: 'POST', body: '{}' })
    expect(await followed.json()).toEqual({ role: 'admin' })
  })
})

describe('forgetting', () => {
  it.each<[object, string[]]>([
    [{ user: 'ada' }, ['ada doc:a', 'ada doc:b']],
    [{ room: 'doc:a' }, ['ada doc:a', 'bob doc:a']],
    [{ user: 'ada', room: 'doc:a' }, ['ada doc:a']],
    [{}, ['ada doc:a', 'ada doc:b', 'bob doc:a', 'bob doc:b']],
    [{ user: 'eve' }, []],
  ])('[ACC33] %j asks anew for exactly those', async (whose, asked) => {
    const service = await startService(() => ({ role: 'read', ttl: 600 }))
    const authorizer = asking(service)
    const all = async () => {
      for (const user of ['ada', 'bob']) {
        for (const room of ['doc:a', 'doc:b']) await authorizer.decide(person(undefined, user), room)
      }
    }
    await all()
    const { epoch } = authorizer
    authorizer.forget(whose)
    expect(authorizer.epoch).toBeGreaterThan(epoch)
    service.received.length = 0
    await all()
    const seen = service.received.map(
      ({ body }) => `${(body as { user: string }).user} ${(body as { room: string }).room}`,
    )
    expect(seen).toEqual(asked)
  })

  it('[ACC33] an answer under way is not believed, nor kept', async () => {
    const first = Promise.withResolvers<void>()
    const service = await startService(async () => {
      await first.promise
      return { role: 'write', ttl: 600 }
    })
    const authorizer = asking(service)
    const waiting = codeOf(authorizer.decide(person(), 'doc:a'))
    while (service.received.length === 0) await new Promise((resolve) => setImmediate(resolve))
    service.answer(() => ({ role: null, ttl: 600 }))
    authorizer.forget({ user: 'ada' })
    first.resolve()
    expect(await waiting).toBe('none')
    expect(await codeOf(authorizer.decide(person(), 'doc:a'))).toBe('none')
    expect(service.received).toHaveLength(2)
  })
})
