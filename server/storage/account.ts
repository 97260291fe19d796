import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { StorageError } from './error.ts'

/** nobody. Postgres refuses to run as root, and this number needs no entry in /etc/passwd. */
const NOBODY = 65534

/** Whom Postgres runs as. */
export interface Account {
  /** Whom its folders belong to, or undefined where that is whoever runs this. */
  readonly owner: number | undefined
  /** What is put before its command. */
  readonly prefix: readonly string[]
  /** Options of `spawn`. */
  readonly spawn: { readonly uid?: number; readonly gid?: number }
}

const SELF: Account = { owner: undefined, prefix: [], spawn: {} }
const AS_NOBODY: Account = { owner: NOBODY, prefix: [], spawn: { uid: NOBODY, gid: NOBODY } }
/** Root calls itself 1000 in a namespace of its own: what only root may enter stays open, and Postgres is content. */
const RENAMED_ROOT: Account = {
  owner: 0,
  prefix: ['unshare', '--user', '--map-user=1000', '--map-group=1000'],
  spawn: {},
}

/** Who can run `program` and reach all `folders`. */
export async function chooseAccount(program: string, folders: readonly string[]): Promise<Account> {
  if (process.getuid?.() !== 0) return SELF
  for (const account of [AS_NOBODY, RENAMED_ROOT]) {
    if (await reaches(account, program, folders)) return account
  }
  throw new StorageError(
    `Postgres does not run as root, and no other user can enter ${folders.join(' and ')} or run ${program}: start Syncline as another user, choose another DATA_DIR, or set DATABASE_URL`,
  )
}

const PROBE = '"$0" --version || exit 1; for folder; do cd "$folder" || exit 1; done'

async function reaches(account: Account, program: string, folders: readonly string[]): Promise<boolean> {
  const [command = 'sh', ...args] = [...account.prefix, 'sh', '-c', PROBE, program, ...folders]
  const child = spawn(command, args, { ...account.spawn, cwd: '/', stdio: 'ignore' })
  try {
    const [code] = await once(child, 'exit')
    return code === 0
  } catch {
    // No `unshare`, or not allowed to change users: the answer is no, and the caller says so.
    return false
  }
}
