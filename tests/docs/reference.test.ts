import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ENVIRONMENT_DEFAULTS, ENVIRONMENT_KEYS } from '../../server/config.ts'
import { ROLES, type Role } from '../../server/protocol.ts'
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
  server = await startServer()
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
  const nothing = value === undefined || (typeof value === 'object' && Object.keys(value ?? {}).length === 0)
  if (nothing) return cell !== '' && !cell.startsWith('`')
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

it('[GUIDE7] the role that a route names is the one that it asks for', async () => {
  const room = 'doc:roles'
  const weaker = (role: Role): Role | undefined => ROLES[ROLES.indexOf(role) - 1]
  const ask = async (path: string, method: string, role: Role | undefined, pattern: string) => {
    const token = await server.token('ada', role === undefined ? {} : { [pattern]: role })
    const address = path
      .replace('{room}', room)
      .replace('{project}', 'one')
      .replace(
        '{id}',
        path.includes('/users/') ? 'bob' : '0'.repeat(8).concat('-0000'.repeat(3), '-000000000000'),
      )
    const answer = await fetch(`${server.url}${address}`, {
      method: method.toUpperCase(),
      headers: { authorization: `Bearer ${token}` },
    })
    await answer.body?.cancel()
    return answer.status
  }
  const untrue: string[] = []
  const checked: string[] = []
  for (const [name, path, method, { security = [], requestBody }] of operations()) {
    const [said] = security.flatMap((requirement) => Object.values(requirement).flat())
    const [role, everywhere] = said?.split(' in ') ?? []
    // What has no body is asked for it before anybody looks who asks.
    if (!ROLES.some((known) => known === role) || requestBody !== undefined) continue
    const pattern =
      everywhere ?? (path.includes('/users/') ? 'user:*' : path.includes('{project}') ? 'project:*' : 'doc:*')
    const needed = role as Role
    const [below, at] = await Promise.all([
      ask(path, method, weaker(needed), pattern),
      ask(path, method, needed, pattern),
    ])
    if (below === 400) continue // It has a parameter that is needed.
    if (below !== 403 || at === 403 || at === 401) untrue.push(`${name} (${said}): ${below}, ${at}`)
    checked.push(name)
  }
  expect(untrue).toEqual([])
  expect(checked.length).toBeGreaterThan(15)
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
