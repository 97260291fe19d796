import { isDeepStrictEqual } from 'node:util'
import * as Y from 'yjs'
import type { Piece } from '../content/delta.ts'
import type { XmlNode } from '../content/read.ts'
import { camelCase, markName } from '../content/rich-text.ts'
import { align, alignBest, type Pairs } from './align.ts'
import { type Fidelity, says, within } from './fidelity.ts'
import { invalid } from './invalid.ts'
import { deltaOf, writeText } from './write-text.ts'

type Child = Y.XmlElement | Y.XmlText | Y.XmlHook
type XmlElement = Extract<XmlNode, { kind: 'element' }>

/** Words by which two blocks are compared, and what likeness two of a kind have without any. */
const COMPARED_WORDS = 50
const SAME_KIND = 0.01

/** What stands in rich text now. */
export const readRich = (parent: Y.XmlFragment): readonly XmlNode[] =>
  (parent.toArray() as Child[]).map(readChild)

/** A child as it is now. */
export function readChild(child: Child): XmlNode {
  if (child instanceof Y.XmlText) return { kind: 'text', pieces: piecesOf(child) }
  if (child instanceof Y.XmlHook)
    return { kind: 'element', name: child.hookName, attributes: {}, children: [] }
  return {
    kind: 'element',
    name: child.nodeName,
    attributes: child.getAttributes() as Record<string, unknown>,
    children: readRich(child),
  }
}

/** The pieces of a text as it is now. */
export const piecesOf = (text: Y.Text): readonly Piece[] =>
  (text.toDelta() as { insert: string | object; attributes?: Record<string, unknown> }[]).map(
    ({ insert, attributes }) => ({
      insert: typeof insert === 'string' ? insert : { embed: insert },
      ...(attributes !== undefined && { attributes }),
    }),
  )

/**
 * Makes rich text read as these nodes. Blocks that read the same stay as they are, wherever others come and go between
 * them; of those that are left the ones that are most alike become each other, and the rest goes or comes.
 */
export function writeRich(parent: Y.XmlFragment, wanted: readonly XmlNode[], fidelity: Fidelity): void {
  const children = parent.toArray() as Child[]
  const before = children.map(readChild)
  const { same, alike } = pairsOf(before, wanted, fidelity)
  const kept = new Map(same)
  const partner = new Map([...same, ...alike])
  // From the end, so that what was not looked at yet stays where it is.
  let next = wanted.length
  for (let index = children.length - 1; index >= -1; index -= 1) {
    const other = index < 0 ? -1 : partner.get(index)
    if (other === undefined) {
      remove(parent, index, before, wanted, fidelity)
      continue
    }
    const news = wanted.slice(other + 1, next).map(made)
    if (news.length > 0) parent.insert(index + 1, news)
    next = other
    const child = children[index]
    const node = wanted[other]
    if (child !== undefined && node !== undefined && !kept.has(index)) writeChild(child, node, fidelity)
  }
}

/** A new element, or a new text, with all that is in it. */
export function made(node: XmlNode): Y.XmlElement | Y.XmlText {
  if (node.kind === 'text') {
    const text = new Y.XmlText()
    text.applyDelta(deltaOf(node.pieces))
    return text
  }
  const element = new Y.XmlElement<Record<string, unknown & string>>(node.name)
  for (const [name, value] of Object.entries(node.attributes)) element.setAttribute(name, value as string)
  if (node.children.length > 0) element.insert(0, node.children.map(made))
  return element as unknown as Y.XmlElement
}

function writeChild(child: Child, node: XmlNode, fidelity: Fidelity): void {
  if (child instanceof Y.XmlText) {
    if (node.kind === 'text') writeText(child, node.pieces, fidelity)
  } else if (child instanceof Y.XmlElement && node.kind === 'element') {
    writeAttributes(child, node, fidelity)
    writeRich(child, node.children, within(node.name, fidelity))
  }
}

/** Makes an element read as the one of its name that stands alone among these. @throws SynclineError `content-invalid` */
export function writeElement(element: Y.XmlElement, wanted: readonly XmlNode[], fidelity: Fidelity): void {
  const [node, ...more] = wanted
  if (node?.kind !== 'element' || node.name !== element.nodeName || more.length > 0)
    invalid(`${element.nodeName} in a list or a map stays one element of that name`)
  writeChild(element, node, fidelity)
}

function writeAttributes(element: Y.XmlElement, { name, attributes }: XmlElement, fidelity: Fidelity): void {
  const before = fidelity.attributes(name, element.getAttributes() as Record<string, unknown>)
  const after = fidelity.attributes(name, attributes)
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) element.removeAttribute(key)
  for (const [key, value] of Object.entries(after)) {
    if (!isDeepStrictEqual(before[key], value)) element.setAttribute(key, value as string)
  }
}

/** A text that nothing takes the place of is emptied: who types in it goes on typing there. What a format cannot say stays. */
function remove(
  parent: Y.XmlFragment,
  index: number,
  before: readonly XmlNode[],
  wanted: readonly XmlNode[],
  fidelity: Fidelity,
): void {
  const node = before[index]
  if (node === undefined || !isSaid(node, fidelity)) return
  const child = parent.get(index)
  if (child instanceof Y.XmlText && before.length === 1 && wanted.length === 0) child.delete(0, child.length)
  else parent.delete(index, 1)
}

