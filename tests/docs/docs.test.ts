import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import * as Y from 'yjs'
import { freePort } from '../../tools/free-port.ts'
import { launchBrowser, type TestBrowser } from '../support/browser.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'
import { type Block, blocksOf, LANGUAGES, PARTS, readPages } from './blocks.ts'
import { type Addresses, Folder } from './folder.ts'
import { buildPage, runProgram, startProgram } from './programs.ts'
import { runShell } from './shell.ts'

const blocks = (await readPages()).flatMap(({ page, markdown }) => blocksOf(page, markdown))
const of = (...languages: readonly string[]) => blocks.filter(({ language }) => languages.includes(language))
/** Of a page, what is typed into a shell: what has a file's name is a file. */
const typed = of('sh').filter(({ file }) => file === undefined)

const METRICS_TOKEN = 'metrics-only-0f1e2d3c4b5a69788796a5b4'

const WRONG: Block = {
  page: 'wrong.md',
  line: 3,
  language: 'ts',
  file: undefined,
  text: 'room.publish(1)\nclient.rooms()\n',
}

/** What a stock Hocuspocus leaves behind. */
function stockFile(path: string): void {
  const sqlite = new DatabaseSync(path)
  sqlite.exec('create table documents (name text primary key, data blob)')
  const notes = new Y.Doc()
  notes.getText('content').insert(0, 'from before')
  sqlite.prepare('insert into documents values (?, ?)').run('notes', Y.encodeStateAsUpdate(notes))
  sqlite.close()
}

/** As a newcomer starts it, and as it runs in production, with a key and rooms that are in use. */
let newcomer: TestServer
let production: TestServer
let browser: TestBrowser
let folder: Folder
let addresses: Addresses
let compiled: Promise<string>

