import { readdir, readFile } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { brokenRules, cycles, type ImportGraph, importsOf } from './support/import-graph.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MAX_LINES = 350

async function sources(): Promise<readonly string[]> {
  const found = await Promise.all(
    ['server', 'client'].map(async (folder) => {
      const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })
      return entries
        .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
        .map((entry) => normalize(join(entry.parentPath, entry.name)).slice(normalize(ROOT).length))
    }),
  )
  return found.flat().sort()
}

async function realGraph(): Promise<ImportGraph> {
  const files = await sources()
  const edges = files.map(
    async (file) => [file, importsOf(file, await readFile(join(ROOT, file), 'utf8'))] as const,
  )
  return new Map(await Promise.all(edges))
}

describe('who imports whom', () => {
  it('[HOUSE1] runs one way, and only realtime knows Hocuspocus', async () => {
    const graph = await realGraph()
    expect(graph.size).toBeGreaterThan(50)
    expect(brokenRules(graph)).toEqual([])
  })

  it('[HOUSE2] has no cycles', async () => {
    expect(cycles(await realGraph())).toEqual([])
  })

  it('[HOUSE2] reaches files that exist, so that no rule is passed by a misread path', async () => {
    const graph = await realGraph()
    for (const [file, imports] of graph) {
      for (const target of imports.filter((name) => /^(server|client)\/.*\.tsx?$/.test(name))) {
        expect([...graph.keys()], `imported by ${file}`).toContain(target)
      }
    }
  })

  it.each<[string, ImportGraph]>([
    ['storage above itself', new Map([['server/storage/a.ts', ['server/log/b.ts']]])],
    ['log of documents', new Map([['server/log/a.ts', ['server/documents/b.ts']]])],
    ['access of http', new Map([['server/access/a.ts', ['server/http/b.ts']]])],
    ['documents of realtime', new Map([['server/documents/a.ts', ['server/realtime/b.ts']]])],
    ['realtime of app', new Map([['server/realtime/a.ts', ['server/app.ts']]])],
    ['errors of anything', new Map([['server/errors.ts', ['server/protocol.ts']]])],
    ['documents of Hocuspocus', new Map([['server/documents/a.ts', ['@hocuspocus/server']]])],
    ['http of Hocuspocus', new Map([['server/http/a.ts', ['@hocuspocus/extension-database']]])],
    ['realtime of Redis', new Map([['server/realtime/a.ts', ['ioredis']]])],
    ['a folder that no rule names', new Map([['server/utils/a.ts', []]])],
    ['client of the server', new Map([['client/sdk/a.ts', ['server/config.ts']]])],
    ['client of schemas', new Map([['client/sdk/a.ts', ['server/channels/kinds/built-in.ts']]])],
    ['client of zod', new Map([['client/react/a.ts', ['zod']]])],
    ['server of the client', new Map([['server/http/a.ts', ['client/sdk/b.ts']]])],
    ['sdk of React', new Map([['client/sdk/a.ts', ['react']]])],
    ['sdk of the studio', new Map([['client/sdk/a.ts', ['client/studio/b.tsx']]])],
    ['protocol of a package', new Map([['server/protocol.ts', ['zod']]])],
  ])('[HOUSE1] has a control: an import by %s is caught', (_, graph) => {
    expect(brokenRules(graph)).toHaveLength(1)
  })

  it('[HOUSE2] has a control: a cycle is caught', () => {
    const graph = new Map([
      ['a.ts', ['b.ts']],
      ['b.ts', ['c.ts']],
      ['c.ts', ['b.ts']],
    ])
    expect(cycles(graph)).toEqual([['b.ts', 'c.ts']])
  })

  it('[HOUSE1] reads every form of import', () => {
    const text = [
      "import a from './a.ts'",
      "import type { B } from '../b.ts'",
      'import {\n  c,\n} from "pkg/deep"',
      "export * from './d.ts'",
      "const e = await import('./e.ts')",
      "import './f.css'",
      "import worker from 'monaco-editor/x?worker'",
      "import type { P } from '../channels/kinds/built-in.ts'",
      "// import x from './commented.ts'",
    ].join('\n')
    expect(importsOf(join('server', 'log', 'x.ts'), text)).toEqual([
      'server/log/a.ts',
      'server/b.ts',
      'pkg/deep',
      'server/log/d.ts',
      'server/log/e.ts',
      'server/log/f.css',
      'monaco-editor/x?worker',
      'the types of server/channels/kinds/built-in.ts',
    ])
  })
})

describe('the size of files', () => {
  it(`[HOUSE3] is at most ${MAX_LINES} lines`, async () => {
    const sizes = (await sources()).map(async (file) => {
      const text = await readFile(join(ROOT, file), 'utf8')
      return { file, lines: text.split('\n').length }
    })
    expect((await Promise.all(sizes)).filter(({ lines }) => lines > MAX_LINES)).toEqual([])
  })
})
