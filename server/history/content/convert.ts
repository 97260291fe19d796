import { DOCUMENT_FIELDS } from '../../protocol.ts'
import { encodeJson } from '../json.ts'
import type { HistoryDocument } from '../positions/history-document.ts'
import { stateAt } from '../positions/state.ts'
import { textOf } from './delta.ts'
import { codeHtml, toHtml } from './html.ts'
import { typesJson } from './json.ts'
import { codeMarkdown, toMarkdown } from './markdown.ts'
import { type Content, readContent } from './read.ts'
import { plainText, richText } from './rich-text.ts'

/** The forms in which a position can be read. */
export const FORMATS = ['json', 'text', 'markdown', 'html', 'yjs'] as const
export type Format = (typeof FORMATS)[number]

/** What a room held after its first `seq` entries. */
export function convert(history: HistoryDocument, seq: number, format: Format): Uint8Array<ArrayBuffer> {
  if (format === 'yjs') return new Uint8Array(stateAt(history, seq))
  const contents = readContent(history, seq)
  if (format === 'json') return encodeJson({ seq, types: typesJson(contents) })
  return new TextEncoder().encode(words(contents, WRITERS[format]))
}

interface Writer {
  readonly rich: (nodes: ReturnType<typeof richText>) => string
  readonly code: (text: string, language: string | undefined) => string
  readonly between: string
}

const WRITERS: Readonly<Record<'text' | 'markdown' | 'html', Writer>> = {
  text: { rich: plainText, code: (text) => text, between: '\n\n' },
  markdown: { rich: toMarkdown, code: codeMarkdown, between: '\n\n' },
  html: { rich: toHtml, code: codeHtml, between: '\n' },
}

/** All its texts, rich or not, that are not empty; most documents have one. */
function words(contents: ReadonlyMap<string, Content>, write: Writer): string {
  const language = languageOf(contents.get(DOCUMENT_FIELDS.meta))
  return [...contents.values()]
    .flatMap((content) => {
      if (content.kind === 'xml')
        return content.nodes.length === 0 ? [] : [write.rich(richText(content.nodes))]
      if (content.kind !== 'text') return []
      const text = textOf(content.pieces)
      return text === '' ? [] : [write.code(text, language)]
    })
    .join(write.between)
}

function languageOf(meta: Content | undefined): string | undefined {
  const language = meta?.kind === 'map' ? meta.entries.language : undefined
  return typeof language === 'string' ? language : undefined
}
