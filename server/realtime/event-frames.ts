import { encodeEvents } from '../channels/encode.ts'
import type { StoredEvent } from '../log/events.ts'
import { addressed, statelessBody } from './stateless-frame.ts'

/**
 * Events as Hocuspocus frames. A frame begins with the address of the connection; all that follows is encoded once
 * for everybody who is told the same.
 */
export class EventFrames {
  readonly #bodies = new WeakMap<readonly StoredEvent[], Uint8Array>()
  #last: { readonly body: Uint8Array; readonly address: string; readonly frame: Uint8Array } | undefined

  frame(address: string, events: readonly StoredEvent[]): Uint8Array {
    const body = this.#body(events)
    const last = this.#last
    if (last !== undefined && last.body === body && last.address === address) return last.frame
    const frame = addressed(address, body)
    this.#last = { body, address, frame }
    return frame
  }

  #body(events: readonly StoredEvent[]): Uint8Array {
    const known = this.#bodies.get(events)
    if (known !== undefined) return known
    const body = statelessBody(`{"type":"event","events":[${encodeEvents(events)}]}`)
    this.#bodies.set(events, body)
    return body
  }
}
