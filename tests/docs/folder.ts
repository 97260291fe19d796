import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Block } from './blocks.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const GIVEN = join(ROOT, 'tests/docs/given.ts')

/** The names of the package, as its `exports` has them, to the sources that these are built from. */
export const SOURCES: Readonly<Record<string, string>> = {
  syncline: join(ROOT, 'server/index.ts'),
  'syncline/extension': join(ROOT, 'server/extension.ts'),
  'syncline/client': join(ROOT, 'client/sdk/index.ts'),
  'syncline/react': join(ROOT, 'client/react/index.ts'),
  'syncline/monaco': join(ROOT, 'client/editors/monaco.ts'),
  'syncline/tiptap': join(ROOT, 'client/editors/tiptap.ts'),
}

const COMPILER_OPTIONS = {
  target: 'es2024',
  lib: ['es2024', 'dom', 'dom.iterable'],
  module: 'nodenext',
  moduleResolution: 'nodenext',
  jsx: 'react-jsx',
  types: ['node', 'vite/client'],
  strict: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
  paths: Object.fromEntries(Object.entries(SOURCES).map(([name, source]) => [name, [source]])),
}

/** The address that a newcomer's server has, and those that a reader's would have; each is one of the test's. */
export interface Addresses {
  readonly 'http://127.0.0.1:1234': string
  readonly 'https://sync.example': string
  readonly 'postgres://syncline:password@db.internal/syncline': string
}

/** With the addresses of servers that run, for http and for WebSockets. */
export function addressed(text: string, addresses: Addresses): string {
  return Object.entries(addresses).reduce(
    (done, [written, real]) =>
      done.replaceAll(written, real).replaceAll(written.replace('http', 'ws'), real.replace('http', 'ws')),
    text,
  )
}

/** Pages as their readers would have them on disk: a folder for each, with the files that it names. */
export class Folder {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async create(): Promise<Folder> {
    const path = await mkdtemp(join(tmpdir(), 'syncline-docs-'))
    await symlink(join(ROOT, 'node_modules'), join(path, 'node_modules'))
    await writeFile(join(path, 'package.json'), JSON.stringify({ type: 'module' }))
    return new Folder(path)
  }

  /** Where the files of a page are. */
  of(page: string): string {
    return join(this.path, page)
  }

  /** The files that blocks name, to be run; those of a page lie together. */
  async write(blocks: readonly Block[], addresses: Addresses): Promise<void> {
    for (const { page, file, text } of blocks) {
      await mkdir(this.of(page), { recursive: true })
      if (file !== undefined) await writeFile(join(this.of(page), file), addressed(text, addresses))
    }
  }

  /**
   * Compiles blocks of TypeScript, all in one go; returns what the compiler says. A line that it names is that of the
   * page. One checker: each of several would look at what they share. Each block is a module of its own, and may import those of its page that have a file's name.
   */
  async compile(blocks: readonly Block[]): Promise<string> {
    const project = await mkdtemp(join(this.path, 'typed-'))
    await Promise.all(
      blocks.map(async ({ page, line, language, file, text }) => {
        const path = join(project, page, file ?? `${line}.${language}`)
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, `${'\n'.repeat(line)}${text}\nexport {}\n`)
      }),
    )
    const config = { compilerOptions: COMPILER_OPTIONS, include: [project, GIVEN] }
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config))
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [TSC, '-p', project, '--checkers', '1'],
        { cwd: project },
        (_error, stdout, stderr) => resolve(stdout + stderr),
      )
    })
  }

  dispose(): Promise<void> {
    return rm(this.path, { recursive: true, force: true })
  }
}
