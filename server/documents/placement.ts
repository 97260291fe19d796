import * as Y from 'yjs'

/**
 * Where an update's items say that they stand, six numbers each: client and clock of the item, of the last one to
 * its left, and of the first one to its right. An item that goes on where the one before it in the update ends
 * has that one's left.
 */
export type Placement = readonly number[]

/** Numbers an item takes in a `Placement`. */
const PLACE = 6
/** In the place of a client: there is none on that side. */
export const NOBODY = -1

/** How many items others may have put between two neighbours before it is strange. */
const NEAR = 64

/**
 * Whether an item stands where no editor would have put it: between neighbours that are none, so that it has
 * another place in every copy of the document; or in the middle of a character, which Yjs then replaces for good,
 * also where the item is known already or never becomes one, and no log would tell.
 */
export function standsOddly(doc: Y.Doc, placement: Placement): boolean {
  for (let at = 0; at < placement.length; at += PLACE) {
    const left = placement[at + 2] ?? NOBODY
    const right = placement[at + 4] ?? NOBODY
    if (left === NOBODY && right === NOBODY) continue
    const leftClock = placement[at + 3] ?? 0
    const rightClock = placement[at + 5] ?? 0
    const from = left === NOBODY ? undefined : structAt(doc, left, leftClock)
    const to = right === NOBODY ? undefined : structAt(doc, right, rightClock)
    if (cutsCharacter(from, leftClock + 1) || cutsCharacter(to, rightClock)) return true
    if (left === NOBODY || right === NOBODY) continue
    if (from !== undefined && to !== undefined) {
      if (!areNeighbours(from, leftClock, to, rightClock)) return true
    } else if (!areNewNeighbours(doc, placement, at)) return true
  }
  return false
}

/** The struct that has that clock, if the document has it. */
export function structAt(doc: Y.Doc, client: number, clock: number): Y.Item | Y.GC | undefined {
  const structs = doc.store.clients.get(client)
  if (structs === undefined) return undefined
  const last = structs[structs.length - 1]
  if (last === undefined || clock >= last.id.clock + last.length) return undefined
  return clock >= last.id.clock ? last : structs[Y.findIndexSS(structs, clock)]
}

/** Whether the place before that clock is between the two halves of a character. */
function cutsCharacter(struct: Y.Item | Y.GC | undefined, clock: number): boolean {
  if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentString)) return false
  const { str } = struct.content
  const at = clock - struct.id.clock
  if (at <= 0 || at >= str.length) return false
  const before = str.charCodeAt(at - 1)
  return before >= 0xd800 && before <= 0xdbff
}

function areNeighbours(
  from: Y.Item | Y.GC,
  leftClock: number,
  to: Y.Item | Y.GC,
  rightClock: number,
): boolean {
  // Both in one run that has not been cut there yet.
  if (from === to) return leftClock < rightClock
  if (!(from instanceof Y.Item) || !(to instanceof Y.Item)) return from instanceof Y.GC && to instanceof Y.GC
  let item = from.right
  for (let i = 0; i < NEAR && item !== null; i += 1, item = item.right) if (item === to) return true
  return false
}

/** The same where one of the neighbours comes with the update. */
function areNewNeighbours(doc: Y.Doc, placement: Placement, at: number): boolean {
  const left = placement[at + 2] ?? NOBODY
  const leftClock = placement[at + 3] ?? 0
  const right = placement[at + 4] ?? NOBODY
  const rightClock = placement[at + 5] ?? 0
  const to = structAt(doc, right, rightClock)
  const known = knownLeft(doc, placement, left, leftClock)
  if (to !== undefined) {
    return known !== undefined && areNeighbours(known.struct, known.clock, to, rightClock)
  }
  const other = entryOf(placement, right, rightClock)
  if (other === undefined) return false
  // Inside what is new: between two of its characters.
  if (placement[other + 1] !== rightClock)
    return entryOf(placement, left, leftClock) === other && leftClock < rightClock
  // Before what is new: that stood there, and this was put in between.
  const beside = knownLeft(doc, placement, placement[other + 2] ?? NOBODY, placement[other + 3] ?? 0)
  return known !== undefined && beside?.struct === known.struct && beside.clock === known.clock
}

/** What the document has of whatever is to the left of new items. */
function knownLeft(
  doc: Y.Doc,
  placement: Placement,
  client: number,
  clock: number,
): { readonly struct: Y.Item | Y.GC; readonly clock: number } | undefined {
  let of = client
  let left = clock
  for (let steps = 0; steps < NEAR && of !== NOBODY; steps += 1) {
    const struct = structAt(doc, of, left)
    if (struct !== undefined) return { struct, clock: left }
    const entry = entryOf(placement, of, left)
    of = entry === undefined ? NOBODY : (placement[entry + 2] ?? NOBODY)
    left = entry === undefined ? 0 : (placement[entry + 3] ?? 0)
  }
  return undefined
}

/** Where in a placement the new item stands that has that clock, among the first of them. */
function entryOf(placement: Placement, client: number, clock: number): number | undefined {
  let found: number | undefined
  for (let at = 0; at < Math.min(placement.length, NEAR * PLACE); at += PLACE) {
    if (placement[at] === client && (placement[at + 1] ?? 0) <= clock) found = at
  }
  return found
}
