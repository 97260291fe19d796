import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { importsOf } from '../support/import-graph.ts'
import { ROOT } from './files.ts'

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** All packages that the server's sources import, and what those need in turn. */
export async function packagesOfServer(): Promise<ReadonlySet<string>> {
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'))
  const locked: Readonly<Record<string, Locked>> = lock.packages
  const needed = new Set<string>()
  const waiting = [...(await imported('server')), ...(await imported('client/sdk'))]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const found = locked[`node_modules/${name}`]
    if (found === undefined || needed.has(name)) continue
    needed.add(name)
    const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta: meta = {} } = found
    waiting.push(...Object.keys(dependencies))
    waiting.push(...Object.keys(peerDependencies).filter((peer) => meta[peer]?.optional !== true))
  }
  return needed
}

async function imported(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true })
  const sources = entries.filter((name) => name.endsWith('.ts'))
  const imports = sources.map(async (name) =>
    importsOf(name, await readFile(join(ROOT, folder, name), 'utf8')),
  )
  // The studio is built, and the one file that builds it does so only where its sources are.
  const names = (await Promise.all(imports)).flat().filter((name) => name !== 'vite')
  return names.map((name) => name.match(/^(?:@[^/]+\/)?[^/]+/)?.[0] ?? name)
}
