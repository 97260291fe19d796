import type { Connection } from '@hocuspocus/server'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Authorizer } from '../../server/access/authorizer.ts'
import type { Identity } from '../../server/access/identity.ts'
import { SynclineError } from '../../server/errors.ts'
import type { Grants, Role } from '../../server/protocol.ts'
import { Standing } from '../../server/realtime/standing.ts'

const MINUTE = 60_000

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }))
afterEach(() => vi.useRealTimers())

const person = (grants?: Grants): Identity => ({
  user: 'ada',
  name: 'Ada',
  grants: grants ?? {},
  defers: grants === undefined,
  issuedAt: 0,
  expiresAt: Number.POSITIVE_INFINITY,
})

type Reply = Role | null | 'away'

/** One connection that stands, and an application whose next replies the test decides. */
async function stand(
  reply: { role: Reply; ttl: number },
  identity = person(),
  meanwhile: (authorizer: Authorizer) => void = () => undefined,
) {
  const asked: number[] = []
  const authorizer = new Authorizer({
    application: {
      ask: async () => {
        asked.push(Date.now())
        const { role, ttl } = reply
        if (role === 'away') throw new SynclineError('authorization-unavailable')
        return { role, create: true, ttl, until: Date.now() + ttl * 1000 }
      },
    },
  })
  const refused: string[] = []
  const closing: (() => void)[] = []
  const tokensAskedFor: number[] = []
  const connection = {
    readOnly: false,
    onClose: (callback: () => void) => closing.push(callback),
    requestToken: () => tokensAskedFor.push(Date.now()),
  }
  const { epoch } = authorizer
  const decision = await authorizer.decide(identity, 'doc:a')
  meanwhile(authorizer)
  const standing = new Standing({ authorizer, room: 'doc:a', identity, decision, epoch })
  standing.begin(connection as unknown as Connection, ({ code }) => refused.push(code))
  return {
    authorizer,
    standing,
    connection,
    asked,
    refused,
    tokensAskedFor,
    close: () => {
      for (const callback of closing) callback()
    },
  }
}

it('[ACC32] asks an application that is away less and less often, and gives up after ten minutes', async () => {
  const reply: { role: Reply; ttl: number } = { role: 'write', ttl: 60 }
  const { asked, refused } = await stand(reply)
  reply.role = 'away'
  await vi.advanceTimersByTimeAsync(MINUTE + 10 * MINUTE - 1)
  expect(refused).toEqual([])
  expect(asked.length).toBeGreaterThan(15)
  expect(asked.length).toBeLessThan(60)
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(refused).toEqual(['authorization-unavailable'])
  const atTheEnd = asked.length
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(asked.length).toBe(atTheEnd)
})

it('[ACC32] counts an outage from the end of the last answer, each time anew', async () => {
  const reply: { role: Reply; ttl: number } = { role: 'write', ttl: 60 }
  const { refused } = await stand(reply)
  for (let round = 0; round < 5; round++) {
    reply.role = 'away'
    await vi.advanceTimersByTimeAsync(9 * MINUTE)
    reply.role = 'write'
    await vi.advanceTimersByTimeAsync(MINUTE)
  }
  expect(refused).toEqual([])
})

it('[ACC32] asks again until somebody answers, also where a role lasts until it is told of, and was told of during an outage', async () => {
  const reply: { role: Reply; ttl: number } = { role: 'write', ttl: Number.POSITIVE_INFINITY }
  const { authorizer, asked, refused } = await stand(reply)
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(asked).toHaveLength(1)
  reply.role = 'away'
  authorizer.changed({ user: 'ada', room: 'doc:a' })
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect([asked.length > 2, refused]).toEqual([true, []])
  reply.role = null
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(refused).toEqual(['forbidden'])
})

