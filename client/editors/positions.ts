import * as Y from 'yjs'

/**
 * A position of the document, out of an awareness state. Another client wrote it: undefined for whatever Yjs would throw on, for
 * fractions, of which it makes places between characters, and for types that are not there, which it would make.
 */
export const positionIn = (doc: Y.Doc, value: unknown): Y.RelativePosition | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const { type = null, tname = null, item = null, assoc = 0 } = value as Partial<Y.RelativePosition>
  const [typeId, itemId] = [idIn(type), idIn(item)]
  if (typeId === undefined || itemId === undefined || !Number.isSafeInteger(assoc)) return undefined
  if (tname !== null && (typeof tname !== 'string' || !doc.share.has(tname))) return undefined
  if (itemId === null && tname === null && typeId === null) return undefined
  return new Y.RelativePosition(typeId, tname, itemId, assoc)
}

/** Both ends of what somebody has selected. */
export interface Selected {
  readonly anchor: Y.RelativePosition
  readonly head: Y.RelativePosition
}

export const selectedIn = (doc: Y.Doc, value: unknown): Selected | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const { anchor, head } = value as Readonly<Record<string, unknown>>
  const [from, to] = [positionIn(doc, anchor), positionIn(doc, head)]
  return from === undefined || to === undefined ? undefined : { anchor: from, head: to }
}

/** Undefined: neither an id nor the lack of one. */
const idIn = (value: unknown): Y.ID | null | undefined => {
  if (value === null) return null
  if (typeof value !== 'object') return undefined
  const { client, clock } = value as Readonly<Record<string, unknown>>
  return isCount(client) && isCount(clock) ? Y.createID(client, clock) : undefined
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
