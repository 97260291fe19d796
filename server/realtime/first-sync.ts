import type { Connection, Document } from '@hocuspocus/server'
import * as Y from 'yjs'
import { type SyncStep1, SyncType, syncFrame } from './frames.ts'

/** How long an encoded state is kept for the next one who asks for the same, in ms. */
const KEPT = 2_000

interface Encoded {
  readonly frames: Map<string, Uint8Array>
  readonly timer: NodeJS.Timeout
}

/**
 * Answers a client's first question ("this is what I have"). A hundred people who open a document at once
 * ask the same; stock Hocuspocus encodes the document for each of them, here it is encoded once.
 */
export class FirstSync {
  readonly #encoded = new WeakMap<Document, Encoded>()

  /** Sends what Hocuspocus would: its own SyncStep1, then the SyncStep2 that brings what the client lacks. */
  answer(connection: Connection, { stateVector }: SyncStep1): void {
    const { document, messageAddress: address } = connection
    connection.send(syncFrame(address, SyncType.step1, Y.encodeStateVector(document)))
    connection.send(this.#step2(document, address, stateVector))
  }

  #step2(document: Document, address: string, stateVector: Uint8Array): Uint8Array {
    const { frames } = this.#encoded.get(document) ?? this.#keep(document)
    const key = `${address} ${Buffer.from(stateVector).toString('latin1')}`
    const known = frames.get(key)
    if (known !== undefined) return known
    const frame = syncFrame(address, SyncType.step2, Y.encodeStateAsUpdate(document, stateVector))
    frames.set(key, frame)
    return frame
  }

  /** Keeps answers until the document changes, or nobody can be expected to ask any more. */
  #keep(document: Document): Encoded {
    const forget = () => {
      clearTimeout(timer)
      document.off('update', forget)
      this.#encoded.delete(document)
    }
    const timer = setTimeout(forget, KEPT)
    timer.unref()
    document.on('update', forget)
    const encoded = { frames: new Map<string, Uint8Array>(), timer }
    this.#encoded.set(document, encoded)
    return encoded
  }
}
