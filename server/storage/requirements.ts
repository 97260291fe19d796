import { StorageError } from './error.ts'

const OLDEST_VERSION = 15

/** What a database server says of itself. */
export interface ServerFacts {
  /** `server_version_num` */
  readonly version: number
  readonly encoding: string
  readonly readonly: string
  readonly fsync: string
}

export const FACTS = `select current_setting('server_version_num')::int as version,
  current_setting('server_encoding') as encoding,
  current_setting('transaction_read_only') as readonly,
  current_setting('fsync') as fsync`

/**
 * Refuses a server that cannot hold a log.
 * @returns what its operator should hear of one that can
 */
export function requireServer(name: string, facts: ServerFacts): readonly string[] {
  const major = Math.floor(facts.version / 10_000)
  const refuse = (why: string) => new StorageError(`The database at ${name} ${why}`)
  if (major < OLDEST_VERSION) throw refuse(`is Postgres ${major}; Syncline needs ${OLDEST_VERSION} or later`)
  if (facts.encoding !== 'UTF8') throw refuse(`has the encoding ${facts.encoding}; Syncline needs UTF8`)
  if (facts.readonly === 'on') throw refuse('is read-only: is it a standby?')
  if (facts.fsync === 'on') return []
  return [`The database at ${name} has fsync off: what it calls committed is lost with the power`]
}
