import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeAtomically } from './atomic-file.ts'
import { isPlainName } from './file-name.ts'

const NAME = '.syncline.json'

const fileSchema = z.strictObject({
  file: z.string().refine(isPlainName, 'is no plain file name'),
  /** What may stand in it and be ours: the newest content's SHA-256, and before it is written the one before. */
  sha256: z.array(z.string()).min(1),
})

const manifestSchema = z.strictObject({
  version: z.literal(1),
  /** Room to the file of its document, and the seq up to which it was written. */
  documents: z.record(z.string(), fileSchema.extend({ head: z.int() })),
  /** Files that we wrote and that are to go. */
  stale: z.array(fileSchema),
})

export type WrittenFile = z.infer<typeof fileSchema>

/** What of a folder is ours. Saved before the files that it speaks of are touched: a crash leaves none unowned. */
export type Manifest = z.infer<typeof manifestSchema>

/** @throws where there is one that cannot be read: without it nobody knows whose the files are. */
export async function readManifest(folder: string): Promise<Manifest> {
  let text: string
  try {
    text = await readFile(join(folder, NAME), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { version: 1, documents: {}, stale: [] }
    throw error
  }
  const parsed = manifestSchema.safeParse(JSON.parse(text))
  if (!parsed.success) throw new Error(`${join(folder, NAME)}: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

export const saveManifest = (folder: string, manifest: Manifest): Promise<void> =>
  writeAtomically(join(folder, NAME), `${JSON.stringify(manifest, undefined, 2)}\n`)