function pairsOf(
  before: readonly XmlNode[],
  wanted: readonly XmlNode[],
  fidelity: Fidelity,
): { readonly same: Pairs; readonly alike: Pairs } {
  const key = (node: XmlNode) => keyOf(node, fidelity)
  // A caret may stand in what a format does not say; where there is nothing else it is what is written into.
  const open = before.some((node) => says(node, fidelity))
    ? (node?: XmlNode) => node && says(node, fidelity)
    : () => true
  const same = align(before.map(key), wanted.map(key))
  const alike: (readonly [number, number])[] = []
  let from = 0
  let otherFrom = 0
  for (const [until, otherUntil] of [...same, [before.length, wanted.length] as const]) {
    const [ones, others] = [before.slice(from, until), wanted.slice(otherFrom, otherUntil)]
    const [words, otherWords] = [ones.map(wordsOf), others.map(wordsOf)]
    const found = alignBest(ones.length, others.length, (a, b) =>
      open(ones[a]) && sameKind(ones[a], others[b])
        ? SAME_KIND + likeness(words[a] ?? NONE, otherWords[b] ?? NONE)
        : 0,
    )
    for (const [a, b] of found) alike.push([from + a, otherFrom + b])
    from = until + 1
    otherFrom = otherUntil + 1
  }
  return { same, alike }
}

function sameKind(one: XmlNode | undefined, other: XmlNode | undefined): boolean {
  if (one?.kind === 'text') return other?.kind === 'text'
  return one !== undefined && other?.kind === 'element' && one.name === other.name
}

/** The same for two nodes where nothing would have to be changed. */
function keyOf(node: XmlNode, fidelity: Fidelity): string {
  if (node.kind === 'text') return textKey(node.pieces, fidelity)
  const { name, attributes, children } = node
  const said = Object.entries(fidelity.attributes(name, attributes)).sort(byName)
  const inside = within(name, fidelity)
  const parts = inside.headingBreaks || camelCase(name) !== 'heading' ? children : inOneLine(children)
  const keys = parts.filter((child) => isSaid(child, inside)).map((child) => keyOf(child, inside))
  return JSON.stringify([name, said, keys])
}

/** As one text, with spaces for breaks. */
function inOneLine(children: readonly XmlNode[]): readonly XmlNode[] {
  const pieces = children.flatMap((child): readonly (Piece | undefined)[] => {
    if (child.kind === 'text') return child.pieces
    return [camelCase(child.name) === 'hardBreak' ? { insert: ' ' } : undefined]
  })
  const known = pieces.filter((piece) => piece !== undefined)
  return known.length === pieces.length ? [{ kind: 'text', pieces: known }] : children
}

/** Whether a format tells a document with it from one without. */
const isSaid = (node: XmlNode, fidelity: Fidelity): boolean =>
  node.kind === 'text' ? textKey(node.pieces, fidelity) !== NO_WORDS : says(node, fidelity)

const NO_WORDS = '[]'

/** The same wherever its pieces are cut. */
function textKey(pieces: readonly Piece[], fidelity: Fidelity): string {
  const runs: Run[] = []
  for (const { insert, attributes = {} } of pieces) {
    const said = Object.entries(attributes)
      .map(([name, value]) => [markName(name), fidelity.mark(name, value)])
      .filter(([, value]) => value !== undefined)
    const marks = JSON.stringify(said.sort(byName))
    const text = typeof insert === 'string' ? insert : `\0${JSON.stringify(insert)}`
    const last = runs.at(-1)
    if (last?.marks === marks) last.text += text
    else runs.push({ marks, text })
  }
  return JSON.stringify(fidelity.space === undefined ? runs : spaced(runs, new RegExp(fidelity.space, 'g')))
}

interface Run {
  readonly marks: string
  text: string
}

/** Without the spaces that a format cannot say. */
function spaced(runs: readonly Run[], space: RegExp): readonly Run[] {
  const said = runs.map(({ marks, text }) => ({ marks, text: text.replace(space, ' ') }))
  const isEmpty = ({ text }: Run) => text === ''
  let from = 0
  for (let first = said[from]; first !== undefined; first = said[from]) {
    first.text = first.text.replace(LEADING, '')
    if (!isEmpty(first)) break
    from += 1
  }
  let until = said.length
  for (let last = said[until - 1]; last !== undefined && until > from; last = said[until - 1]) {
    last.text = last.text.replace(TRAILING, '')
    if (!isEmpty(last)) break
    until -= 1
  }
  return said.slice(from, until)
}

const LEADING = /^[ \t\r\n\f]+/
const TRAILING = /[ \t\r\n\f]+$/

const byName = ([a]: readonly unknown[], [b]: readonly unknown[]): number => (String(a) < String(b) ? -1 : 1)

const NONE: ReadonlySet<string> = new Set()

function wordsOf(node: XmlNode): ReadonlySet<string> {
  const words = new Set<string>()
  const visit = (one: XmlNode): void => {
    if (words.size >= COMPARED_WORDS) return
    if (one.kind === 'element') {
      one.children.forEach(visit)
      return
    }
    for (const { insert } of one.pieces) {
      if (typeof insert !== 'string') continue
      for (const [word] of insert.matchAll(/[\p{L}\p{M}\p{N}]+/gu)) {
        if (words.size >= COMPARED_WORDS) return
        words.add(word)
      }
    }
  }
  visit(node)
  return words
}

/** The words that two have in common, as a share of all (Dice). */
function likeness(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  if (one.size === 0 || other.size === 0) return 0
  let common = 0
  for (const word of one) if (other.has(word)) common += 1
  return (2 * common) / (one.size + other.size)
}