it('[ACC31] lets somebody stay who may only read from now on, where nothing is changed over it', async () => {
  const reply: { role: Reply; ttl: number } = { role: 'write', ttl: 60 }
  const { refused, connection, standing } = await stand(reply)
  Reflect.deleteProperty(connection, 'readOnly')
  reply.role = 'read'
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(refused).toEqual([])
  expect(standing.role).toBe('read')
  expect(connection).not.toHaveProperty('readOnly')
})

it('[ACC31] asks once a second at most, whatever the ttl, and never once it is closed', async () => {
  const { asked, close } = await stand({ role: 'write', ttl: 0 })
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked.length).toBeGreaterThan(8)
  expect(asked.length).toBeLessThanOrEqual(11)
  close()
  const before = asked.length
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(asked.length).toBe(before)
})

it('[ACC31] is set to read-only, or to writing, as the answer says', async () => {
  const reply: { role: Reply; ttl: number } = { role: 'read', ttl: 1 }
  const { connection, refused } = await stand(reply)
  expect(connection.readOnly).toBe(true)
  reply.role = 'write'
  await vi.advanceTimersByTimeAsync(1_500)
  expect(connection.readOnly).toBe(false)
  reply.role = 'admin'
  await vi.advanceTimersByTimeAsync(1_500)
  reply.role = 'write'
  await vi.advanceTimersByTimeAsync(1_500)
  expect(refused).toEqual([])
  reply.role = 'comment'
  await vi.advanceTimersByTimeAsync(1_500)
  expect(refused).toEqual(['read-only'])
})

it('[ACC32] takes a new token during an outage, but gives it no more than it grants', async () => {
  const reply: { role: Reply; ttl: number } = { role: 'write', ttl: 1 }
  const { standing, connection } = await stand(reply)
  reply.role = 'away'
  await vi.advanceTimersByTimeAsync(1_500)
  const admin = person({ '*:*': 'admin' })
  await standing.decideAgain(admin)
  expect(standing.identity).toBe(admin)
  expect(connection.readOnly).toBe(false)
  await expect(standing.decideAgain(person({ 'doc:*': 'read' }))).rejects.toMatchObject({ code: 'read-only' })
  await expect(standing.decideAgain(person({ 'note:*': 'admin' }))).rejects.toMatchObject({
    code: 'forbidden',
  })
})

it('[ACC33] is decided again before the next message once the authorizer was told to forget', async () => {
  const reply: { role: Reply; ttl: number } = { role: 'write', ttl: 3600 }
  const { authorizer, standing } = await stand(reply)
  expect(standing.current).toBe(true)
  authorizer.forget({ user: 'ada' })
  expect(standing.current).toBe(false)
  await standing.decideAgain()
  expect(standing.current).toBe(true)
  reply.role = null
  authorizer.forget({ user: 'ada' })
  await expect(standing.decideAgain()).rejects.toMatchObject({ code: 'forbidden' })
})

it('[CHAT3] decides again at once where somebody was removed between the decision and the moment from which it stands', async () => {
  const reply: { role: Reply; ttl: number } = { role: 'read', ttl: Number.POSITIVE_INFINITY }
  const { refused } = await stand(reply, person(), (authorizer) => {
    reply.role = null
    authorizer.changed({ user: 'ada', room: 'doc:a' })
  })
  await vi.advanceTimersByTimeAsync(1)
  expect(refused).toEqual(['forbidden'])
})

it('[ACC33] a question that was under way does not undo a newer token', async () => {
  const reply: { role: Reply; ttl: number } = { role: 'write', ttl: 0 }
  const { standing } = await stand(reply, person({ '*:*': 'write' }))
  const newer = person({ '*:*': 'admin' })
  await Promise.all([standing.decideAgain(), standing.decideAgain(newer)])
  expect(standing.identity).toBe(newer)
})

it('[ACC24] asks for the token again where the keys of the new one could not be had', async () => {
  const { standing, tokensAskedFor, close } = await stand({ role: 'write', ttl: 3600 })
  standing.askForToken()
  standing.askForToken()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(tokensAskedFor).toHaveLength(1)
  standing.askForToken()
  close()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(tokensAskedFor).toHaveLength(1)
})
