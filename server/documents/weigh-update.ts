import * as Y from 'yjs'
import type { Id, UpdateShape } from './check-update.ts'
import { standsOddly, structAt } from './placement.ts'
import { DOCUMENT, HEAVY } from './update-limits.ts'
import { harmful } from './update-reader.ts'

/** Ordinary updates are applied at once; heavy ones are tried in another process first. */
export type Weight = 'ordinary' | 'heavy'

/**
 * Holds an update that was checked against the document that it is for.
 * @throws SynclineError `update-refused` where the two together would do harm.
 */
export function weighUpdate(doc: Y.Doc, update: Uint8Array, shape: UpdateShape): Weight {
  const newClients = refuseRewriting(doc, update, shape)
  refuseRoots(doc, shape)
  return heavyByItself(shape) || newClients > HEAVY.clients || heavyHere(doc, update, shape)
    ? 'heavy'
    : 'ordinary'
}

const heavyByItself = (shape: UpdateShape): boolean =>
  shape.structs > HEAVY.structs ||
  shape.bytes > HEAVY.bytes ||
  shape.values > HEAVY.values ||
  shape.formats > HEAVY.formats ||
  shape.keyed > HEAVY.keyed ||
  !shape.ordered

const heavyHere = (doc: Y.Doc, update: Uint8Array, shape: UpdateShape): boolean =>
  standsOddly(doc, shape.placement) ||
  (shape.types > 0 && deepestPossible(doc, shape) > HEAVY.depth) ||
  // A client that comes back brings all deletions that it knows of, nearly all of which are done.
  (shape.ranges > HEAVY.ranges && undeleted(doc, update) > HEAVY.ranges)

/**
 * A struct that says, in part, what the document has: Yjs takes the rest. If it says something else, it is
 * forged; Yjs may then throw half-way through it. Returns how many clients the document has nothing of yet.
 */
function refuseRewriting(doc: Y.Doc, update: Uint8Array, { runs }: UpdateShape): number {
  let newClients = 0
  /** How far the document is in those that begin before that and end after it. */
  const across = new Map<number, number>()
  for (const { client, start, end } of runs) {
    const state = Y.getState(doc.store, client)
    if (state === 0) newClients += 1
    if (start < state && state < end) across.set(client, state)
  }
  if (across.size === 0) return newClients
  // Once for all of them: read again for each, half a megabyte with 300 of them held the thread for 13 s.
  for (const struct of Y.decodeUpdate(update).structs) {
    const { id, length } = struct
    const state = across.get(id.client)
    if (state === undefined || id.clock >= state || state >= id.clock + length) continue
    if (struct instanceof Y.Item && !continues(doc, struct)) harmful('it rewrites what is there')
  }
  return newClients
}

/** Whether an item is what the document has of it so far. */
function continues(doc: Y.Doc, item: Y.Item): boolean {
  const known = structAt(doc, item.id.client, item.id.clock)
  // What is collected says nothing of itself any more; but then all that it stood in is collected too.
  if (!(known instanceof Y.Item)) return !standsInSomething(doc, item)
  const { client, clock } = item.id
  if (known.id.clock < clock) return sameId(item.origin, Y.createID(client, clock - 1))
  if (!sameId(item.origin, known.origin) || !sameId(item.rightOrigin, known.rightOrigin)) return false
  if (item.parent === null) return true
  if (!(known.parent instanceof Y.AbstractType)) return false
  // As decoded, a root is its name and a type its id.
  if (typeof item.parent === 'string') return doc.share.get(item.parent) === known.parent
  return item.parent instanceof Y.ID && sameId(item.parent, known.parent._item?.id ?? null)
}

const sameId = (one: Id | null, other: Id | null): boolean =>
  one?.client === other?.client && one?.clock === other?.clock

/** Whether what an item says it is in, or beside, is still there. */
function standsInSomething(doc: Y.Doc, { parent, origin, rightOrigin }: Y.Item): boolean {
  if (typeof parent === 'string') return true
  const inside = parent instanceof Y.ID ? structAt(doc, parent.client, parent.clock) : undefined
  if (inside !== undefined) return inside instanceof Y.Item && inside.content instanceof Y.ContentType
  const beside = [origin, rightOrigin].filter((id) => id !== null)
  return beside.length > 0 && beside.every((id) => structAt(doc, id.client, id.clock) instanceof Y.Item)
}

function refuseRoots(doc: Y.Doc, { roots }: UpdateShape): void {
  if (roots.length === 0) return
  const fresh = new Set<string>()
  for (const root of roots) if (!doc.share.has(root)) fresh.add(root)
  if (fresh.size > 0 && doc.share.size + fresh.size > DOCUMENT.roots)
    harmful('the document has too many roots')
}

/** No type that the update makes can be deeper than this. */
function deepestPossible(doc: Y.Doc, { anchors, nested }: UpdateShape): number {
  let deepest = 1
  for (const anchor of anchors) deepest = Math.max(deepest, depthOf(doc, anchor))
  return deepest + nested
}

/** How many types what is there is inside of, itself included; 0 where it is not there. */
function depthOf(doc: Y.Doc, id: Id): number {
  let item: Y.Item | Y.GC | null | undefined = structAt(doc, id.client, id.clock)
  let depth = 0
  while (item instanceof Y.Item) {
    depth += 1
    item = item.parent instanceof Y.AbstractType ? item.parent._item : null
  }
  return depth
}

/** Ranges of the update that would delete something that is there. */
function undeleted(doc: Y.Doc, update: Uint8Array): number {
  let count = 0
  for (const [client, ranges] of Y.decodeUpdate(update).ds.clients) {
    const structs = doc.store.clients.get(client)
    const state = Y.getState(doc.store, client)
    if (structs === undefined) continue
    for (const { clock, len } of ranges) {
      if (clock >= state) continue
      let at = Y.findIndexSS(structs, clock)
      for (
        let struct = structs[at];
        struct !== undefined && struct.id.clock < clock + len;
        struct = structs[at]
      ) {
        if (!struct.deleted) {
          count += 1
          break
        }
        at += 1
      }
    }
  }
  return count
}

/** How deep the document's types are inside each other. */
export function depthOfDocument(doc: Y.Doc): number {
  const depths = new Map<Y.Item, number>()
  let deepest = 0
  for (const structs of doc.store.clients.values()) {
    for (const struct of structs) {
      if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentType)) continue
      const way: Y.Item[] = []
      let item: Y.Item | null = struct
      while (item !== null && !depths.has(item)) {
        way.push(item)
        item = item.parent instanceof Y.AbstractType ? item.parent._item : null
      }
      let depth = item === null ? 0 : (depths.get(item) ?? 0)
      for (const above of way.reverse()) {
        depth += 1
        depths.set(above, depth)
      }
      deepest = Math.max(deepest, depth)
    }
  }
  return deepest
}
