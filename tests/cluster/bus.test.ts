import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import { Redis } from 'ioredis'
import pino from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { RedisBus } from '../../server/cluster/redis-bus.ts'
import { Seal } from '../../server/cluster/seal.ts'
import { redisAddress } from '../../server/config/redis.ts'
import { freePort } from '../../tools/free-port.ts'
import { findRedis } from '../../tools/redis/binary.ts'
import type { RedisProcess } from '../../tools/redis/process.ts'
import { CERTIFICATE, KEY } from '../support/loopback-certificate.ts'
import { describeWithOwnRedis, startOwnRedis } from '../support/redis.ts'
import { until } from '../support/server.ts'

const logger = pino({ level: 'silent' })

it.each([
  ['redis://localhost', { kind: 'single', host: 'localhost', port: 6379, db: 0, tls: false }],
  ['rediss://ada:p%40ss@[::1]:7000/3', { host: '::1', port: 7000, db: 3, tls: true, password: 'p@ss' }],
  [
    'redis+cluster://:word@a:1,b',
    { kind: 'cluster', password: 'word', hosts: [{ port: 1 }, { port: 6379 }] },
  ],
  [
    'redis+sentinel://a,b:9/main/2',
    { kind: 'sentinel', master: 'main', db: 2, hosts: [{ port: 26379 }, { port: 9 }] },
  ],
])('[CLU7] %s is an address of Redis', (address, config) => {
  expect(redisAddress.parse(address)).toMatchObject(config)
})

it.each(['localhost', 'http://a', 'redis://', 'redis://a,b', 'redis+cluster://a/1', 'redis+sentinel://a'])(
  '[CLU7] %s is none',
  (address) => {
    expect(redisAddress.safeParse(address).success).toBe(false)
  },
)

