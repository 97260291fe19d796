import { createHash } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import * as Y from 'yjs'
import { applyTail, newestSnapshot } from '../documents/load.ts'
import { summarise } from '../documents/summary.ts'
import type { Log } from '../log/log.ts'
import { quarantineLine } from '../log/rooms.ts'
import { reasonOf, StorageError } from '../storage/error.ts'
import { isStorageFailure } from '../storage/failure.ts'
import { syncFolder, UNFINISHED, writeAtomically } from './atomic-file.ts'
import { type DocumentText, documentText } from './document-text.ts'
import { fileName } from './file-name.ts'
import { type Manifest, readManifest, saveManifest, type WrittenFile } from './manifest.ts'

export interface FolderPass {
  readonly written: readonly string[]
  readonly removed: readonly string[]
  /** One line a room that could not be written. */
  readonly problems: readonly string[]
}

interface Listed {
  readonly name: string
  readonly head: number
  readonly deleted: boolean
  readonly quarantinedAt: Date | null
  readonly reason: string | null
}

/** A room that could not be read, as it was listed then. */
interface Failed {
  readonly room: Listed
  readonly error: unknown
}

interface Rendered extends DocumentText {
  readonly room: string
  readonly head: number
  readonly title: string | null
  readonly sha256: string
}

/** Text that is held before it is written, in UTF-16 code units, about: the manifest is saved once for all of it. */
const BATCH = 16 * 1024 * 1024

/** Keeps a folder with one file a document, for a backup or for git: what changed is written, whole or not at all. */
export class FolderExport {
  readonly #folder: string
  readonly #pool: pg.Pool
  readonly #log: Log
  readonly #kind: string | undefined
  /** Files are looked at once; after that, only what changed in the database is. */
  #checked = false
  /** Of the last pass. Finding out once more takes as long as reading all of it: that is for when something has changed there. */
  #failed: ReadonlyMap<string, Failed> = new Map()

  constructor(folder: string, pool: pg.Pool, log: Log, kind?: string) {
    this.#folder = folder
    this.#pool = pool
    this.#log = log
    this.#kind = kind
  }

