import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../../tools/free-port.ts'
import { RedisProcess } from '../../tools/redis/process.ts'
import { binary, describeWithOwnRedis, startOwnRedis } from '../support/redis.ts'

describeWithOwnRedis('a Redis for tests', () => {
  let redis: RedisProcess
  beforeAll(async () => {
    redis = await startOwnRedis()
  })
  afterAll(() => redis.dispose())

  it('answers, dies, and comes back empty at the same address', async () => {
    expect(await ask(redis.url, 'SET key 1')).toBe('+OK')
    await redis.kill9()
    await expect(ask(redis.url, 'PING')).rejects.toThrow('ECONNREFUSED')
    await redis.restart()
    expect(await ask(redis.url, 'GET key')).toBe('$-1')
  })

  it('takes connections and is silent while it is halted, for as long as another takes to start and answer', async () => {
    redis.pause()
    const order: string[] = []
    const answered = ask(redis.url, 'PING').then((answer) => order.push(answer))
    const other = await startOwnRedis()
    order.push(`other ${await ask(other.url, 'PING')}`)
    await other.dispose()
    redis.resume()
    await answered
    expect(order).toEqual(['other +PONG', '+PONG'])
  })

  it('takes another port where its own is taken, and gives up where all are', async () => {
    const free = await freePort()
    const ports = [redis.port, free]
    const other = await RedisProcess.start(binary, [], async () => ports.shift() ?? redis.port)
    expect([other.port, await ask(other.url, 'PING')]).toEqual([free, '+PONG'])
    await other.dispose()
    await expect(RedisProcess.start(binary, [], async () => redis.port)).rejects.toThrow('already in use')
  })

  it('ends the others where one of several does not start', async () => {
    const other = startOwnRedis()
    const { url } = await other
    const starts = [other, startOwnRedis('--no-such-setting', 'yes')]
    await expect(RedisProcess.startAll(starts)).rejects.toThrow('Redis ended with 1')
    await expect(ask(url, 'PING')).rejects.toThrow('ECONNREFUSED')
  })
})

it('says why there is no Redis where none can be found', async () => {
  await expect(RedisProcess.start({ kind: 'absent', reason: 'no network' })).rejects.toThrow('no network')
})

/** The first line of the answer. */
async function ask(url: string, command: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  try {
    socket.write(`${command}\r\n`)
    const [answer] = await once(socket, 'data')
    return String(answer).trim()
  } finally {
    socket.destroy()
  }
}
