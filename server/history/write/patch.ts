import * as Y from 'yjs'
import { SynclineError } from '../../errors.ts'
import { idOf, nameOf } from '../compare/shared-type.ts'
import type { XmlNode } from '../content/read.ts'
import { plainText, richText } from '../content/rich-text.ts'
import { checkAllowed, isAllowed } from './allowed.ts'
import { type Operation, type Place, withOwnLineEnds } from './requests.ts'
import { sentAs } from './sent.ts'
import type { Simplified } from './simplified.ts'
import { codeOf, editorOf, richOf } from './target.ts'
import { made, readRich } from './write-rich.ts'

/** Refused as a whole: what it expects is not there. */
function stale(operation: number, detail: string): never {
  throw new SynclineError('patch-stale', `operation ${operation + 1}: ${detail}`)
}

/**
 * Does operations one after the other, each on what those before it have left; returns what of their content was simplified.
 * @throws SynclineError `patch-stale` where what one of them expects is not there, `content-invalid`
 */
export function patch(doc: Y.Doc, operations: readonly Operation[]): ReadonlySet<Simplified> {
  const simplified = new Set<Simplified>()
  const touched = new Set<Y.XmlFragment>()
  for (const [index, operation] of operations.entries()) perform(doc, operation, index, simplified, touched)
  for (const parent of touched) checkAllowed(parent)
  return simplified
}

function perform(
  doc: Y.Doc,
  operation: Operation,
  index: number,
  simplified: Set<Simplified>,
  touched: Set<Y.XmlFragment>,
): void {
  const refuse = (detail: string): never => stale(index, detail)
  if ('block' in operation) {
    performOnBlock(richOf(doc), operation, simplified, touched, refuse)
    return
  }
  if (editorOf(doc) === 'rich') refuse('this is rich text, of which blocks are patched')
  const text = codeOf(doc)
  const words = wordsOf(text)
  const { from, length } = found(words, operation, refuse)
  switch (operation.op) {
    case 'insert':
      text.insert(operation.side === 'before' ? from : from + length, asIn(words, operation.text))
      break
    case 'delete':
      text.delete(from, length)
      break
    case 'replace':
      replaceIn([text], from, length, asIn(words, operation.text))
  }
}

type OnBlock = Extract<Operation, { readonly block: unknown }>
type Refuse = (detail: string) => never

function performOnBlock(
  root: Y.XmlFragment,
  operation: OnBlock,
  simplified: Set<Simplified>,
  touched: Set<Y.XmlFragment>,
  refuse: Refuse,
): void {
  const { parent, index, element } = blockAt(root, operation.block, refuse)
  const said = textOfBlock(element)
  if (operation.expect !== undefined && said !== asIn(said, operation.expect))
    refuse('the block says something else')
  // What was there and is not allowed here belongs to an application whose own editor allows it.
  if (isAllowed(parent)) touched.add(parent)
  switch (operation.op) {
    case 'insert-before':
      parent.insert(index, newBlocks(parent, operation, simplified))
      break
    case 'insert-after':
      parent.insert(index + 1, newBlocks(parent, operation, simplified))
      break
    case 'replace-block':
      parent.insert(index + 1, newBlocks(parent, operation, simplified))
      parent.delete(index, 1)
      break
    case 'delete-block':
      parent.delete(index, 1)
      break
    case 'replace-text': {
      const texts = textsOf(element)
      const { from, length } = found(texts.map(wordsOf).join(BETWEEN), operation, refuse)
      replaceIn(texts, from, length, operation.text)
    }
  }
}

function newBlocks(
  parent: Y.XmlFragment,
  { format, content }: Extract<OnBlock, { readonly content: unknown }>,
  simplified: Set<Simplified>,
) {
  const sent = sentAs(format, content)
  for (const one of sent.simplified) simplified.add(one)
  // Beside items of a list stand those of the list that was sent.
  const lists = sent.nodes.filter((node) => node.kind === 'element' && LISTS.has(node.name))
  const besideItems = LISTS.has(nameOf(parent) ?? '') && lists.length === sent.nodes.length
  return (besideItems ? lists.flatMap(childrenOf) : sent.nodes).map(made)
}

const LISTS: ReadonlySet<string> = new Set(['bulletList', 'orderedList'])

