import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { alike, textOf } from '../compare/cut-characters.ts'
import type { Marks } from '../compare/diff-tree.ts'
import { samePiece, shownEntry } from '../compare/entry-chain.ts'
import { firstId, idAfter, idBefore, lastId, type Piece } from '../compare/hunk.ts'
import { IdRanges } from '../compare/id-ranges.ts'
import { type SharedType, typesOf } from '../compare/shared-type.ts'
import type { View } from '../compare/view.ts'
import { Restyling, type Styles } from './styles.ts'

/** Where an item goes: between two others, or first into a type, or under a key of one. */
interface Place {
  readonly origin: Y.ID | null
  readonly rightOrigin: Y.ID | null
  /** Told where there is no neighbour to tell it. */
  readonly parent: Y.ID | null
  readonly key: string | null
}

type Content = Y.Item['content']

/** What is to be written: a piece that was there before, or a format item of the restore's own. */
type New = Piece | Y.ContentFormat

interface Change {
  /** What the document shows now, at its newest position. */
  readonly current: View
  readonly wanted: View
  readonly styles?: Styles
  /** Shared types at the top that are not to be touched. */
  readonly leave?: readonly string[]
}

/**
 * The update that turns what `current` shows of a document into what `wanted` shows. It is an ordinary edit by
 * `client`, made on the document as it is at `current`: who types meanwhile keeps what they typed.
 *
 * Yjs cannot undelete. What is to come back is written anew, each piece right behind its own tombstone, which
 * every replica still has as long as the type around it is there; so it stands exactly where it stood.
 * Undefined where there is nothing to change.
 *
 * @param client one that nobody has written as
 */
export function writeRestore(doc: Y.Doc, client: number, change: Change): Uint8Array | undefined {
  const writer = new Writer(client, change)
  for (const [name, type] of typesOf(doc)) if (!change.leave?.includes(name)) writer.reconcile(type)
  return writer.encode()
}

class Writer {
  readonly #client: number
  readonly #current: View
  readonly #wanted: View
  readonly #styles: Styles | undefined
  readonly #items: Y.Item[] = []
  readonly #deleted = new IdRanges()
  #clock = 0

  constructor(client: number, { current, wanted, styles }: Change) {
    this.#client = client
    this.#current = current
    this.#wanted = wanted
    this.#styles = styles
  }

  /** A type that is there now, and stays. */
  reconcile(type: SharedType): void {
    for (const [key, newest] of type._map) this.#reconcileEntry(key, newest)
    this.#reconcileList(type)
  }