beforeAll(async () => {
  ;[folder, newcomer, production, browser] = await Promise.all([
    Folder.create(),
    startServer(),
    startServer({ env: { JWT_SECRET: SECRET, METRICS_TOKEN } }),
    launchBrowser(),
  ])
  addresses = {
    'http://127.0.0.1:1234': newcomer.url,
    'https://sync.example': production.url,
    'postgres://syncline:password@db.internal/syncline': production.databaseUrl,
  }
  await folder.write(blocks, addresses)
  stockFile(join(folder.of('docs/guides/from-hocuspocus.md'), 'db.sqlite'))
  // It takes the longest, and waits for nobody.
  compiled = folder.compile([...of('ts', 'tsx'), WRONG])
  const headers = { authorization: `Bearer ${tokenOf('root', { grants: { '*:*': 'admin' } })}` }
  const publish = (room: string, body: unknown) =>
    fetch(`${production.url}/api/v1/rooms/${room}/events`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  await publish('doc:readme', { type: 'comment.created', payload: { text: 'Is that so?' } })
  const progress = Array.from({ length: 50 }, (_, index) => ({
    type: 'build.progress',
    payload: { share: index / 50 },
  }))
  await publish('build:412', progress)
})
afterAll(async () => {
  await Promise.all([browser?.close(), newcomer?.dispose(), production?.dispose()])
  await folder?.dispose()
})

it('[GUIDE1] every block of code says its language, and something is done with each of them', () => {
  const unknown = blocks.filter(({ language }) => !LANGUAGES.some((known) => known === language))
  expect(unknown).toEqual([])
  expect(of(...PARTS).filter(({ file }) => file === undefined)).toEqual([])
  expect(of('text').length).toBeLessThan(blocks.length / 10)
  for (const { text } of of('json')) JSON.parse(text)
  for (const { text } of of('yaml')) parse(text)
})

it('[GUIDE1] what is set in a file of Postgres are settings that it has', async () => {
  const named = of('ini').flatMap(({ text }) => [...text.matchAll(/^(\w+) *=/gm)].map(([, key]) => key))
  const client = new pg.Client({ connectionString: production.databaseUrl })
  await client.connect()
  const { rows } = await client.query<{ name: string }>('select name from pg_settings')
  await client.end()
  const known = new Set(rows.map(({ name }) => name))
  expect(named.filter((key = '') => !known.has(key))).toEqual([])
})

it('[GUIDE1] has a control: a block without a language, and one that is not closed, are seen', () => {
  const found = blocksOf('page.md', 'a\n```\none\n```\n\n- b\n  ```ts main.ts\n  two\n  ```\n```sh\nthree\n')
  expect(found.map(({ line, language, file, text }) => [line, language, file, text])).toEqual([
    [2, '', undefined, 'one\n'],
    [7, 'ts', 'main.ts', 'two\n'],
    [10, 'never closed', undefined, 'three\n\n'],
  ])
})

describe.concurrent('blocks of code', { timeout: 240_000 }, () => {
  it('[GUIDE2] compile strictly as TypeScript, with the package’s own names', async () => {
    const lines = (await compiled).split('\n').filter((line) => line !== '')
    expect(lines.filter((line) => !line.includes(WRONG.page))).toEqual([])
    // The control is told, at the line where it stands in its page.
    expect(lines.join('\n')).toMatch(/wrong\.md\/3\.ts\(5,8\): error TS2551: Property 'rooms' does not exist/)
  })

  const beside = (name: string): string => {
    const url = new URL(production.databaseUrl)
    url.pathname = `/${name}`
    return url.href
  }
  const shell = (page: string, lines: readonly Block[]) =>
    runShell(lines, {
      folder: folder.of(page),
      addresses,
      env: {
        DATABASE_URL: production.databaseUrl,
        // Of databases that pages make.
        RESTORED_URL: beside('syncline_restored'),
        MOVED_URL: beside('syncline_moved'),
        JWT_SECRET: SECRET,
        METRICS_TOKEN,
        TOKEN: tokenOf('root', { grants: { '*:*': 'admin' } }),
        BACKEND: tokenOf('backend', { grants: { 'user:*': 'write' } }),
        LOG_LEVEL: 'warn',
      },
    })

  it.for([...new Set(typed.map(({ page }) => page))])(
    '[GUIDE3] work in a shell, from top to bottom: %s',
    async (page) => {
      const { code, output } = await shell(
        page,
        typed.filter((block) => block.page === page),
      )
      expect(code, output).toBe(0)
    },
  )

  it('[GUIDE3] have a control: a request that is refused, a script that is none, an option that is none', async () => {
    const page = typed[0]?.page ?? ''
    const ends = async (text: string) =>
      (await shell(page, [{ page, line: 1, language: 'sh', file: undefined, text }])).code
    expect(await ends('curl https://sync.example/api/v1/rooms')).not.toBe(0)
    expect(await ends('curl https://sync.example/metrics')).not.toBe(0)
    expect(await ends('npm run nothing')).not.toBe(0)
    expect(await ends('npm install ./syncline-9.9.9.tgz')).not.toBe(0)
    expect(await ends('npx syncline retain --dry')).not.toBe(0)
    expect(await ends('true')).toBe(0)
  })

  it('[GUIDE4] are the programs that guides begin with: those that run in Node', async () => {
    const yjs = { cwd: folder.of('docs/guides/yjs.md') }
    const once = await runProgram('node', 'main.ts', yjs)
    expect(once.output).toBe('Dear diary.\n\n')
    const again = await runProgram('node', 'main.ts', yjs)
    expect(again.output).toBe('Dear diary.\nDear diary.\n\n')
    const stock = await runProgram('node', 'provider.ts', yjs)
    expect(stock.output).toBe('Dear diary.\nDear diary.\nYours, Bob.\n\n')
    const events = await runProgram('node', 'main.ts', { cwd: folder.of('docs/guides/events.md') })
    expect(events.output).toMatch(/^committed as \d+$/m)
  })

  it('[GUIDE4] are one’s own Hocuspocus server, whose people write into the log', async () => {
    const page = 'docs/guides/from-hocuspocus.md'
    const port = await freePort()
    const written = await readFile(join(folder.of(page), 'server.ts'), 'utf8')
    expect(written).toContain('port: 8080')
    const program: Block = {
      page,
      line: 1,
      language: 'ts',
      file: 'moved.ts',
      text: written.replace('8080', `${port}`),
    }
    await folder.write([program], addresses)
    const env = { DATABASE_URL: production.databaseUrl }
    const own = startProgram('moved.ts', { cwd: folder.of(page), env })
    // A provider that comes too early waits longer each time before it comes again.
    const listens = () =>
      fetch(`http://127.0.0.1:${port}`).then(
        () => true,
        () => false,
      )
    let replica: ReturnType<typeof connectProvider> | undefined
    try {
      await until(listens, 60_000)
      replica = connectProvider({ wsUrl: `ws://127.0.0.1:${port}`, room: 'doc:own', token: 'a secret' })
      replica.edits.push(['kept'])
      await replica.saved()
      const headers = { authorization: `Bearer ${tokenOf('root', { grants: { '*:*': 'admin' } })}` }
      const answer = await fetch(`${production.url}/api/v1/rooms/doc:own/entries`, { headers })
      expect(await answer.json()).toMatchObject({ entries: [{ seq: 1, actor: 'ada' }] })
    } finally {
      replica?.destroy()
      await own.stop()
    }
  })

  const PRINTERS = [
    ['node', 'token.ts', 'node'],
    ['python3', 'token.py', 'python3'],
    ['bash', 'token.sh', 'bash'],
  ] as const
  it.for(PRINTERS)(
    '[GUIDE5] are tokens that let in whom they name: %s',
    async ([program, file], { skip }) => {
      const cwd = folder.of('docs/guides/backend.md')
      const sign = (secret: string) => runProgram(program, file, { cwd, env: { JWT_SECRET: secret } })
      const made = await sign(SECRET)
      if (made.output === '' && program === 'python3') skip('there is no python3 here')
      const join = (token: string, room: string) =>
        connectProvider({ wsUrl: production.wsUrl, room, token: token.trim() })
      const others = await sign(`${SECRET} and more`)
      const replicas = [
        join(made.output, `doc:${file}`),
        join(made.output, 'build:1'),
        join(others.output, 'doc:a'),
      ]
      const [ada, elsewhere, stranger] = replicas
      try {
        ada?.edits.push(['by Ada'])
        await ada?.saved()
        await until(() => elsewhere?.denials.length === 1 && stranger?.denials.length === 1)
        expect([elsewhere?.denials, stranger?.denials]).toEqual([['forbidden'], ['token-invalid']])
      } finally {
        for (const replica of replicas) replica.destroy()
      }
    },
  )

  const TYPES: Readonly<Record<string, string>> = {
    '.html': 'text/html',
    '.js': 'text/javascript',
    '.css': 'text/css',
  }
  /** A guide's page in somebody's own browser, at an address of the server. */
  const open = async (built: string) => {
    const context = await browser.context()
    // A page that the test hands out has no address, so Chromium takes it for one from the internet.
    await context.grantPermissions(['local-network-access'])
    await context.route(`${newcomer.url}/guide/**`, async (route) => {
      const path = new URL(route.request().url()).pathname.replace('/guide/', '')
      const contentType = TYPES[extname(path)] ?? 'application/octet-stream'
      await route.fulfill({ contentType, body: await readFile(join(built, path)) })
    })
    const page = await context.newPage()
    await page.goto(`${newcomer.url}/guide/index.html`)
    return page
  }

  it('[GUIDE4] are the programs that guides begin with: React', async () => {
    const built = await buildPage(folder.of('docs/guides/react.md'))
    const [ada, bob] = await Promise.all([open(built), open(built)])
    await ada?.getByLabel('What is needed').fill('Flour')
    await ada?.keyboard.press('Enter')
    await bob?.getByText('Flour').waitFor()
    await ada?.getByText('saved').waitFor()
    await bob?.getByText('Here: Ada').waitFor()
  })

  it.for(['tiptap', 'monaco'])('[GUIDE4] are the programs that guides begin with: %s', async (guide) => {
    const built = await buildPage(folder.of(`docs/guides/${guide}.md`))
    const [ada, bob] = await Promise.all([open(built), open(built)])
    await ada?.getByText('Saved', { exact: true }).waitFor()
    await ada?.locator('#editor').click()
    await ada?.keyboard.type('Hello')
    await bob?.locator('#editor', { hasText: 'Hello' }).waitFor()
    await ada?.getByText('Saved', { exact: true }).waitFor()
  })
})

it('[GUIDE4] no file of a guide is left out', () => {
  const run = [
    ...['main.ts', 'provider.ts'].map((file) => `docs/guides/yjs.md/${file}`),
    'docs/guides/events.md/main.ts',
    'docs/guides/from-hocuspocus.md/server.ts',
    ...['token.ts', 'token.py', 'token.sh'].map((file) => `docs/guides/backend.md/${file}`),
    ...['tiptap', 'monaco'].flatMap((guide) =>
      ['index.html', 'main.ts'].map((file) => `docs/guides/${guide}.md/${file}`),
    ),
    ...['index.html', 'main.tsx', 'vite.config.ts'].map((file) => `docs/guides/react.md/${file}`),
    'docs/guides/monaco.md/vite.config.ts',
  ]
  const files = blocks.flatMap(({ page, file }) => (file === undefined ? [] : [`${page}/${file}`]))
  expect(files.sort()).toEqual(run.sort())
})
