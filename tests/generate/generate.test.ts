import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { generateChannel } from '../../server/commands/generate.ts'
import { TARGETS } from '../../server/generate/mount.ts'
import type { RoomEvent } from '../../server/protocol.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, until } from '../support/server.ts'
import { SECRET } from '../support/tokens.ts'
import { Application, type Ran } from './application.ts'
import { PAGE, PROGRAMS } from './programs.ts'

let application: Application
let channel: Ran
let compiled: Ran
// Everything is written first, and compiled once: a compiler takes seconds to start.
beforeAll(async () => {
  application = await Application.create()
  channel = await application.generate('channel', 'purchase-order', '--events', 'placed, line.added')
  await application.generate('channel', 'order', '--events', 'placed', '--target', 'express')
  for (const target of ['nest', 'hono']) await application.generate('server', '--target', target)
  await application.write('page.tsx', PAGE)
  for (const target of TARGETS) await application.write(`main.${target}.ts`, PROGRAMS[target].source)
  compiled = await application.compile()
}, 240_000)
afterAll(() => application.dispose())

const textOf = (path: string): Promise<string> => readFile(join(application.folder, path), 'utf8')
const filesOf = async (folder: string): Promise<readonly string[]> =>
  (await readdir(join(application.folder, folder))).sort()

describe('generate channel', { timeout: 90_000 }, () => {
  const test = (env?: Record<string, string>): Promise<Ran> =>
    application.node(['--test', '--test-reporter=tap', 'channels/purchase-order.test.ts'], env)

  it('[CLI10] writes schemas, a hook and a test, which compile where they are used with their types', async () => {
    expect(channel).toMatchObject({
      code: 0,
      output: expect.stringContaining('wrote channels/purchase-order.ts'),
    })
    expect(await filesOf('channels')).toEqual([
      'order.test.ts',
      'order.ts',
      'purchase-order.test.ts',
      'purchase-order.ts',
      'useOrder.ts',
      'usePurchaseOrder.ts',
    ])
    expect(compiled).toEqual({ code: 0, output: '' })
  })

  it('[CLI10] its test passes by itself, and against a server that runs with its configuration', async () => {
    const alone = await test()
    expect(alone.output).toContain('# fail 0')
    expect(alone.output).toContain('# skipped 1')
    expect(alone.code).toBe(0)
    const server = await startServer({
      env: { SYNCLINE_CONFIG: join(application.folder, 'syncline.config.ts') },
    })
    try {
      const there = await test({ SYNCLINE_URL: server.url })
      expect(there.output).toContain('# pass 6')
      expect(there.code).toBe(0)
    } finally {
      await server.dispose()
    }
  })

  it('[CLI10] its test fails where a schema takes what it should not, and the server does not know the channel', async () => {
    const schemas = await textOf('channels/purchase-order.ts')
    const config = await textOf('syncline.config.ts')
    await application.write('channels/purchase-order.ts', schemas.replace('strictObject', 'looseObject'))
    await application.write('syncline.config.ts', config.replace('    purchaseOrderChannel,\n', ''))
    const { code, output } = await test()
    await application.write('channels/purchase-order.ts', schemas)
    await application.write('syncline.config.ts', config)
    expect(output).toContain('# fail 2')
    expect(code).not.toBe(0)
  })

  it('[CLI11] overwrites nothing, and writes nothing at all where it would have to', async () => {
    await application.write('channels/useBasket.ts', '// mine')
    const before = [await filesOf('.'), await filesOf('channels')]
    const refused = await application.generate('channel', 'basket', '--events', 'put')
    expect(refused.output).toContain(
      'nothing was written, because this is there already: channels/useBasket.ts',
    )
    expect(refused.code).toBe(1)
    expect(await textOf('channels/useBasket.ts')).toBe('// mine')
    expect([await filesOf('.'), await filesOf('channels')]).toEqual(before)
  })

  it.each([
    ['Order', ['a'], 'is no name of a channel'],
    ['../order', ['a'], 'is no name of a channel'],
    ['shelf', ['a', 'B'], '"B" is no event'],
    ['shelf', ['a', ''], '"" is no event'],
    ['shelf', ["a'); throw ('"], 'is no event'],
    ['shelf', ['a', 'a'], 'the event a is named twice'],
    ['build', ['signed', 'log'], 'build.log is built in'],
  ])('[CLI11] refuses %s with %j', async (name, events, why) => {
    const dir = join(application.folder, 'nothing')
    await expect(generateChannel(name, { events, dir }, () => undefined)).rejects.toThrow(why)
    expect(await filesOf('.')).not.toContain('nothing')
  })

  it('[CLI11] refuses what misses its events, and a framework that it does not know', async () => {
    const without = await application.generate('channel', 'shelf')
    expect(without).toMatchObject({ code: 1, output: expect.stringContaining('--events <names>') })
    const koa = await application.generate('server', '--target', 'koa')
    expect(koa).toMatchObject({ code: 1, output: expect.stringContaining('nest, express, hono') })
  })

  it('[CLI12] names a further channel in the configuration that it wrote, and leaves an edited one as it is', async () => {
    const config = await textOf('syncline.config.ts')
    expect(config).toMatch(/kinds: \[\n {4}purchaseOrderChannel,\n {4}orderChannel,\n {2}\]/)
    const edited = `${config}// ours\n`
    await application.write('syncline.config.ts', edited)
    const said: string[] = []
    const options = { events: ['filled'], dir: application.folder }
    await generateChannel('shelf', options, (line) => said.push(line))
    expect(said.join('\n')).toContain("import { shelfChannel } from './channels/shelf.ts'")
    expect(await textOf('syncline.config.ts')).toBe(edited)
    expect(await filesOf('channels')).toContain('shelf.ts')
  })
})