  encode(): Uint8Array | undefined {
    if (this.#items.length === 0 && this.#deleted.empty) return undefined
    const encoder = new Y.UpdateEncoderV1()
    const { restEncoder } = encoder
    encoding.writeVarUint(restEncoder, this.#items.length === 0 ? 0 : 1)
    if (this.#items.length > 0) {
      encoding.writeVarUint(restEncoder, this.#items.length)
      encoder.writeClient(this.#client)
      encoding.writeVarUint(restEncoder, 0) // its first clock
      for (const item of this.#items) item.write(encoder, 0)
    }
    const deleted = [...this.#deleted]
    encoding.writeVarUint(restEncoder, deleted.length)
    for (const [client, ranges] of deleted) {
      encoding.writeVarUint(restEncoder, client)
      encoding.writeVarUint(restEncoder, ranges.length)
      for (const { clock, len } of ranges) {
        encoder.writeDsClock(clock)
        encoder.writeDsLen(len)
      }
    }
    return encoder.toUint8Array()
  }

  #reconcileEntry(key: string, newest: Y.Item): void {
    const now = shownEntry(newest, this.#current)
    const wanted = shownEntry(newest, this.#wanted)
    if (samePiece(now, wanted)) {
      if (now?.item.content instanceof Y.ContentType) this.reconcile(now.item.content.type)
    } else if (wanted !== undefined) {
      // It takes the place of what the key shows now, as every new value does.
      this.#write([wanted], { origin: newest.lastId, rightOrigin: null, parent: null, key })
    } else if (now !== undefined) this.#delete(now)
  }

  #reconcileList(type: SharedType): void {
    const restyling = new Restyling()
    let missing: New[] = []
    let anchor: Piece | undefined
    const writeMissing = (between: Pick<Place, 'origin' | 'rightOrigin'>): void => {
      this.#write(missing, { ...between, parent: null, key: null })
      missing = []
    }
    for (const { piece, now, wanted, marks } of this.#pieces(type)) {
      const { content } = piece.item
      const stays = now && wanted && sayTheSame(piece, this.#current, this.#wanted)
      if (now && !stays) this.#delete(piece)
      if (!wanted) continue
      if (content instanceof Y.ContentFormat) restyling.pass(content.key, content.value)
      else missing.push(...restyling.before(marks))
      if (!stays) missing.push(piece)
      else if (anchor !== undefined && !missing.some(isFormat)) writeMissing(behind(anchor))
      else writeMissing({ origin: idBefore(piece), rightOrigin: firstId(piece) })
      if (stays && content instanceof Y.ContentType) this.reconcile(content.type)
      anchor = piece
    }
    missing.push(...restyling.before(undefined))
    if (anchor !== undefined) writeMissing(behind(anchor))
  }

  #delete({ item: { id }, from, to }: Piece): void {
    this.#deleted.add(id.client, id.clock + from, to - from)
  }

  /** Writes new items, and again, with all that is wanted of what is inside them, pieces that were. */
  #write(news: readonly New[], place: Place): void {
    const written: { content: Content; of?: SharedType }[] = []
    for (const one of news) {
      const content = one instanceof Y.ContentFormat ? one : copyOf(one, this.#wanted)
      const last = written.at(-1)
      if (last !== undefined && joined(last.content, content)) continue
      const original = one instanceof Y.ContentFormat ? undefined : one.item.content
      written.push({ content, ...(original instanceof Y.ContentType && { of: original.type }) })
    }
    let { origin } = place
    const ids = written.map(({ content }) => {
      const item = this.#item(content, { ...place, origin })
      origin = item.lastId
      return item.id
    })
    written.forEach(({ of }, index) => {
      const id = ids[index]
      if (of !== undefined && id !== undefined) this.#fill(id, of)
    })
  }

  #item(content: Content, { origin, rightOrigin, parent, key }: Place): Y.Item {
    const id = Y.createID(this.#client, this.#clock)
    // Yjs takes the parent from a neighbour where there is one.
    const told = origin === null && rightOrigin === null ? parent : null
    const item = new Y.Item(id, null, origin, null, rightOrigin, told, key, content)
    this.#items.push(item)
    this.#clock += item.length
    return item
  }

  /** Writes all that is wanted of a type into its copy. */
  #fill(parent: Y.ID, type: SharedType): void {
    for (const [key, newest] of type._map) {
      const wanted = shownEntry(newest, this.#wanted)
      if (wanted !== undefined) this.#write([wanted], { origin: null, rightOrigin: null, parent, key })
    }
    const wanted = [...this.#pieces(type)].filter((piece) => piece.wanted)
    this.#write(
      wanted.map(({ piece }) => piece),
      { origin: null, rightOrigin: null, parent, key: null },
    )
  }

  /**
   * What stands in a type, in order, cut so that each piece is shown whole or not at all, and is to have the
   * same marks; without what is shown neither now nor then.
   */
  *#pieces(type: SharedType): Generator<Shown> {
    for (let item = type._start; item !== null; item = item.right) {
      if (item.content instanceof Y.ContentDeleted) continue
      const { client, clock } = item.id
      for (let at = clock; at < clock + item.length; ) {
        const now = this.#current.stretch(client, at, clock + item.length)
        const wanted = this.#wanted.stretch(client, at, now.end)
        const style = this.#styles?.stretch(client, at, wanted.end)
        const end = style?.end ?? wanted.end
        if (now.inside || wanted.inside) {
          const whole = { item, from: at - clock, to: end - clock }
          for (const piece of now.inside && wanted.inside ? this.#uncut(whole) : [whole]) {
            yield { piece, now: now.inside, wanted: wanted.inside, marks: style?.marks }
          }
        }
        at = end
      }
    }
  }

  /** Text cut where it is as it was, and where it is not. */
  *#uncut(piece: Piece): Generator<Piece> {
    const { item, from } = piece
    if (!(item.content instanceof Y.ContentString)) return yield piece
    for (const part of alike(textOf(piece, this.#current), textOf(piece, this.#wanted))) {
      yield { item, from: from + part.from, to: from + part.to }
    }
  }
}

/** Whether it is as it was: a character that somebody cut in two is there, but not what it was. */
const sayTheSame = (piece: Piece, one: View, other: View): boolean =>
  textOf(piece, one) === textOf(piece, other)

interface Shown {
  readonly piece: Piece
  readonly now: boolean
  readonly wanted: boolean
  readonly marks: Marks | undefined
}

const behind = (piece: Piece) => ({ origin: lastId(piece), rightOrigin: idAfter(piece) })

const isFormat = (one: New): boolean => one instanceof Y.ContentFormat

function copyOf(piece: Piece, as: View): Content {
  const { item, from, to } = piece
  const { content } = item
  if (content instanceof Y.ContentString) return new Y.ContentString(textOf(piece, as))
  if (content instanceof Y.ContentAny) return new Y.ContentAny(content.arr.slice(from, to))
  if (content instanceof Y.ContentJSON) return new Y.ContentJSON(content.arr.slice(from, to))
  if (content instanceof Y.ContentType) return new Y.ContentType(content.type._copy())
  return content.copy()
}

/** Adds `content` to `last` where the two can be one. */
function joined(last: Content, content: Content): boolean {
  if (last instanceof Y.ContentString && content instanceof Y.ContentString) last.str += content.str
  else if (last instanceof Y.ContentAny && content instanceof Y.ContentAny)
    last.arr = [...last.arr, ...content.arr]
  else return false
  return true
}
