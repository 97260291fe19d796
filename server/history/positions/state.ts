import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import type { Seq } from '../../log/entry.ts'
import { writeDeletions } from '../updates/structs.ts'
import type { HistoryDocument, Position } from './history-document.ts'

type Struct = Y.Item | Y.GC

/**
 * The Yjs state (v1) of a position: what is deleted in it has lost its content, as in a document that collects its
 * garbage, so that nobody who is given a position is given what had gone before it.
 *
 * Yjs' own `createDocFromSnapshot` takes everything along, cuts up the document that it reads from a little more
 * with each call, and has to apply all of it to another.
 */
export function stateAt(history: HistoryDocument, seq: Seq): Uint8Array {
  const position = history.position(seq)
  const clients = [...history.structure.store.clients]
    .map(([client, structs]) => ({ client, pieces: new Pieces(history, position, client, structs).all }))
    .filter(({ pieces }) => pieces.length > 0)
  const encoder = new Y.UpdateEncoderV1()
  encoding.writeVarUint(encoder.restEncoder, clients.length)
  for (const { client, pieces } of clients) {
    encoding.writeVarUint(encoder.restEncoder, pieces.length)
    encoder.writeClient(client)
    encoding.writeVarUint(encoder.restEncoder, 0)
    for (const piece of pieces) piece.write(encoder, 0)
  }
  writeDeletions(encoder.restEncoder, history.changes.deletionsAt(seq))
  return encoder.toUint8Array()
}

/** The structs of one client that a position knows, cut where something visible ends. */
class Pieces {
  readonly all: Struct[] = []
  readonly #history: HistoryDocument
  readonly #position: Position

  constructor(
    history: HistoryDocument,
    position: Position,
    client: number,
    structs: readonly (Y.Item | Y.GC | Y.Skip)[],
  ) {
    this.#history = history
    this.#position = position
    const known = position.known(client)
    for (const struct of structs) {
      if (struct.id.clock >= known) break
      const end = Math.min(known, struct.id.clock + struct.length)
      if (struct instanceof Y.Item && isIn(position, struct.parent)) this.#addItem(struct, end)
      else this.#addGone(struct.id, end - struct.id.clock)
    }
  }

  #addItem(item: Y.Item, end: number): void {
    const { client } = item.id
    for (let clock = item.id.clock; clock < end; ) {
      const stretch = this.#position.stretch(client, clock, end)
      const content = stretch.inside
        ? this.#contentOf(item, clock, stretch.end)
        : new Y.ContentDeleted(stretch.end - clock)
      const origin = clock === item.id.clock ? item.origin : Y.createID(client, clock - 1)
      this.#addPiece(Y.createID(client, clock), origin, content, item)
      clock = stretch.end
    }
  }

  /** Runs of text are joined: the halves of a character that was cut later may stand in two items. */
  #addPiece(id: Y.ID, origin: Y.ID | null, content: Y.Item['content'], item: Y.Item): void {
    const { rightOrigin, parent, parentSub } = item
    const last = this.all.at(-1)
    const joins =
      last instanceof Y.Item &&
      last.content instanceof Y.ContentString &&
      content instanceof Y.ContentString &&
      parentSub === null &&
      last.parentSub === null &&
      Y.compareIDs(origin, Y.createID(id.client, id.clock - 1)) &&
      Y.compareIDs(rightOrigin, last.rightOrigin)
    if (joins) last.content.mergeWith(content)
    else this.all.push(new Y.Item(id, null, origin, null, rightOrigin, parent, parentSub, content))
  }

  #contentOf({ id, content, length }: Y.Item, clock: number, end: number): Y.Item['content'] {
    const from = clock - id.clock
    const until = end - id.clock
    if (content instanceof Y.ContentString) {
      const text = content.str.slice(from, until)
      return new Y.ContentString(this.#history.textAt(text, id.client, clock, this.#position.seq))
    }
    if (until - from === length) return content
    if (content instanceof Y.ContentAny) return new Y.ContentAny(content.arr.slice(from, until))
    if (content instanceof Y.ContentJSON) return new Y.ContentJSON(content.arr.slice(from, until))
    throw new TypeError('content that cannot be cut has one id')
  }

  /** What stood in something that is deleted: Yjs keeps nothing of it but its length. */
  #addGone(id: Y.ID, length: number): void {
    const last = this.all.at(-1)
    if (last instanceof Y.GC) last.length += length
    else this.all.push(new Y.GC(id, length))
  }
}

/** Whether a shared type is there at a position: a root always is. */
function isIn(position: Position, type: Y.Item['parent']): boolean {
  if (!(type instanceof Y.AbstractType)) return false
  const item = type._item
  return item === null || position.stretch(item.id.client, item.id.clock, item.id.clock + 1).inside
}
