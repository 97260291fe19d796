import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const NAME = 'manifest.json'

const bodySchema = z.strictObject({
  format: z.literal('syncline-server'),
  version: z.literal(1),
  /** The last of its migrations. */
  schema: z.string(),
  rooms: z.int(),
  files: z.array(z.strictObject({ name: z.string(), lines: z.int(), bytes: z.int(), sha256: z.string() })),
})
const manifestSchema = bodySchema.extend({ sha256: z.string() })

/** What an export of a whole server has in its folder; it is written last. Equal databases give equal manifests. */
export type Manifest = z.infer<typeof manifestSchema>
export type ExportedFile = Manifest['files'][number]

/** As a file; `sha256` is of everything before it. */
export function manifestText(body: z.infer<typeof bodySchema>): string {
  const { format, version, schema, rooms, files } = body
  const said = { format, version, schema, rooms, files }
  const sha256 = createHash('sha256').update(JSON.stringify(said)).digest('hex')
  return `${JSON.stringify({ ...said, sha256 }, undefined, 2)}\n`
}

export const manifestPath = (folder: string): string => join(folder, NAME)

/** @throws Error where there is none, or it is not as it was written */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = manifestPath(folder)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    throw new Error(`${folder} has no ${NAME}: it is no export of a server, or one that was cut short`)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new Error(`${path} is no JSON`)
  }
  const parsed = manifestSchema.safeParse(json)
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`)
  if (text !== manifestText(parsed.data)) throw new Error(`${path} is not as it was written`)
  return parsed.data
}
