import { randomBytes } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** What the name of an unfinished file begins with: a crash may leave one. */
export const UNFINISHED = '.syncline-unfinished-'

/**
 * Writes a file so that whoever looks sees the old one or the new one, whole, also after a power cut. A link of
 * that name is replaced, not followed.
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array | AsyncIterable<string>,
): Promise<void> {
  const folder = dirname(path)
  const unfinished = join(folder, `${UNFINISHED}${randomBytes(9).toString('hex')}`)
  const file = await open(unfinished, 'wx')
  try {
    try {
      if (typeof content === 'string' || content instanceof Uint8Array) await file.writeFile(content)
      else for await (const part of gathered(content)) await file.writeFile(part)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  } catch (error) {
    await unlink(unfinished)
    throw error
  }
  await syncFolder(folder)
}

/** A rename, or a removal, is on disk when its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const PART = 1024 * 1024

/** Short pieces as long ones: a line of a log is a hundred bytes, and a write costs the same as of a megabyte. */
async function* gathered(content: AsyncIterable<string>): AsyncGenerator<string> {
  let part = ''
  for await (const piece of content) {
    part += piece
    if (part.length < PART) continue
    yield part
    part = ''
  }
  if (part !== '') yield part
}