describeWithOwnRedis('a bus', () => {
  async function start(...settings: string[]): Promise<RedisProcess> {
    const redis = await startOwnRedis(...settings)
    onTestFinished(() => redis.dispose())
    return redis
  }

  /** Two nodes that have heard of each other. */
  async function join2(address: string): Promise<readonly [RedisBus, RedisBus]> {
    const seal = new Seal(new Uint8Array(32).fill(7))
    const config = redisAddress.parse(address)
    const [one, other] = [new RedisBus(config, seal, logger), new RedisBus(config, seal, logger)]
    for (const bus of [one, other]) onTestFinished(() => bus.stop())
    await until(() => one.connected && other.connected)
    return [one, other]
  }

  async function speak(one: RedisBus, other: RedisBus): Promise<void> {
    const heard: string[] = []
    const stops = [one, other].map((bus) =>
      bus.subscribe('talk', (from, body) => heard.push(`${from} ${Buffer.from(body)}`)),
    )
    await until(() => {
      one.publish('talk', Buffer.from('hello'))
      return heard.includes(`${one.node} hello`)
    })
    other.publish('talk', Buffer.from('hello back'))
    await until(() => heard.includes(`${other.node} hello back`))
    for (const stop of stops) stop()
  }

  it('[CLU7] goes over one Redis', async () => {
    const { url } = await start()
    await speak(...(await join2(url)))
  })

  it('[CLU7] goes over TLS to whom the system trusts, and says nothing to anybody else', async () => {
    const { url } = await start()
    const socket = (plain: TLSSocket) => {
      const redis = connect(Number(new URL(url).port), '127.0.0.1')
      plain.pipe(redis).pipe(plain)
      for (const end of [plain, redis]) end.on('error', () => [plain, redis].map((one) => one.destroy()))
    }
    const tls = createServer({ key: KEY, cert: CERTIFICATE }, socket).listen(0, '127.0.0.1')
    onTestFinished(() => void tls.close())
    await once(tls, 'listening')
    let refused = 0
    tls.on('tlsClientError', () => {
      refused += 1
    })
    const address = `rediss://localhost:${(tls.address() as AddressInfo).port}`
    const distrusted = new RedisBus(redisAddress.parse(address), new Seal(new Uint8Array(32)), logger)
    await until(() => refused > 1)
    expect(distrusted.connected).toBe(false)
    await distrusted.stop()
    const trusted = getCACertificates('default')
    setDefaultCACertificates([...trusted, CERTIFICATE])
    onTestFinished(() => setDefaultCACertificates(trusted))
    await speak(...(await join2(address)))
  })

  it('[CLU7] goes over a Redis Cluster', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'syncline-redis-'))
    const settings = ['--cluster-enabled', 'yes', '--cluster-config-file', join(folder, 'nodes.conf')]
    // Alone it has met nobody who could tell it its address.
    const { port } = await start(...settings, '--cluster-announce-ip', '127.0.0.1')
    onTestFinished(() => rm(folder, { recursive: true }))
    const client = new Redis(port)
    onTestFinished(() => client.disconnect())
    await client.call('cluster', 'addslotsrange', '0', '16383')
    await until(async () => String(await client.call('cluster', 'info')).includes('cluster_state:ok'))
    await speak(...(await join2(`redis+cluster://127.0.0.1:${port}`)))
  })

  it('[CLU7] goes over the Redis that sentinels name', async () => {
    const binary = await findRedis()
    if (binary.kind === 'absent') throw new Error(binary.reason)
    const { port } = new URL((await start()).url)
    const folder = await mkdtemp(join(tmpdir(), 'syncline-sentinel-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'sentinel.conf')
    const own = await freePort()
    await writeFile(
      file,
      `port ${own}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor main 127.0.0.1 ${port} 1\n`,
    )
    const sentinel = spawn(binary.command, [file, '--sentinel'], { env: binary.env, stdio: 'ignore' })
    onTestFinished(async () => {
      const ended = once(sentinel, 'exit')
      sentinel.kill('SIGKILL')
      await ended
    })
    await speak(...(await join2(`redis+sentinel://127.0.0.1:${own}/main`)))
  })

  it('[CLU5] what passes through Redis cannot be read there, and counts once however often it is sent', async () => {
    const { url } = await start()
    const [one, other] = await join2(url)
    const spy = new Redis(url)
    const sender = new Redis(url)
    onTestFinished(() => [spy, sender].forEach((client) => void client.disconnect()))
    const seen: [string, Buffer][] = []
    spy.on('pmessageBuffer', (_, channel: Buffer, message: Buffer) => seen.push([String(channel), message]))
    await spy.psubscribe('*')
    const heard: string[] = []
    const listen = () => other.subscribe('talk', (_from, body) => heard.push(String(Buffer.from(body))))
    const stop = listen()
    await until(() => seen.some(([channel]) => channel.endsWith(':talk'))) // the greeting of who has subscribed
    for (let said = 1; said <= 3; said += 1) {
      one.publish('talk', Buffer.from('a secret'))
      await until(() => heard.length === said)
    }
    const recorded = seen.filter(([channel]) => channel.endsWith(':talk'))
    expect(recorded).toHaveLength(4)
    expect(Buffer.concat(seen.map(([, message]) => message)).includes('secret')).toBe(false)
    for (const [channel, message] of recorded) await sender.publish(channel, message)
    one.publish('talk', Buffer.from('the last'))
    await until(() => heard.includes('the last'))
    expect(heard).toHaveLength(4)
    // Nor does it count for who listens anew.
    stop()
    onTestFinished(listen())
    await until(() => one.isHeard('talk'))
    for (const [channel, message] of recorded) await sender.publish(channel, message)
    one.publish('talk', Buffer.from('goodbye'))
    await until(() => heard.includes('goodbye'))
    expect(heard).toHaveLength(5)
  })

  it('[CLU8] says nothing where nobody else listens, and is heard at once by who comes', async () => {
    const { url } = await start()
    const [one, other] = await join2(url)
    const heard: string[] = []
    onTestFinished(one.subscribe('talk', () => undefined))
    await until(() => {
      one.publish('talk', Buffer.from('to nobody'))
      return !one.isHeard('talk')
    })
    onTestFinished(other.subscribe('talk', (_from, body) => heard.push(String(Buffer.from(body)))))
    await until(() => one.isHeard('talk'))
    one.publish('talk', Buffer.from('to you'))
    await until(() => heard.includes('to you'))
    expect(heard).not.toContain('to nobody')
  })

  it('[CLU8] hears nothing over a connection that it has given up, however soon Redis goes on', async () => {
    const redis = await start()
    const [one, other] = await join2(redis.url)
    await speak(one, other)
    let back = 0
    one.onConnected(() => (back += 1))
    const given = Promise.withResolvers<void>()
    one.onGone(() => {
      redis.resume()
      // What Redis says now is there before anything else is done here.
      const answered = performance.now() + 50
      while (performance.now() < answered);
      given.resolve()
    })
    redis.pause()
    await given.promise
    await until(() => one.connected)
    await speak(one, other)
    expect(back).toBe(1)
  })

  it('[CLU8] knows within seconds that Redis stands still, or is gone, and who has left', async () => {
    const redis = await start()
    const [one, other] = await join2(redis.url)
    await speak(one, other)
    const gone: string[] = []
    one.onGone((node) => gone.push(node))
    let back = 0
    one.onConnected(() => (back += 1))
    redis.pause()
    await until(() => !one.connected && !other.connected)
    expect(gone).toEqual([other.node])
    redis.resume()
    await until(() => one.connected && other.connected)
    await speak(one, other)
    // Not once more over the connection that was given up, which Redis then ends.
    expect([back, gone]).toEqual([1, [other.node]])
    await redis.kill9()
    await until(() => !one.connected && !other.connected)
    await redis.restart()
    await until(() => one.connected && other.connected)
    await speak(one, other)
    expect([back, gone]).toEqual([2, [other.node, other.node]])
    await other.stop()
    await until(() => gone.length === 3)
  }, 60_000)
})
