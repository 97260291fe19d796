import * as Y from 'yjs'
import { checkUpdate } from '../../server/documents/check-update.ts'
import { loggedUpdate } from '../../server/documents/logged-update.ts'

/** An entry that the log would get; `told` is what Yjs alone says of the same transaction. */
interface Logged {
  readonly bytes: Uint8Array
  readonly told: Uint8Array
  readonly actor: string
}

interface Sent {
  readonly actor: string
  readonly update: Uint8Array
}

/** A document as the server holds it. */
export class ServerDocument {
  readonly doc = new Y.Doc()

  constructor(log: (entry: Logged) => void) {
    // The studio's server reads this root with its type, and Yjs then tidies formats up by itself.
    this.doc.getText('content')
    this.doc.on(
      'update',
      (told: Uint8Array, origin: Sent | null, _doc: Y.Doc, transaction: Y.Transaction) => {
        const incoming = origin && { update: origin.update, runs: checkUpdate(origin.update).runs }
        const bytes = loggedUpdate(told, transaction, incoming ?? undefined)
        log({ bytes, told, actor: origin?.actor ?? 'system' })
      },
    )
  }

  /** Applies what somebody has sent. */
  take(update: Uint8Array, actor: string): void {
    Y.applyUpdate(this.doc, update, { actor, update } satisfies Sent)
  }
}
