import { fromHtml } from './from-html.ts'
import { fromJson } from './from-json.ts'
import { fromMarkdown } from './from-markdown.ts'
import { fromText } from './from-text.ts'
import { invalid } from './invalid.ts'
import type { SentFormat } from './requests.ts'
import { AS_IT_IS, type Sent } from './simplified.ts'

/** Content in one of the formats as rich text. @throws SynclineError `content-invalid` */
export function sentAs(format: SentFormat, body: string): Sent {
  switch (format) {
    case 'text':
      return { nodes: fromText(body), simplified: AS_IT_IS }
    case 'markdown':
      return fromMarkdown(body)
    case 'html':
      return fromHtml(body)
    case 'json': {
      const said = fromJson(body)
      if (said.kind !== 'rich') invalid('{ "types": … } is a whole document')
      return { nodes: said.nodes, simplified: AS_IT_IS }
    }
  }
}
