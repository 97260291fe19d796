import * as Y from 'yjs'
import { idsOf, placesOf } from './anchor.ts'
import { flatText, type Root, walk } from './flat-text.ts'
import type { Anchor } from './threads-state.ts'

/** Where the text of an anchor is: characters of its type, counted as `flatText` has them; or it is there no more. */
export type Place =
  | { readonly status: 'found'; readonly start: number; readonly end: number }
  | { readonly status: 'gone' }

export const GONE: Place = { status: 'gone' }

export interface Resolved {
  readonly places: ReadonlyMap<string, Place>
  /** Those that were not looked for any more: what is said of them is what was known before. */
  readonly left: ReadonlySet<string>
}

export interface ResolveOptions {
  /** What was known before. */
  readonly before?: ReadonlyMap<string, Place>
  /** What was left then, where the text is the same: nothing else is looked for. */
  readonly left?: ReadonlySet<string>
  /** How many characters are searched at once, default about a millisecond's worth; one search is done in any case. */
  readonly searched?: number
}

const SEARCHED_AT_ONCE = 2_000_000

/**
 * Where the texts of these anchors are in a document now, by their keys: in one walk through each type, however many
 * they are. An anchor has all that stands between its first and its last character, what was written there later
 * included; where those are gone, its own words, if they stand somewhere but once with what stood around them. So what
 * was moved, or taken out and put back, has its threads again. Never throws.
 */
export function resolveAnchors(
  doc: Y.Doc,
  anchors: ReadonlyMap<string, Anchor>,
  { before, left: wanted, searched: most = SEARCHED_AT_ONCE }: ResolveOptions = {},
): Resolved {
  const places = new Map<string, Place>()
  const left = new Set<string>()
  let searched = 0
  for (const [type, group] of byType(anchors)) {
    const root = doc.share.get(type)
    const ranges = root === undefined ? new Map<string, Range>() : rangesOf(doc, root, group)
    let text: string | undefined
    for (const [key, anchor] of group) {
      const range = ranges.get(key)
      const there = range !== undefined && range.start < range.end
      places.set(key, there ? { status: 'found', ...range } : GONE)
      if (root === undefined || anchor.before === undefined || anchor.after === undefined) continue
      // As long as when it was chosen: nothing of it has gone.
      if (there && range.end - range.start === anchor.quote.length) continue
      const skipped = wanted !== undefined && !wanted.has(key)
      if (skipped || (searched > 0 && searched >= most)) {
        if (!skipped) left.add(key)
        places.set(key, before?.get(key) ?? GONE)
        continue
      }
      text ??= flatText(root)
      searched += text.length
      const found = placesOf(text, anchor)
      const [start] = found
      if (start === undefined || found.length > 1) continue
      const end = start + anchor.quote.length
      // What is left of it has to be in there.
      if (!there || (start <= range.start && end >= range.end))
        places.set(key, { status: 'found', start, end })
    }
  }
  return { places, left }
}

interface Range {
  readonly start: number
  readonly end: number
}

function byType(
  anchors: ReadonlyMap<string, Anchor>,
): ReadonlyMap<string, readonly (readonly [string, Anchor])[]> {
  const groups = new Map<string, (readonly [string, Anchor])[]>()
  for (const entry of anchors) {
    const group = groups.get(entry[1].type)
    if (group === undefined) groups.set(entry[1].type, [entry])
    else group.push(entry)
  }
  return groups
}

/** What a walk finds of an anchor. */
interface Ends {
  start?: number
  end?: number
  /** Of the text in which the last character is: where it begins. */
  begins?: number
  /** Of the text in which the first character is: where it ends. */
  ends?: number
}

type Wish = (item: Y.Item, index: number, within: Within) => void

/** A paragraph, say, that is being walked through. */
interface Within {
  readonly begins: number
  /** Those of which the first character is in it. */
  readonly started: Ends[]
}

/** From the first to the last character of each, or to where they would be. */
function rangesOf(
  doc: Y.Doc,
  root: Root,
  group: readonly (readonly [string, Anchor])[],
): ReadonlyMap<string, Range> {
  const found = new Map<string, Ends>()
  const wishes = new Map<Y.Item, Wish[]>()
  const wish = (id: Y.ID, fulfil: Wish): void => {
    const item = itemOf(doc, id)
    if (item === undefined) return
    const others = wishes.get(item)
    if (others === undefined) wishes.set(item, [fulfil])
    else others.push(fulfil)
  }
  for (const [key, anchor] of group) {
    const ids = idsOf(anchor)
    // What has not come yet is not to be told from what is not there.
    if (ids === undefined || !isKnown(doc, ids.start) || !isKnown(doc, ids.end)) continue
    const ends: Ends = {}
    found.set(key, ends)
    wish(ids.start, (item, index, within) => {
      ends.start = isSeen(item) ? index + ids.start.clock - item.id.clock : index
      within.started.push(ends)
    })
    wish(ids.end, (item, index, within) => {
      ends.end = isSeen(item) ? index + ids.end.clock - item.id.clock + 1 : index
      ends.begins = within.begins
    })
  }
  if (wishes.size === 0) return new Map()

  let within: Within = { begins: 0, started: [] }
  const around: Within[] = []
  walk(root, {
    item: (item, index) => {
      for (const fulfil of wishes.get(item) ?? NOTHING) fulfil(item, index, within)
      if (item.deleted || !(item.content instanceof Y.ContentType)) return
      around.push(within)
      within = { begins: index, started: [] }
    },
    end: (_, index) => {
      for (const ends of within.started) ends.ends = index
      within = around.pop() ?? within
    },
  })
  const ranges = new Map<string, Range>()
  for (const [key, ends] of found) {
    // Of a text over several paragraphs one may be gone, and nothing is known any more of where in it the text began or ended.
    const start = ends.start ?? ends.begins
    const end = ends.end ?? ends.ends
    if (start !== undefined && end !== undefined) ranges.set(key, { start, end })
  }
  return ranges
}

const NOTHING: readonly Wish[] = []

const isSeen = ({ deleted, content }: Y.Item): boolean => !deleted && content instanceof Y.ContentString

const isKnown = ({ store }: Y.Doc, { client, clock }: Y.ID): boolean => clock < Y.getState(store, client)

/** The item that has an id which is known; undefined where nothing is left of it. */
function itemOf({ store }: Y.Doc, id: Y.ID): Y.Item | undefined {
  const struct = Y.getItem(store, id)
  return struct instanceof Y.Item ? struct : undefined
}
