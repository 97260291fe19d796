import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Format } from '../history/content/convert.ts'
import type { History } from '../history/history.ts'
import type { Version } from '../history/versions/versions.ts'
import { writeAtomically } from './atomic-file.ts'
import { stemOf } from './file-name.ts'

const ENDINGS: Readonly<Record<Format, string>> = {
  text: '.txt',
  markdown: '.md',
  html: '.html',
  json: '.json',
  yjs: '.yjs',
}

/** What a folder of versions says of each: `versions.json` is a list of these, oldest first. */
interface WrittenVersion extends Omit<Version, 'seq'> {
  readonly seq: number
  readonly file: string
}

const PAGE = 100

/**
 * Writes every version of a room, named or automatic, as a file of its own into an empty folder, with
 * `versions.json`, and the newest position as `now`. Returns the files in the order of their positions.
 */
export async function writeVersions(
  history: History,
  room: string,
  format: Format,
  folder: string,
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true })
  if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty`)
  const list: WrittenVersion[] = []
  const written = new Set<string>()
  for (const version of await allVersions(history, room)) {
    const file = `${nameOf(version)}${ENDINGS[format]}`
    list.push({ ...version, file })
    if (written.has(file)) continue
    const { bytes } = await history.content(room, { kind: 'seq', seq: version.seq }, format)
    await writeAtomically(join(folder, file), bytes)
    written.add(file)
  }
  const { bytes } = await history.content(room, undefined, format)
  const now = `now${ENDINGS[format]}`
  await writeAtomically(join(folder, now), bytes)
  await writeAtomically(join(folder, 'versions.json'), `${JSON.stringify(list, undefined, 2)}\n`)
  return [...written, now]
}

/** Oldest first. */
async function allVersions(history: History, room: string): Promise<readonly Version[]> {
  const all: Version[] = []
  for (;;) {
    const page = await history.versions(room, { limit: PAGE, namedOnly: false, after: all.at(-1) })
    all.push(...page)
    if (page.length < PAGE) return all.reverse()
  }
}

/** Its position in ten digits, so that files stand in order, and its title. */
function nameOf({ seq, title }: Version): string {
  const position = String(seq).padStart(10, '0')
  return title === null ? position : `${position} ${stemOf(title)}`
}
