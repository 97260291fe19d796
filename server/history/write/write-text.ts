import { isDeepStrictEqual } from 'node:util'
import type * as Y from 'yjs'
import type { Piece } from '../content/delta.ts'
import { markName } from '../content/rich-text.ts'
import { align } from './align.ts'
import type { Fidelity } from './fidelity.ts'

type Attributes = Readonly<Record<string, unknown>>

/** One step of a Quill delta, as Yjs takes it. */
interface Step {
  insert?: string | object
  retain?: number
  delete?: number
  attributes?: Record<string, unknown>
}

/** A word, what is between two, an embed: what is compared at once. */
interface Token {
  readonly key: string
  readonly insert: string | object
  readonly length: number
  readonly attributes: Attributes
}

/**
 * Makes a text read as these pieces by the smallest change that is found: what stays is not touched, to the character, so
 * that carets and anchors in it stay, and what others type meanwhile.
 */
export function writeText(text: Y.Text, wanted: readonly Piece[], fidelity: Fidelity): void {
  const { leading, tokens: before } = trimmed(tokensOf(text.toDelta() as readonly Op[], fidelity), fidelity)
  const { tokens: after } = trimmed(tokensOf(wanted.map(opOf), fidelity), fidelity)
  const steps: Step[] = leading > 0 ? [{ retain: leading }] : []
  let one = 0
  let other = 0
  const gapTo = (until: number, otherUntil: number) => {
    replace(before.slice(one, until), after.slice(other, otherUntil), fidelity, steps)
  }
  const keys = ({ key }: Token) => key
  for (const [a, b] of align(before.map(keys), after.map(keys))) {
    gapTo(a, b)
    keep(before[a], after[b], fidelity, steps)
    one = a + 1
    other = b + 1
  }
  gapTo(before.length, after.length)
  while (steps.length > 0 && isBareRetain(steps.at(-1))) steps.pop()
  if (steps.length > 0) text.applyDelta(steps)
}

/** Pieces as a new text takes them. */
export const deltaOf = (pieces: readonly Piece[]): Step[] => pieces.map(opOf).map(stepOf)

interface Op {
  readonly insert: string | object
  readonly attributes?: Attributes
}

const opOf = ({ insert, attributes }: Piece): Op => ({
  insert: typeof insert === 'string' ? insert : Object(insert.embed),
  ...(attributes !== undefined && { attributes }),
})

const stepOf = ({ insert, attributes = {} }: Pick<Token, 'insert'> & { attributes?: Attributes }): Step => ({
  insert,
  attributes: { ...attributes },
})

const WORD = '[\\p{L}\\p{M}\\p{N}_]+'
const OTHER = '[^\\p{L}\\p{M}\\p{N}_]'
const SPACE = ' '

function tokensOf(ops: readonly Op[], { space }: Fidelity): Token[] {
  const token = new RegExp([WORD, ...(space === undefined ? [] : [space]), OTHER].join('|'), 'gu')
  const isSpace = space === undefined ? undefined : new RegExp(`^(?:${space})$`)
  return ops.flatMap(({ insert, attributes = {} }): Token[] => {
    if (typeof insert !== 'string')
      return [{ key: `\0${JSON.stringify(insert)}`, insert, length: 1, attributes }]
    return (insert.match(token) ?? []).map((word) => ({
      key: isSpace?.test(word) ? SPACE : word,
      insert: word,
      length: word.length,
      attributes,
    }))
  })
}

/** What is there stays; its formats become those that are wanted. */
function keep(
  before: Pick<Token, 'length' | 'attributes'> | undefined,
  after: Pick<Token, 'attributes'> | undefined,
  fidelity: Fidelity,
  steps: Step[],
): void {
  if (before === undefined || after === undefined) return
  const attributes = reformat(before.attributes, after.attributes, fidelity)
  const last = steps.at(-1)
  if (last?.retain !== undefined && isDeepStrictEqual(last.attributes, attributes))
    last.retain += before.length
  else steps.push({ retain: before.length, ...(attributes !== undefined && { attributes }) })
}

/** Of two words that differ, the letters that both begin and end with stay. */
function replace(before: readonly Token[], after: readonly Token[], fidelity: Fidelity, steps: Step[]): void {
  const [from, to] = [before.flatMap(charsOf), after.flatMap(charsOf)]
  let start = 0
  while (start < from.length && start < to.length && from[start]?.key === to[start]?.key) start += 1
  let end = 0
  const most = Math.min(from.length, to.length) - start
  while (end < most && from.at(-1 - end)?.key === to.at(-1 - end)?.key) end += 1
  for (let at = 0; at < start; at += 1) keep(from[at], to[at], fidelity, steps)
  for (const token of to.slice(start, to.length - end)) insert(token, steps)
  const gone = lengthOf(from.slice(start, from.length - end))
  if (gone > 0) steps.push({ delete: gone })
  for (let at = end; at > 0; at -= 1) keep(from.at(-at), to.at(-at), fidelity, steps)
}

const lengthOf = (tokens: readonly Token[]): number => tokens.reduce((sum, { length }) => sum + length, 0)

/** A text without the spaces at its ends that a format cannot say: they stay. */
function trimmed(
  tokens: readonly Token[],
  { space }: Fidelity,
): { readonly leading: number; readonly tokens: readonly Token[] } {
  if (space === undefined) return { leading: 0, tokens }
  const isWord = ({ insert }: Token) => typeof insert !== 'string' || !/^[ \t\r\n\f]+$/.test(insert)
  const [first, last] = [tokens.findIndex(isWord), tokens.findLastIndex(isWord)]
  if (first < 0) return { leading: lengthOf(tokens), tokens: [] }
  return { leading: lengthOf(tokens.slice(0, first)), tokens: tokens.slice(first, last + 1) }
}

/** By code points: half a character is never kept. */
function charsOf(token: Token): readonly Token[] {
  if (typeof token.insert !== 'string' || token.key === SPACE) return [token]
  return [...token.insert].map((char) => ({ ...token, key: char, insert: char, length: char.length }))
}

function insert(token: Token, steps: Step[]): void {
  const last = steps.at(-1)
  const joins =
    typeof last?.insert === 'string' &&
    typeof token.insert === 'string' &&
    isDeepStrictEqual(last.attributes, { ...token.attributes })
  if (joins) last.insert += token.insert
  else steps.push(stepOf(token))
}

/** What is to be changed of formats, undefined where nothing is. */
function reformat(
  before: Attributes,
  after: Attributes,
  fidelity: Fidelity,
): Record<string, unknown> | undefined {
  const change: Record<string, unknown> = {}
  const left = new Map(Object.entries(after))
  for (const [key, value] of Object.entries(before)) {
    const said = fidelity.mark(key, value)
    if (said === undefined) continue
    // Its name may have a hash that what was sent does not tell.
    const same = [...left].find(
      ([name, wanted]) =>
        markName(name) === markName(key) && isDeepStrictEqual(fidelity.mark(name, wanted), said),
    )
    if (same === undefined) change[key] = null
    else left.delete(same[0])
  }
  for (const [key, value] of left) change[key] = value
  return Object.keys(change).length > 0 ? change : undefined
}

const isBareRetain = (step: Step | undefined): boolean =>
  step?.retain !== undefined && step.attributes === undefined
