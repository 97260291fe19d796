import type { Page } from './blocks.ts'

/** The anchor that GitHub gives a heading; a second one of the same words has `-1`. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const [, title = ''] of outsideBlocks(markdown).matchAll(/^#{1,6} (.+)$/gm)) {
    const words = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\-_ ]/gu, '')
      .replaceAll(' ', '-')
    let anchor = words
    for (let copy = 1; anchors.has(anchor); copy += 1) anchor = `${words}-${copy}`
    anchors.add(anchor)
  }
  return anchors
}

export interface Link {
  readonly page: string
  /** As it stands there. */
  readonly written: string
  /** From the repository's root; the page itself where only an anchor is named. */
  readonly path: string
  readonly anchor: string | undefined
}

const outsideBlocks = (markdown: string): string => markdown.replace(/^ *```[\s\S]*?^ *```$/gm, '')

/** The links of a page to files of this repository. */
export function linksOf({ page, markdown }: Page): readonly Link[] {
  return [...outsideBlocks(markdown).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, written = '']) => {
    if (/^[a-z]+:/.test(written)) return []
    const [file = '', anchor] = written.split('#')
    const path = file === '' ? page : new URL(file, `file:///${page}`).pathname.slice(1)
    return [{ page, written, path, anchor }]
  })
}
