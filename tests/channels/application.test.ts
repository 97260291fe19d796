import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { withApplicationKinds } from '../../server/channels/application.ts'
import { defineKind, event } from '../../server/channels/kind.ts'
import { BUILT_IN } from '../../server/channels/kinds/built-in.ts'
import { Registry } from '../../server/channels/registry.ts'
import { ConfigError, readConfig } from '../../server/config.ts'
import { startServer } from '../support/server.ts'

const SERVER = new URL('../../server/', import.meta.url)
/** What a file begins with that an application would import from `syncline`. */
const IMPORTS = [
  `import { z } from '${import.meta.resolve('zod')}'`,
  `import { defineKind, event } from '${new URL('channels/kind.ts', SERVER).href}'`,
  `import { defineConfig } from '${new URL('channels/application.ts', SERVER).href}'`,
].join('\n')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncline-config-'))
})
afterAll(() => rm(folder, { recursive: true }))

let written = 0
async function fileOf(source: string): Promise<string> {
  const path = join(folder, `config-${written++}.ts`)
  await writeFile(path, source)
  return path
}

const configOf = (kinds: string): Promise<string> =>
  fileOf(`${IMPORTS}\nexport default defineConfig({ kinds: ${kinds} })\n`)

async function problemsOf(path: string): Promise<readonly string[]> {
  const error = await withApplicationKinds(BUILT_IN, path).catch((thrown: unknown) => thrown)
  if (error instanceof ConfigError) return error.problems.map((problem) => problem.replace(path, 'FILE'))
  throw new Error(`no ConfigError: ${error}`)
}

it('[EVT90] takes the kinds of an application beside those that are built in', async () => {
  const path = await configOf(
    "[defineKind('order', { placed: event(z.strictObject({ total: z.number() })) }, { keepDays: 30 })]",
  )
  const kinds = await withApplicationKinds(BUILT_IN, path)
  expect(kinds.map(({ name }) => name)).toEqual([...BUILT_IN.map(({ name }) => name), 'order'])
  expect(kinds.at(-1)).toMatchObject({ keepDays: 30, events: { placed: { publish: 'write', read: 'read' } } })
  expect(await withApplicationKinds(BUILT_IN, undefined)).toBe(BUILT_IN)
})

it('[EVT91] a kind that is built in may be given more events, and keeps those that it has', async () => {
  const path = await configOf(
    "[defineKind('build', { signed: event(z.strictObject({})) }), { ...defineKind('analytics', {}) }]",
  )
  const kinds = new Map((await withApplicationKinds(BUILT_IN, path)).map((kind) => [kind.name, kind]))
  expect(Object.keys(kinds.get('build')?.events ?? {})).toEqual([
    ...Object.keys(BUILT_IN[2].events),
    'signed',
  ])
  expect(kinds.get('analytics')?.keepDays).toBe(90)
  expect(
    await problemsOf(await configOf("[defineKind('build', { log: event(z.strictObject({})) })]")),
  ).toEqual(['FILE defines build.log, which is there already'])
})

it('[EVT91] of a kind all events or some may be published everywhere, also of those that one adds to another', async () => {
  const events = '{ noted: event(z.strictObject({})), kept: event(z.strictObject({})) }'
  const path = await configOf(`[
    defineKind('note', ${events}, { everywhere: ['noted'] }),
    defineKind('memo', ${events}, { everywhere: true }),
    defineKind('build', ${events}, { everywhere: ['kept'] }),
  ]`)
  const registry = new Registry(await withApplicationKinds(BUILT_IN, path))
  const mayStand = (type: string) => {
    try {
      registry.accept('doc:a', 'admin', { type, id: '1', payload: {} })
      return true
    } catch {
      return false
    }
  }
  const types = ['note', 'memo', 'build'].flatMap((kind) => [`${kind}.noted`, `${kind}.kept`])
  expect(types.filter(mayStand)).toEqual(['note.noted', 'memo.noted', 'memo.kept', 'build.kept'])
  expect(
    await problemsOf(await configOf(`[{ ...defineKind('note', ${events}), everywhere: ['notes'] }]`)),
  ).toEqual(['FILE says everywhere of note.notes, which it does not define'])
})

it.each([
  ['export const kinds = []', [/^FILE has no default export/]],
  ['export default 7', [/^FILE must be an object such as/]],
  ['export default { kinds: {} }', [/^FILE kinds must be an array of kinds/]],
  ['export default { kinds: [], chat: 1 }', [/^FILE knows no chat/]],
  ["import './not-there.ts'", [/^FILE.* cannot be loaded: Cannot find module/]],
  ['\nthrow new Error("no database\\nat all")', [/^FILE:2 cannot be loaded: no database$/]],
  ['export default {{', [/^FILE.* cannot be loaded: /]],
  [
    "export default { kinds: [{ name: 'a', events: { b: 1 } }] }",
    [/^FILE kinds.0.events.b \(a\) must be made with event/],
  ],
  [
    "export default { kinds: [{ name: 'a', events: { b: { payload: {}, publish: 'write', read: 'read' } } }] }",
    [/^FILE kinds.0.events.b.payload \(a\) must be a schema of zod 4/],
  ],
  [
    `import { z } from '${import.meta.resolve('zod/v3')}'
export default { kinds: [{ name: 'a', events: { b: { payload: z.object({}), publish: 'write', read: 'read' } } }] }`,
    [/^FILE kinds.0.events.b.payload \(a\) must be a schema of zod 4/],
  ],
])('[EVT92] names what is wrong with a file: %s', async (source, problems) => {
  const found = await problemsOf(await fileOf(source))
  expect(found).toEqual(problems.map((problem) => expect.stringMatching(problem)))
})

