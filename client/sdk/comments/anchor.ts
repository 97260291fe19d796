import * as Y from 'yjs'
import { flatText, idsAt } from './flat-text.ts'
import type { Anchor } from './threads-state.ts'

/** As the server takes it. */
const MAX_QUOTE = 1_000
const MAX_POSITION = 64
/** So much of what stands around a text tells it from others of the same words. */
const CONTEXT = 32
/** With less than that they may be said again by chance. */
const TELLING = 12

/** The first and the last character that an anchor names. */
export interface AnchorIds {
  readonly start: Y.ID
  readonly end: Y.ID
}

/**
 * An anchor for the characters from `start` to `end` of a shared type, counted as `flatText` has them. Undefined where
 * there are none.
 */
export function anchorOf(doc: Y.Doc, type: string, start: number, end: number): Anchor | undefined {
  const root = doc.share.get(type)
  if (root === undefined || !(start >= 0 && end > start)) return undefined
  const [first, last] = idsAt(root, [start, end - 1])
  if (first === undefined || last === undefined) return undefined
  const text = flatText(root)
  const quote = whole(text.slice(start, Math.min(end, start + MAX_QUOTE)))
  if (quote === '') return undefined
  const anchor = { type, start: encode(first, 0), end: encode(last, -1), quote }
  const around = {
    before: whole(text.slice(Math.max(0, start - CONTEXT), start)),
    after: whole(text.slice(end, end + CONTEXT)),
  }
  // What was shortened, or is there more than once, cannot be looked for.
  const tells =
    quote.length === end - start &&
    around.before.length + quote.length + around.after.length >= TELLING &&
    placesOf(text, { ...anchor, ...around }).length === 1
  return tells ? { ...anchor, ...around } : anchor
}

/** Where the words of an anchor stand with what stood around them: none, the place, or the first two of more. */
export function placesOf(text: string, { quote, before = '', after = '' }: Anchor): readonly number[] {
  if (quote === '') return []
  const wanted = before + quote + after
  const first = text.indexOf(wanted)
  if (first === -1) return []
  const second = text.indexOf(wanted, first + 1)
  return second === -1 ? [first + before.length] : [first + before.length, second + before.length]
}

/** What an anchor names. Another client wrote it: undefined where it names no characters. */
export function idsOf(anchor: Anchor): AnchorIds | undefined {
  if (decoded.has(anchor)) return decoded.get(anchor)
  const start = decode(anchor.start)
  const end = decode(anchor.end)
  const ids = start === undefined || end === undefined ? undefined : { start, end }
  decoded.set(anchor, ids)
  return ids
}

const decoded = new WeakMap<Anchor, AnchorIds | undefined>()

/** Such as Yjs' own functions take: before the character, or after it. */
function encode(id: Y.ID, assoc: 0 | -1): string {
  const bytes = Y.encodeRelativePosition(new Y.RelativePosition(null, null, id, assoc))
  return btoa(String.fromCharCode(...bytes))
}

function decode(base64: string): Y.ID | undefined {
  if (typeof base64 !== 'string' || base64.length > MAX_POSITION) return undefined
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    return Y.decodeRelativePosition(bytes).item ?? undefined
  } catch {
    return undefined
  }
}

/** Without halves of characters, or what no database text can hold. */
const whole = (text: string): string =>
  text
    .replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '')
    .toWellFormed()
    .replaceAll('\0', '\ufffd')
