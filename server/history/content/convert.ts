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
import { isText, saysSomething } from './said.ts'

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

/** All its texts, rich or not, that say something, or else the first of them; most documents have one. */
function words(contents: ReadonlyMap<string, Content>, write: Writer): string {
  const language = languageOf(contents.get(DOCUMENT_FIELDS.meta))
  const texts = [...contents.values()].filter(isText)
  const said = texts.filter(saysSomething)
  return (said.length > 0 ? said : texts.filter(({ kind }) => kind === 'xml').slice(0, 1))
    .map((text) =>
      text.kind === 'xml' ? write.rich(richText(text.nodes)) : write.code(textOf(text.pieces), language),
    )
    .join(write.between)
}

function languageOf(meta: Content | undefined): string | undefined {
  const language = meta?.kind === 'map' ? meta.entries.language : undefined
  return typeof language === 'string' ? language : undefined
}
