import { type Attrs, Schema } from 'prosemirror-model'
import { linkUrl } from '../content/url.ts'

const language = (dom: Element): Attrs => {
  const named = /(?:^|\s)language-([\w+#.-]{1,40})(?:\s|$)/.exec(
    dom.querySelector('code')?.getAttribute('class') ?? dom.getAttribute('class') ?? '',
  )
  return { language: named?.[1] ?? null }
}

const heading = (level: number) => ({ tag: `h${level}`, attrs: { level } })

const start = (dom: Element): Attrs => {
  const number = Number.parseInt(dom.getAttribute('start') ?? '', 10)
  return { start: number >= 0 && number <= 999_999_999 ? number : 1 }
}

const link = (dom: Element): Attrs | false => {
  const href = linkUrl(dom.getAttribute('href'))
  return href === undefined || href === '' ? false : { href }
}

/**
 * What Tiptap's StarterKit has, and with it the studio, under its names: an editor takes what it does not know out of a
 * shared document, so nothing else is made of what comes in another form.
 */
export const schema = new Schema({
  nodes: {
    doc: { content: 'block*' },
    paragraph: { group: 'block', content: 'inline*', parseDOM: [{ tag: 'p' }] },
    heading: {
      group: 'block',
      content: 'inline*',
      attrs: { level: { default: 1 } },
      defining: true,
      parseDOM: [1, 2, 3, 4, 5, 6].map(heading),
    },
    codeBlock: {
      group: 'block',
      content: 'text*',
      marks: '',
      code: true,
      defining: true,
      attrs: { language: { default: null } },
      parseDOM: [{ tag: 'pre', preserveWhitespace: 'full', getAttrs: language }],
    },
    blockquote: {
      group: 'block',
      content: 'block+',
      defining: true,
      parseDOM: [{ tag: 'blockquote' }],
    },
    bulletList: { group: 'block', content: 'listItem+', parseDOM: [{ tag: 'ul' }] },
    orderedList: {
      group: 'block',
      content: 'listItem+',
      attrs: { start: { default: 1 } },
      parseDOM: [{ tag: 'ol', getAttrs: start }],
    },
    listItem: { content: 'paragraph block*', defining: true, parseDOM: [{ tag: 'li' }] },
    horizontalRule: { group: 'block', parseDOM: [{ tag: 'hr' }] },
    hardBreak: { group: 'inline', inline: true, selectable: false, parseDOM: [{ tag: 'br' }] },
    text: { group: 'inline' },
  },
  marks: {
    link: { attrs: { href: {} }, inclusive: false, parseDOM: [{ tag: 'a[href]', getAttrs: link }] },
    bold: { parseDOM: [{ tag: 'strong' }, { tag: 'b' }] },
    italic: { parseDOM: [{ tag: 'em' }, { tag: 'i' }] },
    underline: { parseDOM: [{ tag: 'u' }] },
    strike: { parseDOM: [{ tag: 's' }, { tag: 'del' }, { tag: 'strike' }] },
    code: { excludes: '_', code: true, parseDOM: [{ tag: 'code' }] },
  },
})
