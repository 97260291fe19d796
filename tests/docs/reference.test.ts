import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { ENVIRONMENT_DEFAULTS, ENVIRONMENT_KEYS } from '../../server/config.ts'
import { type Grants, ROLES } from '../../server/protocol.ts'
import { markdownOf, type OpenApi, type Operation } from '../../tools/api/markdown.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { readPages } from './blocks.ts'
import { anchorsOf, linksOf } from './links.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const pages = await readPages()
const pageOf = (name: string): string => pages.find(({ page }) => page === name)?.markdown ?? ''

let server: TestServer
let api: OpenApi
beforeAll(async () => {
  // For the example of a webhook: where nobody is.
  server = await startServer({ env: { WEBHOOK_ALLOWED_NETWORKS: '127.0.0.1' } })
  api = (await (await fetch(`${server.url}/api/v1/openapi.json`)).json()) as OpenApi
})
afterAll(() => server?.dispose())

const operations = (): readonly (readonly [name: string, path: string, method: string, Operation])[] =>
  Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) => [`${method.toUpperCase()} ${path}`, path, method, operation] as const,
    ),
  )

/** The keys of the tables of settings, with the cells of their defaults. */
const settingsIn = (markdown: string): ReadonlyMap<string, string> => {
  const section = markdown.split(/^## /m).find((part) => part.startsWith('Settings')) ?? ''
  return new Map(
    [...section.matchAll(/^\| `([A-Z0-9_]+)` *\| ([^|]*?) *\|/gm)].map(([, key = '', value = '']) => [
      key,
      value,
    ]),
  )
}

/** A default as a person reads it; words of their own where there is no single one. */
function isDefault(cell: string, value: unknown): boolean {
  // Lists and records are told in words.
  if (value === undefined || typeof value === 'object') return cell !== '' && !cell.startsWith('`')
  const MIB = 1024 * 1024
  const bytes = typeof value === 'number' && value >= MIB ? `\`${value / MIB} MiB\`` : undefined
  return cell === (bytes ?? `\`${String(value)}\``)
}

it('[GUIDE6] OPERATIONS.md has each setting that is read, with its default, and no other', () => {
  const settings = settingsIn(pageOf('docs/OPERATIONS.md'))
  expect([...settings.keys()].sort()).toEqual([...ENVIRONMENT_KEYS].sort())
  const wrong = [...settings].filter(([key, cell]) => !isDefault(cell, ENVIRONMENT_DEFAULTS[key]))
  expect(wrong).toEqual([])
})

it('[GUIDE6] has a control: another default is seen', () => {
  expect(isDefault('`64 MiB`', 64 * 1024 * 1024)).toBe(true)
  expect(isDefault('`32 MiB`', 64 * 1024 * 1024)).toBe(false)
  expect(isDefault('none', '127.0.0.1')).toBe(false)
  expect(isDefault('`off`', undefined)).toBe(false)
})

const alertsIn = (section: string): readonly string[] =>
  [...section.matchAll(/^\| `(Syncline\w+)`/gm)].map(([, alert = '']) => alert)

it('[GUIDE6] OPERATIONS.md says of each alert what to do', async () => {
  const rules: { groups: { rules: { alert: string }[] }[] } = parse(
    await readFile(join(ROOT, 'docker/prometheus/alerts.yaml'), 'utf8'),
  )
  const alerts = rules.groups.flatMap((group) => group.rules.map(({ alert }) => alert))
  expect(alertsIn(pageOf('docs/OPERATIONS.md'))).toEqual(alerts)
})

it('[GUIDE7] API.md is what the server says of itself', () => {
  expect(pageOf('docs/API.md')).toBe(markdownOf(api))
})

it('[GUIDE7] each route says what it is for, what it is about, and what each parameter means', () => {
  const thin = operations().flatMap(([name, , , { summary = '', tags = [], parameters = [] }]) => [
    ...(/^\p{Lu}.*[^.]$/su.test(summary) && tags.length === 1 ? [] : [name]),
    ...parameters
      .filter((one) => (one.description ?? one.schema?.description ?? '') === '')
      .map((parameter) => `${name}: ${parameter.name}`),
  ])
  expect(thin).toEqual([])
})

/** A room in which a route may need a role: the one that its address names, or everywhere. */
function patternOf(path: string, everywhere: string | undefined): string {
  if (everywhere !== undefined) return everywhere
  if (path.includes('/users/')) return 'user:*'
  if (path.includes('{project}')) return 'project:*'
  return /\/(metrics|alerts)\b/.test(path) ? 'analytics:*' : 'doc:*'
}

it('[GUIDE7] the role that a route names is the one that it asks for', async () => {
  const ask = async (path: string, method: string, grants: Grants) => {
    const room = /\/(metrics|alerts)\b/.test(path) ? 'analytics:roles' : 'doc:roles'
    const address = path
      .replace('{room}', room)
      .replace('/users/{id}', '/users/bob')
      .replace(/\{(id|delivery)\}/g, '00000000-0000-4000-8000-000000000000')
      .replace(/\{\w+\}/g, 'one')
    const answer = await fetch(`${server.url}${address}`, {
      method: method.toUpperCase(),
      headers: { authorization: `Bearer ${await server.token('ada', grants)}` },
    })
    await answer.body?.cancel()
    return answer.status
  }
  const untrue: string[] = []
  const checked: string[] = []
  for (const [name, path, method, { security = [], requestBody }] of operations()) {
    // What has a body is asked for it before anybody looks who asks.
    if (security.length === 0 || requestBody !== undefined) continue
    const [said] = security.flatMap((requirement) => Object.values(requirement).flat())
    const [role, everywhere] = said?.split(' in ') ?? []
    const needed = ROLES.find((known) => known === role)
    const pattern = patternOf(path, everywhere)
    const weaker = needed && ROLES[ROLES.indexOf(needed) - 1]
    const below = await ask(path, method, weaker === undefined ? {} : { [pattern]: weaker })
    if (below === 400) continue // It has a parameter that is needed.
    const at = needed === undefined ? below : await ask(path, method, { [pattern]: needed })
    if ((needed !== undefined && below !== 403) || at === 403 || at === 401)
      untrue.push(`${name} (${said ?? 'any token'}): ${below}, ${at}`)
    checked.push(name)
  }
  expect(untrue).toEqual([])
  expect(checked.length).toBeGreaterThan(30)
})

const DOC = { room: 'doc:examples' }
/** Each request with a body, in an order in which each finds what it is about, with what is named in its address. */
const REQUESTS: readonly (readonly [request: string, named?: Readonly<Record<string, string>>])[] = [
  ['POST /api/v1/dev/token'],
  ['PUT /api/v1/rooms/{room}/content?format=markdown', DOC],
  ['PATCH /api/v1/rooms/{room}/content', DOC],
  ['POST /api/v1/rooms/{room}/content?format=markdown', DOC],
  ['POST /api/v1/rooms/{room}/versions', DOC],
  ['PATCH /api/v1/rooms/{room}/versions/{id}', DOC],
  ['POST /api/v1/rooms/{room}/restore', DOC],
  ['PUT /api/v1/rooms/{room}/read', DOC],
  ['POST /api/v1/rooms/{room}/events', { room: 'build:412' }],
  ['POST /api/v1/users/{id}/notifications', { id: 'ada' }],
  ['POST /api/v1/chats'],
  ['PUT /api/v1/chats/blocked/{user}', { user: 'mallory' }],
  ['POST /api/v1/rooms/{room}/metrics', { room: 'analytics:shop' }],
  ['PUT /api/v1/rooms/{room}/alerts/{alert}', { room: 'analytics:shop', alert: 'no sales' }],
  ['POST /api/v1/webhooks'],
  ['PATCH /api/v1/webhooks/{id}'],
  ['POST /api/v1/access/revoke'],
]

it('[GUIDE10] each request that has a body has an example, which a server takes', async () => {
  const bodies = new Map(operations().map(([name, , , { requestBody }]) => [name, requestBody]))
  const withBody = [...bodies].flatMap(([name, body]) => (body === undefined ? [] : [name]))
  const nameOf = (request: string) => request.split('?')[0] ?? ''
  expect(REQUESTS.map(([request]) => nameOf(request)).sort()).toEqual(withBody.sort())

  const authorization = `Bearer ${await server.token('root', { '*:*': 'admin' })}`
  // What was made last is what is changed next.
  let made: Readonly<Record<string, string>> = {}
  const send = async ([request, named = {}]: (typeof REQUESTS)[number], body: string) => {
    const [method = '', path = ''] = request.split(' ')
    const address = path.replace(/\{(\w+)\}/g, (_, key: string) =>
      encodeURIComponent({ ...made, ...named }[key] ?? `no ${key}`),
    )
    const headers = { authorization, 'content-type': 'application/json' }
    const answer = await fetch(`${server.url}${address}`, { method, headers, body })
    const said = await answer.text()
    if (answer.status === 201) made = { id: JSON.parse(said).id }
    return [request, answer.status, answer.ok ? '' : said] as const
  }
  const refused: unknown[] = []
  for (const one of REQUESTS) {
    const [{ example } = { example: undefined }] = Object.values(bodies.get(nameOf(one[0]))?.content ?? {})
    const body = typeof example === 'string' ? example : JSON.stringify(example)
    const [request, status, said] = await send(one, body.replace('//app.example/hooks', '//127.0.0.1:9'))
    if (status >= 300) refused.push([request, status, said])
    // The control: what the example does not say is asked for.
    const spoiled = typeof example === 'string' ? undefined : await send(one, '{"spoiled": true}')
    if (spoiled !== undefined && spoiled[1] !== 400) refused.push(spoiled)
  }
  expect(refused).toEqual([])
})

it('[GUIDE8] each link between the pages leads to what there is', async () => {
  const broken = await Promise.all(
    pages.flatMap(linksOf).map(async ({ page, written, path, anchor }) => {
      if (!existsSync(join(ROOT, path))) return [`${page}: ${written}`]
      if (anchor === undefined) return []
      const anchors = anchorsOf(await readFile(join(ROOT, path), 'utf8'))
      return anchors.has(anchor) ? [] : [`${page}: ${written}`]
    }),
  )
  expect(broken.flat()).toEqual([])
})

it('[GUIDE8] has a control: a file that is none, and a heading that is none', () => {
  const page = { page: 'docs/a.md', markdown: '# One two\n\n[b](../b.md) [c](#one-two) [d](#three)\n' }
  const links = linksOf(page)
  expect(links.map(({ path, anchor }) => [path, anchor])).toEqual([
    ['b.md', undefined],
    ['docs/a.md', 'one-two'],
    ['docs/a.md', 'three'],
  ])
  expect([...anchorsOf(page.markdown)]).toEqual(['one-two'])
})
