import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname } from 'node:path'

const manifest = findPackageJSON(import.meta.url)
if (manifest === undefined) throw new Error('this file has been taken out of its package')

/** The package's own folder: the same whether the sources run or what was built from them. */
export const PACKAGE_ROOT = dirname(manifest)

const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'))

export const VERSION =
  typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown'