it('[EVT92] names everything that is wrong with its kinds at once', async () => {
  const path = await configOf(`[
    defineKind('Order', { placed: event(z.strictObject({})) }),
    defineKind('order', { 'Placed!': event(z.strictObject({})), __x: event(z.strictObject({})) }),
    defineKind('basket', { put: event(z.strictObject({}), { publish: 'owner' as never }) }, { keepDays: 0.5 }),
  ]`)
  expect(await problemsOf(path)).toEqual([
    'FILE kinds.0.name (Order) must be a lower-case word such as order',
    'FILE kinds.1.events.Placed! (order) must be a lower-case word such as placed or line.added',
    'FILE kinds.1.events.__x (order) must be a lower-case word such as placed or line.added',
    'FILE kinds.2.events.put.publish (basket) must be one of read, comment, write, admin',
    'FILE kinds.2.keepDays (basket) must be a number of days',
  ])
})

it('[EVT92] a file that is named must be there, and none is needed', () => {
  expect(readConfig({}).configFile).toBeUndefined()
  expect(() => readConfig({ SYNCLINE_CONFIG: join(folder, 'nowhere.ts') })).toThrow(
    /SYNCLINE_CONFIG .*nowhere.ts is not a file/,
  )
})

it('[EVT92] the server prints them and ends with 78', async () => {
  const path = await configOf("[defineKind('ORDER', {})]")
  const child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', SERVER))], {
    env: {
      ...process.env,
      SYNCLINE_CONFIG: path,
      STUDIO: 'off',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/x',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = await once(child, 'exit')
  expect(said).toBe(
    `syncline: Configuration is wrong:\n  ${path} kinds.0.name (ORDER) must be a lower-case word such as order\n`,
  )
  expect(code).toBe(78)
})

it('[EVT90] [EVT93] they are published like the others, and listed with the JSON Schema of each payload', async () => {
  const path = await configOf(
    "[defineKind('order', { placed: event(z.strictObject({ total: z.number().min(0) }), { read: 'comment' }) })]",
  )
  const server = await startServer({ env: { SYNCLINE_CONFIG: path } })
  try {
    const headers = {
      authorization: `Bearer ${await server.token('ada', { 'order:*': 'write' })}`,
      'content-type': 'application/json',
    }
    const publish = async (type: string, payload: unknown) => {
      const body = JSON.stringify({ type, payload })
      const answer = await fetch(`${server.url}/api/v1/rooms/order:1/events`, {
        method: 'POST',
        headers,
        body,
      })
      return { status: answer.status, body: await answer.text() }
    }
    expect(await publish('order.placed', { total: 3 })).toMatchObject({ status: 200 })
    expect(await publish('order.placed', { total: -3 })).toMatchObject({
      status: 400,
      body: expect.stringContaining('order.placed: payload total'),
    })
    expect(await publish('order.paid', {})).toMatchObject({
      status: 400,
      body: expect.stringContaining('event-unknown'),
    })

    expect((await fetch(`${server.url}/api/v1/kinds`)).status).toBe(401)
    const { kinds } = (await (await fetch(`${server.url}/api/v1/kinds`, { headers })).json()) as {
      kinds: unknown[]
    }
    expect(kinds).toHaveLength(BUILT_IN.length + 1)
    expect(kinds.at(-1)).toEqual({
      name: 'order',
      keepDays: null,
      events: [
        {
          type: 'order.placed',
          publish: 'write',
          read: 'comment',
          payload: {
            $schema: 'https://json-schema.org/draft/2020-12/schema',
            type: 'object',
            properties: { total: { type: 'number', minimum: 0 } },
            required: ['total'],
            additionalProperties: false,
          },
        },
      ],
    })
  } finally {
    await server.dispose()
  }
})

it('[EVT93] what JSON Schema has no words for is left out of it, and a default need not be sent', async () => {
  const { describeKind } = await import('../../server/channels/describe.ts')
  const kind = defineKind('a', {
    b: event(z.strictObject({ at: z.date().optional(), stream: z.enum(['out', 'err']).default('out') })),
  })
  expect(describeKind(kind).events[0]?.payload).toMatchObject({ properties: { at: {} } })
  expect(describeKind(kind).events[0]?.payload).not.toHaveProperty('required')
})
