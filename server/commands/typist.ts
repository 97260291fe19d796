import type { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import * as Y from 'yjs'
import { DOCUMENT_FIELDS } from '../protocol.ts'
import { Ledger } from './ledger.ts'
import { openRoom, type RoomConnection } from './room-provider.ts'
import type { Patch } from './trace.ts'

/** One typed transaction, and how to tell that a replica has it. */
export interface Typed {
  readonly update: Uint8Array | undefined
  readonly client: number
  readonly clock: number
  readonly deleted: ReadonlyMap<number, readonly { readonly clock: number; readonly len: number }[]>
}

interface TypistOptions extends RoomConnection {
  readonly clientId: number
}

/**
 * One person of a recorded session: a stock provider and its document (`replica`), and the text as the person saw
 * it when they typed (`view`). A server delivers as soon as it can and merges what it delivers, so the replica is
 * often ahead of the recording; the recorded positions only mean something in the view, which advances by whole
 * transactions, each one only after the replica has received it from the server.
 */
export class Typist {
  readonly replica = new Y.Doc()
  readonly view = new Y.Doc()
  readonly ledger: Ledger
  readonly typed: Typed[] = []
  readonly #provider: HocuspocusProvider
  readonly #socket: HocuspocusProviderWebsocket
  readonly #merged = new Map<Typist, number>()
  readonly #text: Y.Text

  constructor({ clientId, ...connection }: TypistOptions) {
    const { changed } = connection
    this.view.clientID = clientId
    this.#text = this.view.getText(DOCUMENT_FIELDS.code)
    this.ledger = new Ledger(changed)
    const opened = openRoom({
      ...connection,
      document: this.replica,
      WebSocketPolyfill: this.ledger.socketClass(),
    })
    this.#provider = opened.provider
    this.#socket = opened.socket
    this.replica.on('update', changed)
  }

  /** Whether the server is there and this client has caught up with it. */
  get online(): boolean {
    return this.#provider.isAuthenticated && this.#provider.synced
  }

  get text(): string {
    return this.replica.getText(DOCUMENT_FIELDS.code).toString()
  }

  /** Whether the first `count` transactions of `other` have come here through the server. */
  received(other: Typist, count: number): boolean {
    for (let index = this.#merged.get(other) ?? 0; index < count; index += 1) {
      const transaction = other.typed[index]
      if (transaction === undefined || !holds(this.replica, transaction)) return false
    }
    return true
  }

  /** Brings the view to the first `count` transactions of `other`. */
  merge(other: Typist, count: number): void {
    for (let index = this.#merged.get(other) ?? 0; index < count; index += 1) {
      const update = other.typed[index]?.update
      if (update !== undefined) Y.applyUpdate(this.view, update)
      this.#merged.set(other, index + 1)
    }
  }

  type(patches: readonly Patch[]): void {
    const client = this.view.clientID
    let update: Uint8Array | undefined
    let deleted: Typed['deleted'] = new Map()
    const keepUpdate = (bytes: Uint8Array): void => {
      update = bytes
    }
    this.view.on('update', keepUpdate)
    this.view.transact((transaction) => {
      deleted = transaction.deleteSet.clients
      for (const [position, removed, inserted] of patches) {
        if (removed > 0) this.#text.delete(position, removed)
        if (inserted) this.#text.insert(position, inserted)
      }
    })
    this.view.off('update', keepUpdate)
    this.typed.push({ update, client, clock: Y.getState(this.view.store, client), deleted })
    if (update === undefined) return
    this.ledger.made()
    Y.applyUpdate(this.replica, update)
  }

  destroy(): void {
    this.#provider.destroy()
    this.#socket.destroy()
    this.replica.destroy()
    this.view.destroy()
  }
}

/** Deletions carry no clock: whether they came shows only in what they deleted. */
function holds(doc: Y.Doc, { client, clock, deleted }: Typed): boolean {
  if (Y.getState(doc.store, client) < clock) return false
  for (const [author, ranges] of deleted) {
    for (const range of ranges) {
      const end = range.clock + range.len
      if (Y.getState(doc.store, author) < end) return false
      for (let at = range.clock; at < end; ) {
        const item = Y.getItem(doc.store, Y.createID(author, at))
        if (!item.deleted) return false
        at = item.id.clock + item.length
      }
    }
  }
  return true
}