  /** Brings the folder up to date. */
  async pass(): Promise<FolderPass> {
    await mkdir(this.#folder, { recursive: true })
    const manifest = await readManifest(this.#folder)
    const rooms = await this.#rooms()
    const pass = { written: [] as string[], removed: [] as string[], problems: [] as string[] }
    let batch: Rendered[] = []
    let held = 0
    const write = async (deleted: readonly string[]) => {
      const { written, removed } = await this.#update(manifest, batch, deleted)
      pass.written.push(...written)
      pass.removed.push(...removed)
      batch = []
      held = 0
    }
    const failed = new Map<string, Failed>()
    for (const room of rooms) {
      const { name, head, deleted } = room
      if (deleted || !(await this.#due(manifest, name, head))) continue
      try {
        const document = await this.#render(room)
        batch.push(document)
        held += document.text.length
      } catch (error) {
        pass.problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
        if (!isStorageFailure(error)) failed.set(name, { room, error })
        else await this.#ask('select')
      }
      if (held >= BATCH) await write([])
    }
    this.#failed = failed
    const deleted = rooms.filter((room) => room.deleted && Object.hasOwn(manifest.documents, room.name))
    await write(deleted.map(({ name }) => name))
    this.#checked = true
    return pass
  }

  /** A room that is in no row any more keeps its file: it may be another database that we look at. */
  async #rooms(): Promise<readonly Listed[]> {
    return this.#ask<Listed>(
      `select name, head::float8 as head, deleted_at is not null as deleted,
         quarantined_at as "quarantinedAt", quarantine_reason as reason
       from rooms
       where name is not null and ($1::text is null or kind = $1) order by id`,
      [this.#kind ?? null],
    )
  }

  async #ask<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<readonly Row[]> {
    try {
      return (await this.#pool.query<Row>(text, values)).rows
    } catch (cause) {
      if (!isStorageFailure(cause)) throw cause
      throw new StorageError(`The database does not answer: ${reasonOf(cause)}`, { cause })
    }
  }

  async #due(manifest: Manifest, room: string, head: number): Promise<boolean> {
    const written = entryOf(manifest, room)
    if (written === undefined || written.head !== head) return true
    return !this.#checked && (await hashOf(join(this.#folder, written.file))) !== written.sha256[0]
  }

  /** A quarantined room may end the process that reads it, and so keep all that come after it from ever being written. */
  async #render(listed: Listed): Promise<Rendered> {
    const { name, quarantinedAt, reason } = listed
    if (quarantinedAt !== null) throw new Error(quarantineLine({ at: quarantinedAt, reason: reason ?? '' }))
    const failed = this.#failed.get(name)
    if (isDeepStrictEqual(failed?.room, listed)) throw failed?.error
    const room = (await this.#log.inspect(name))?.room
    if (room === undefined) throw new Error('is gone')
    const doc = new Y.Doc()
    try {
      const { seq, state } = await newestSnapshot(this.#log, room)
      if (state !== null) Y.applyUpdate(doc, state)
      await applyTail(doc, this.#log, room, seq)
      const written = documentText(doc)
      const { title } = summarise(doc)
      return { room: name, head: room.head, title, ...written, sha256: sha256(written.text) }
    } finally {
      doc.destroy()
    }
  }

  async #update(
    manifest: Manifest,
    rendered: readonly Rendered[],
    deleted: readonly string[],
  ): Promise<Pick<FolderPass, 'written' | 'removed'>> {
    const { documents, stale } = manifest
    const present = new Set((await readdir(this.#folder)).map((name) => name.toLowerCase()))
    const claim = (file: string, room: string, hash: string) =>
      this.#claimable(manifest, present, file, room, hash)
    for (const { room, head, title, ending, sha256: hash } of rendered) {
      const before = entryOf(manifest, room)
      const candidates = await Promise.all(
        [fileName(title, ending, room, () => false), fileName(title, ending, room, () => true)].map(
          async (file) => ((await claim(file, room, hash)) ? file : undefined),
        ),
      )
      const file = candidates.find((name) => name !== undefined) ?? `${sha256(room).slice(0, 16)}${ending}`
      if (before !== undefined && before.file !== file)
        stale.push({ file: before.file, sha256: before.sha256 })
      const known = before?.file === file ? before.sha256 : []
      documents[room] = { file, head, sha256: [...new Set([hash, ...known])].slice(0, 2) }
    }
    for (const room of deleted) {
      const gone = documents[room]
      if (gone !== undefined) stale.push({ file: gone.file, sha256: gone.sha256 })
      delete documents[room]
    }
    if (rendered.length + stale.length === 0) return { written: [], removed: [] }
    await saveManifest(this.#folder, manifest)
    const written: string[] = []
    for (const { room, text, sha256: hash } of rendered) {
      const path = join(this.#folder, documents[room]?.file ?? '')
      if ((await hashOf(path)) === hash) continue
      await writeAtomically(path, text)
      written.push(documents[room]?.file ?? '')
    }
    const removed = await this.#remove(manifest)
    stale.length = 0
    await saveManifest(this.#folder, manifest)
    return { written, removed }
  }

  /** A name is free where no other document has it, and no file that is not ours, unless it says the same. */
  async #claimable(
    { documents }: Manifest,
    present: ReadonlySet<string>,
    file: string,
    room: string,
    hash: string,
  ): Promise<boolean> {
    const key = file.toLowerCase()
    const owners = Object.entries(documents).filter(([, written]) => written.file.toLowerCase() === key)
    if (owners.length > 0) return owners.every(([owner]) => owner === room)
    return !present.has(key) || (await hashOf(join(this.#folder, file))) === hash
  }

  /** Only what is still as we left it: what somebody has changed is theirs. */
  async #remove({ documents, stale }: Manifest): Promise<readonly string[]> {
    const kept = new Set(Object.values(documents).map(({ file }) => file.toLowerCase()))
    const removed: string[] = []
    for (const { file, sha256: hashes } of stale) {
      const hash = await hashOf(join(this.#folder, file))
      if (kept.has(file.toLowerCase()) || hash === undefined || !hashes.includes(hash)) continue
      await unlink(join(this.#folder, file))
      removed.push(file)
    }
    const unfinished = (await readdir(this.#folder)).filter((name) => name.startsWith(UNFINISHED))
    for (const name of unfinished) await unlink(join(this.#folder, name))
    await syncFolder(this.#folder)
    return removed
  }
}

/** Room names are anybody's, and `constructor` is no entry. */
const entryOf = (
  { documents }: Manifest,
  room: string,
): (WrittenFile & { readonly head: number }) | undefined =>
  Object.hasOwn(documents, room) ? documents[room] : undefined

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** The hash of a file of that name; undefined where there is none, or something that is no file, such as a link. */
async function hashOf(path: string): Promise<string | undefined> {
  try {
    if (!(await lstat(path)).isFile()) return undefined
    return sha256(await readFile(path))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
