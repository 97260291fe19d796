import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endOf } from '../../tools/ended.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SYNCLINE = join(ROOT, 'server/syncline.ts')
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')

/** As strict as an application may ask for. */
const COMPILER_OPTIONS = {
  target: 'es2024',
  lib: ['es2024', 'dom'],
  module: 'nodenext',
  jsx: 'react-jsx',
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  rewriteRelativeImportExtensions: true,
  skipLibCheck: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  outDir: 'out',
}

export interface Ran {
  readonly code: number
  /** Both streams. */
  readonly output: string
}

/** An application's folder, with this repository installed in it as it is published: built, and named `syncline`. */
export class Application {
  readonly folder: string
  readonly #running: ChildProcess[] = []

  private constructor(folder: string) {
    this.folder = folder
  }

  static async create(): Promise<Application> {
    const folder = await mkdtemp(join(tmpdir(), 'syncline-application-'))
    const modules = join(folder, 'node_modules')
    const installed = join(modules, 'syncline')
    await mkdir(installed, { recursive: true })
    const names = (await readdir(join(ROOT, 'node_modules'))).filter((name) => !name.startsWith('.'))
    await Promise.all([
      ...names.map((name) => symlink(join(ROOT, 'node_modules', name), join(modules, name))),
      symlink(join(ROOT, 'migrations'), join(installed, 'migrations')),
      copyFile(join(ROOT, 'package.json'), join(installed, 'package.json')),
    ])
    const application = new Application(folder)
    await application.write('package.json', JSON.stringify({ type: 'module' }))
    await application.write('tsconfig.json', JSON.stringify({ compilerOptions: COMPILER_OPTIONS }))
    const built = await run(
      TSC,
      ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(installed, 'dist')],
      ROOT,
    )
    if (built.code !== 0) throw new Error(`the package cannot be built:\n${built.output}`)
    return application
  }

  write(path: string, text: string): Promise<void> {
    return writeFile(join(this.folder, path), text)
  }

  /** `syncline generate …` in this folder. */
  generate(...parameters: readonly string[]): Promise<Ran> {
    return run(SYNCLINE, ['generate', ...parameters], this.folder)
  }

  /** Every file of the application, strictly; what comes of it is in `out`. */
  compile(): Promise<Ran> {
    return run(TSC, ['-p', this.folder], this.folder)
  }

  node(parameters: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    return run(parameters[0] ?? '', parameters.slice(1), this.folder, env)
  }

  /** Starts a program that prints the address on which it listens as its own line; resolves with that. */
  async start(program: string, env: Readonly<Record<string, string>>): Promise<string> {
    const child = spawn(process.execPath, [program], {
      cwd: this.folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#running.push(child)
    let output = ''
    return new Promise((resolve, reject) => {
      child.on('exit', (code) => reject(new Error(`${program} ended with ${code}:\n${output}`)))
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text
          const url = /^listening on (http\S+)$/m.exec(output)?.[1]
          if (url !== undefined) resolve(url)
        })
    })
  }

  /** Asks what was started last to end; resolves with its exit code. */
  async stop(): Promise<number | null> {
    const child = this.#running.pop()
    if (child === undefined || endOf(child) !== undefined) return child?.exitCode ?? null
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
    return child.exitCode
  }

  async dispose(): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL')
    await rm(this.folder, { recursive: true, force: true })
  }
}

function run(
  program: string,
  parameters: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  // A test that runs inside a test reports to that one, unless it is not told of it.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...parameters],
      { cwd, env: { ...inherited, ...env } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? 1, output: stdout + stderr }),
    )
  })
}
