import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { inTransaction } from '../storage/transaction.ts'
import { writeAtomically } from '../transfer/atomic-file.ts'
import { contents, ROOMS, type RoomHash } from './contents.ts'
import { Tally } from './lines.ts'
import { type ExportedFile, manifestPath, manifestText } from './manifest.ts'
import { schemaOf } from './schema.ts'

export interface Exported {
  readonly rooms: number
  readonly bytes: number
  /** One line a room whose log cannot be read to its end; it is exported as it is. */
  readonly damaged: readonly string[]
}

/**
 * Writes everything that a server holds into an empty folder, as it was at one moment, beside whoever writes meanwhile. Memory
 * is that of a page of rows, whatever the size. The manifest comes last: without it the folder is no export.
 */
export async function exportServer(pool: pg.Pool, folder: string): Promise<Exported> {
  await mkdir(folder, { recursive: true })
  if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty`)
  return inTransaction(pool, async (client) => {
    await client.query('set transaction isolation level repeatable read, read only')
    const files: ExportedFile[] = []
    const damaged: string[] = []
    let rooms = 0
    for await (const { name, lines } of contents(client)) {
      const tally = new Tally(name)
      const seen = name === ROOMS ? noting(lines) : lines
      await writeAtomically(join(folder, name), tally.of(seen))
      files.push(tally.total())
    }
    const manifest = {
      format: 'syncline-server',
      version: 1,
      schema: await schemaOf(client),
      rooms,
      files,
    } as const
    await writeAtomically(manifestPath(folder), manifestText(manifest))
    return { rooms, bytes: files.reduce((total, file) => total + file.bytes, 0), damaged }

    async function* noting(hashes: AsyncIterable<string>): AsyncGenerator<string> {
      for await (const text of hashes) {
        const said: RoomHash = JSON.parse(text)
        rooms += 1
        if (said.damaged !== undefined) damaged.push(`${said.room}: ${said.damaged}`)
        yield text
      }
    }
  })
}
