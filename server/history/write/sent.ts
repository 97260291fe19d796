import type { XmlNode } from '../content/read.ts'
import { fromHtml } from './from-html.ts'
import { fromJson } from './from-json.ts'
import { fromMarkdown } from './from-markdown.ts'
import { fromText } from './from-text.ts'
import { invalid } from './invalid.ts'
import type { SentFormat } from './requests.ts'

/** Content in one of the formats as rich text. @throws SynclineError `content-invalid` */
export function nodesOf(format: SentFormat, body: string): readonly XmlNode[] {
  switch (format) {
    case 'text':
      return fromText(body)
    case 'markdown':
      return fromMarkdown(body)
    case 'html':
      return fromHtml(body)
    case 'json': {
      const said = fromJson(body)
      return said.kind === 'rich' ? said.nodes : invalid('{ "types": … } is a whole document')
    }
  }
}
