import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { endOf } from '../../tools/ended.ts'
import { SOURCES } from './folder.ts'
import type { Ran } from './shell.ts'

const HOOKS = fileURLToPath(new URL('./sources.ts', import.meta.url))

interface Where {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** A program to its end: `node main.ts`, `python3 token.py`. */
export function runProgram(program: string, file: string, { cwd, env }: Where): Promise<Ran> {
  const options = program === 'node' ? ['--import', HOOKS, file] : [file]
  const path = program === 'node' ? process.execPath : program
  return new Promise((resolve) => {
    const child = execFile(
      path,
      options,
      { cwd, env: { ...process.env, ...env }, timeout: 200_000 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? 1, output: stdout + stderr }),
    )
  })
}

/** A program that goes on until it is stopped. */
export function startProgram(file: string, { cwd, env }: Where): { stop(): Promise<void> } {
  const child: ChildProcess = spawn(process.execPath, ['--import', HOOKS, file], {
    cwd,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  })
  return {
    stop: async () => {
      if (endOf(child) !== undefined) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Makes what a browser loads of a page's index.html, as its own vite.config.ts says; returns the folder of it. */
export async function buildPage(root: string): Promise<string> {
  const config = join(root, 'vite.config.ts')
  const outDir = join(root, 'dist')
  await build({
    root,
    configFile: existsSync(config) ? config : false,
    logLevel: 'error',
    base: './',
    define: { 'process.env.NODE_ENV': '"development"' },
    resolve: {
      alias: Object.entries(SOURCES).map(([name, source]) => ({
        find: new RegExp(`^${name}$`),
        replacement: source,
      })),
    },
    build: { outDir, minify: false, reportCompressedSize: false },
  })
  return outDir
}
