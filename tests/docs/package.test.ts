import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
/** All that is built from, but for the studio: Vite has builds of its own in other tests. */
const SOURCES = [
  ...['package.json', 'tsconfig.json', 'tsconfig.build.json', 'LICENSE', 'README.md', 'migrations', 'server'],
  ...['client/sdk', 'client/react', 'client/editors'],
]

const { name, version, bin, exports, scripts } = z
  .object({
    name: z.string(),
    version: z.string(),
    bin: z.object({ syncline: z.string() }),
    exports: z.record(z.string(), z.string()),
    scripts: z.object({ prepack: z.string() }),
  })
  .parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')))
const entries = Object.keys(exports).map((entry) => entry.replace(/^\./, name))

let folder: string
/** An application in which the package is installed, and nothing that was not packed. */
let app: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'syncline-package-'))
  const checkout = join(folder, 'checkout')
  app = join(folder, 'app')
  for (const source of SOURCES) {
    await mkdir(dirname(join(checkout, source)), { recursive: true })
    await cp(join(ROOT, source), join(checkout, source), { recursive: true })
  }
  await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'))
  await run(process.execPath, [TSC, '-p', 'tsconfig.build.json', '--noCheck'], { cwd: checkout })
  await run('npm', ['pack', '--ignore-scripts', '--offline', '--silent'], { cwd: checkout })
  const modules = join(app, 'node_modules')
  await mkdir(join(modules, name), { recursive: true })
  // What npm would fetch is here already.
  for (const one of await readdir(join(ROOT, 'node_modules')))
    await symlink(join(ROOT, 'node_modules', one), join(modules, one))
  const packed = join(checkout, `${name}-${version}.tgz`)
  await run('tar', ['-xzf', packed, '-C', join(modules, name), '--strip-components', '1'])
  await writeFile(join(app, 'package.json'), JSON.stringify({ type: 'module' }))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('[GUIDE9] what is packed is built as prepack builds it, and its command runs', async () => {
  expect(scripts.prepack).toMatch(/^tsc -p tsconfig\.build\.json && vite build /)
  const command = join(app, 'node_modules', name, bin.syncline)
  const { stdout } = await run(process.execPath, [command, '--help'], { cwd: app })
  expect(stdout).toMatch(/^Usage: syncline /)
  expect(stdout).toContain('serve')
  const told = await run(process.execPath, [command, '--version'], { cwd: app })
  expect(told.stdout.trim()).toBe(version)
})

/** As a bundler has it: y-monaco imports a path that this Monaco has no more, and Monaco itself is for browsers. */
const HOOKS = `
  import { registerHooks } from 'node:module'
  registerHooks({
    resolve: (name, context, next) =>
      name.startsWith('monaco-editor') ? { url: 'data:text/javascript,', shortCircuit: true } : next(name, context),
  })
`

it('[GUIDE9] each of its entries is there for an application, with its types', async () => {
  await writeFile(join(app, 'hooks.js'), HOOKS)
  const importing = entries.map((entry) => `console.log(Object.keys(await import('${entry}')).length > 0)`)
  await writeFile(join(app, 'main.js'), importing.join('\n'))
  const { stdout } = await run(process.execPath, ['--import', './hooks.js', 'main.js'], { cwd: app })
  expect(stdout.trim().split('\n')).toEqual(entries.map(() => 'true'))

  const named = [
    `import { attachSyncline, startApp } from 'syncline'`,
    `import { connect } from 'syncline/client'`,
    `const url: number = connect({ url: 'ws://127.0.0.1', token: () => 'a' }).room('doc:a').name`,
    'export const all = [attachSyncline, startApp, url]',
    ...entries.map((entry) => `export type * as ${entry.replace('/', '_')} from '${entry}'`),
  ]
  await writeFile(join(app, 'types.ts'), named.join('\n'))
  const options = ['--strict', '--noEmit', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024']
  const compiled = await run(process.execPath, [TSC, ...options, 'types.ts'], { cwd: app }).catch(
    ({ stdout: said }: { readonly stdout: string }) => ({ stdout: said }),
  )
  // The control is told, and nothing else.
  expect(compiled.stdout.trim()).toMatch(/^types\.ts\(3,7\): error TS2322: [^\n]*$/)
})

it('[GUIDE9] has a control: an entry that was not packed is none', async () => {
  await expect(run(process.execPath, ['-e', `import('${name}/studio')`], { cwd: app })).rejects.toThrow(
    'ERR_PACKAGE_PATH_NOT_EXPORTED',
  )
})