const childrenOf = (node: XmlNode): readonly XmlNode[] => (node.kind === 'element' ? node.children : [])

/** No text has it, so nothing is found that goes from one text into the next. */
const BETWEEN = '\0'

/** An embed is one position of a text and has no character. */
const wordsOf = (text: Y.Text): string =>
  (text.toDelta() as { insert: string | object }[])
    .map(({ insert }) => (typeof insert === 'string' ? insert : BETWEEN))
    .join('')

function textsOf(element: Y.XmlFragment): readonly Y.XmlText[] {
  return element.toArray().flatMap((child) => {
    if (child instanceof Y.XmlText) return [child]
    return child instanceof Y.XmlElement ? textsOf(child) : []
  })
}

/** New words have the marks of those whose place they take. */
function replaceIn(texts: readonly Y.Text[], from: number, length: number, by: string): void {
  let start = from
  for (const text of texts) {
    if (start <= text.length) {
      if (by !== '') text.insert(start + length, by)
      text.delete(start, length)
      return
    }
    start -= text.length + BETWEEN.length
  }
}

/** With the ends of lines that the text has: of several kinds, an application has written them and means the one that it says. */
function asIn(text: string, said: string): string {
  if (!text.includes('\r\n')) return withOwnLineEnds(said)
  return /(?<!\r)\n/.test(text) ? said : withOwnLineEnds(said).replaceAll('\n', '\r\n')
}

/** Where the characters are that an operation means. Half a character is nowhere: Yjs would make two of it that nobody wrote. */
function found(
  text: string,
  place: Place,
  refuse: Refuse,
): { readonly from: number; readonly length: number } {
  const { from, length } = placeOf(text, place, refuse)
  const cut = [from, from + length].find((at) => isInCharacter(text, at))
  if (cut !== undefined) refuse(`at ${cut} stands half a character`)
  return { from, length }
}

const isInCharacter = (text: string, at: number): boolean =>
  /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1))

function placeOf(
  text: string,
  place: Place,
  refuse: Refuse,
): { readonly from: number; readonly length: number } {
  if ('at' in place) {
    const at = place.at
    const expect = asIn(text, place.expect)
    if (expect === '' && text !== '') refuse('`expect` is empty and the text is not')
    if (!text.startsWith(expect, at) || at > text.length) refuse(`at ${at} stands something else`)
    return { from: at, length: expect.length }
  }
  const { occurrence, count } = place
  const find = asIn(text, place.find)
  const places: number[] = []
  for (let at = text.indexOf(find); at >= 0; at = text.indexOf(find, at + find.length)) places.push(at)
  const expected = count ?? (occurrence === undefined ? 1 : undefined)
  if (expected !== undefined && places.length !== expected)
    refuse(`what it looks for is there ${places.length} times`)
  const from = places[(occurrence ?? 1) - 1]
  if (from === undefined) return refuse(`what it looks for is there ${places.length} times`)
  return { from, length: find.length }
}

interface Block {
  readonly parent: Y.XmlFragment
  readonly index: number
  readonly element: Y.XmlElement
}

/** By its number among those of the document, or by its id, wherever it stands. */
function blockAt(root: Y.XmlFragment, block: number | string, refuse: Refuse): Block {
  if (typeof block === 'number') {
    const places = root.toArray().flatMap((child, index) => (child instanceof Y.XmlElement ? [index] : []))
    const index = places[block]
    const element = index === undefined ? undefined : root.get(index)
    if (index === undefined || !(element instanceof Y.XmlElement))
      return refuse(`there are ${places.length} blocks`)
    return { parent: root, index, element }
  }
  return withId(root, block) ?? refuse('there is no such block')
}

function withId(parent: Y.XmlFragment, id: string): Block | undefined {
  for (const [index, element] of parent.toArray().entries()) {
    if (!(element instanceof Y.XmlElement)) continue
    if (element._item !== null && idOf(element._item) === id) return { parent, index, element }
    const within = withId(element, id)
    if (within !== undefined) return within
  }
  return undefined
}

function textOfBlock(element: Y.XmlElement): string {
  const node: XmlNode = {
    kind: 'element',
    name: element.nodeName,
    attributes: {},
    children: readRich(element),
  }
  return plainText(richText([node]))
}
