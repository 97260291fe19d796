import type { XmlNode } from '../content/read.ts'

/** Text as rich text: a paragraph for each part between empty lines, a break for each line's end, as `plainText` has it. */
export function fromText(text: string): readonly XmlNode[] {
  if (text === '') return []
  return text.split('\n\n').map((part) => ({
    kind: 'element',
    name: 'paragraph',
    attributes: {},
    children: part
      .split('\n')
      .flatMap((line, index): XmlNode[] => [
        ...(index > 0 ? [HARD_BREAK] : []),
        ...(line === '' ? [] : [{ kind: 'text' as const, pieces: [{ insert: line }] }]),
      ]),
  }))
}

const HARD_BREAK: XmlNode = { kind: 'element', name: 'hardBreak', attributes: {}, children: [] }