describe.each(TARGETS)('generate --target %s', { timeout: 90_000 }, (target) => {
  let database: FreshDatabase
  beforeEach(async () => {
    database = await freshDatabase()
    return () => database.drop()
  })

  it('[CLI13] compiles, and the server has the application’s routes and Syncline’s', async () => {
    expect(compiled).toEqual({ code: 0, output: '' })
    // Node strips types, and decorators are none: Nest runs as the compiler made it.
    const [written, program] =
      target === 'nest'
        ? ['out/syncline.nest.js', 'out/main.nest.js']
        : [`syncline.${target}.ts`, `main.${target}.ts`]
    const text = await textOf(written)
    expect(text).toContain('return undefined')
    await application.write(written, text.replace('return undefined', PROGRAMS[target].signedIn))
    const url = await application.start(program, { JWT_SECRET: SECRET, DATABASE_URL: database.storage.url })

    expect(await (await fetch(`${url}/orders`)).json()).toEqual({ own: true })
    for (const path of ['/health/live', '/assets/x', '/api/v2'])
      expect((await fetch(`${url}${path}`)).status).toBe(404)
    expect(await (await fetch(`${url}/api/v1/info`)).json()).toMatchObject({ development: false })

    const ask = (headers: Record<string, string>) =>
      fetch(`${url}/syncline/token`, { method: 'POST', headers })
    expect((await ask({})).status).toBe(401)
    const answer = await ask({ 'x-user': 'ada' })
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const { token } = (await answer.json()) as { token: string }

    const replica = connectProvider({ wsUrl: `${url.replace('http', 'ws')}/sync`, room: 'order:1', token })
    await replica.synced()
    const told = (type: string) =>
      replica.stateless.map((sent) => JSON.parse(sent)).filter((envelope) => envelope.type === type)
    replica.provider.sendStateless(JSON.stringify({ type: 'resume', after: null }))
    await until(() => told('resumed').length === 1)
    const draft = { type: 'order.placed', id: 'one', payload: { note: 'two cakes' } }
    replica.provider.sendStateless(JSON.stringify({ type: 'publish', events: [draft] }))
    await until(() => told('event').length === 1)
    const [event]: RoomEvent[] = told('event')[0].events
    expect(event).toMatchObject({ seq: 1, actor: 'ada', ...draft })
    replica.edits.push(['a word'])
    await replica.saved()
    const headers = { authorization: `Bearer ${token}` }
    expect(await (await fetch(`${url}/api/v1/rooms/order:1/events`, { headers })).json()).toEqual({
      events: [event],
      head: 2,
    })
    replica.destroy()
    expect(await application.stop()).toBe(0)
  })
})
