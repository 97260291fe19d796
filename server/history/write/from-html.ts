import { parseHTML } from 'linkedom'
import { DOMParser } from 'prosemirror-model'
import { isLink, linkUrl } from '../content/url.ts'
import { richNodes } from './from-json.ts'
import { invalid, MAX_DEPTH } from './invalid.ts'
import { schema } from './schema.ts'
import type { Sent, Simplified } from './simplified.ts'

/** Elements of one document; a page of a hundred thousand words has some ten thousand. */
const MAX_ELEMENTS = 100_000

const parser = DOMParser.fromSchema(schema)

/** Elements that the schema has, those that say no more than that they hold something, and those of which nothing is content. */
const PLAIN: ReadonlySet<string> = new Set([
  ...parser.rules.flatMap((rule) => /^\w+/.exec(('tag' in rule && rule.tag) || '') ?? []),
  ...'html body div span section article main header footer nav aside address hgroup figure figcaption label wbr'.split(
    ' ',
  ),
  ...'head title meta link base script style template noscript'.split(' '),
])

/** What elements are a part of that the schema does not have. */
const PARTS: ReadonlyMap<string, Simplified> = new Map<string, Simplified>([
  ...'table caption colgroup col thead tbody tfoot tr th td'
    .split(' ')
    .map((name) => [name, 'table'] as const),
  ['img', 'image'],
  ['picture', 'image'],
])

/**
 * Reads HTML, from wherever it comes: nothing in it is run or fetched. What the schema does not have stays as its text.
 * @throws SynclineError `content-invalid`
 */
export function fromHtml(html: string): Sent {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const { body } = document
  // Inside of it, so that a tag that closes it ends nothing.
  body.innerHTML = html.toWellFormed()
  const simplified = new Set<Simplified>()
  for (const element of elementsOf(body)) {
    const lost = lossOf(element)
    if (lost !== undefined) simplified.add(lost)
    simplify(element, document)
  }
  // linkedom's nodes are what it asks of a browser's.
  const doc = parser.parse(body as unknown as Parameters<typeof parser.parse>[0])
  return { nodes: richNodes(doc.toJSON()), simplified }
}

/** What is lost of an element, beside what it holds. */
function lossOf(element: Element): Simplified | undefined {
  const name = element.localName.toLowerCase()
  if (name === 'a') {
    const href = element.getAttribute('href')
    if (href === null) return undefined
    return isLink(href) && element.closest('code, pre') === null ? undefined : 'link'
  }
  if (name === 'code' && element.closest('a[href]') !== null) return 'link'
  if (name === 'input') return element.getAttribute('type') === 'checkbox' ? 'task-list' : 'element'
  return PLAIN.has(name) ? undefined : (PARTS.get(name) ?? 'element')
}

/** All below, in order; found without a call for each level. */
function elementsOf(body: Element): readonly Element[] {
  const all: Element[] = []
  let level: Element[] = [...body.children]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) invalid(`it is nested more than ${MAX_DEPTH} deep`)
    for (const element of level) all.push(element)
    if (all.length > MAX_ELEMENTS) invalid(`it has more than ${MAX_ELEMENTS} elements`)
    level = level.flatMap((element) => [...element.children])
  }
  return all
}

/** Says what the schema has no element for in one that it has. */
function simplify(element: Element, document: Document): void {
  const attribute = (name: string) => element.getAttribute(name) ?? ''
  const replaceBy = (name: string) => {
    const other = document.createElement(name)
    other.append(...element.childNodes)
    element.replaceWith(other)
  }
  switch (element.localName.toLowerCase()) {
    case 'script':
    case 'style':
    case 'template':
    case 'head':
      element.remove()
      break
    case 'noscript':
    case 'object':
    case 'title':
    case 'tr':
    case 'caption':
    case 'summary':
    case 'legend':
    case 'dt':
      replaceBy('div')
      break
    case 'td':
    case 'th':
      if (element.nextElementSibling !== null) element.append(' | ')
      break
    case 'img':
      element.replaceWith(picture(element, document))
      break
    case 'input':
      if (attribute('type') !== 'checkbox') element.replaceWith(attribute('value'))
      else element.replaceWith(element.hasAttribute('checked') ? '[x] ' : '[ ] ')
  }
}

/** A link to it, or its words where there is nothing to lead to. */
function picture(image: Element, document: Document): Element | string {
  const src = linkUrl(image.getAttribute('src')) ?? ''
  const words = image.getAttribute('alt') || src
  if (src === '') return words
  const link = document.createElement('a')
  link.setAttribute('href', src)
  link.append(words)
  return link
}
