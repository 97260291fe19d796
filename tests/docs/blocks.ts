import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A fenced block of code, as it stands in a page. */
export interface Block {
  /** From the repository's root: `docs/guides/yjs.md`. */
  readonly page: string
  /** The line of its first fence, from 1. */
  readonly line: number
  readonly language: string
  /** The file that it is, where its fence names one: ```ts main.ts */
  readonly file: string | undefined
  readonly text: string
}

/** Something is done with the blocks of each. `text` is what nobody can run: a picture made of letters. */
export const LANGUAGES = ['ts', 'tsx', 'sh', 'python', 'html', 'json', 'yaml', 'ini', 'text'] as const

/** Those of which a block is worth nothing but as a part of a program: it has to be a file. */
export const PARTS: readonly string[] = ['python', 'html']

const FENCE = /^( *)(`{3,})(.*)$/

/** Every fenced block of a page. A fence that is never closed is a block to the end, and its language says so. */
export function blocksOf(page: string, markdown: string): readonly Block[] {
  const blocks: Block[] = []
  const lines = markdown.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    const [, indent = '', fence = '', info = ''] = FENCE.exec(lines[at] ?? '') ?? []
    if (fence === '') continue
    const end = lines.indexOf(indent + fence, at + 1)
    const [language = '', file] = info.trim().split(/\s+/)
    const inside = lines.slice(at + 1, end === -1 ? undefined : end).map((line) => line.slice(indent.length))
    blocks.push({
      page,
      line: at + 1,
      language: end === -1 ? 'never closed' : language,
      file,
      text: `${inside.join('\n')}\n`,
    })
    at = end === -1 ? lines.length : end
  }
  return blocks
}

export interface Page {
  readonly page: string
  readonly markdown: string
}

/** README.md and all of docs/. */
export async function readPages(): Promise<readonly Page[]> {
  const below = await readdir(join(ROOT, 'docs'), { recursive: true })
  const names = ['README.md', ...below.map((name) => `docs/${name}`).sort()]
  const pages = names.filter((name) => name.endsWith('.md'))
  return Promise.all(
    pages.map(async (page) => ({ page, markdown: await readFile(join(ROOT, page), 'utf8') })),
  )
}
