import type { z } from 'zod'
import type { Bus, NodeId } from '../bus.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** A topic of JSON messages of one shape. What a node of another version says in another shape is passed over. */
export class Topic<Message> {
  readonly #bus: Bus
  readonly #name: string
  readonly #schema: z.ZodType<Message>

  constructor(bus: Bus, name: string, schema: z.ZodType<Message>) {
    this.#bus = bus
    this.#name = name
    this.#schema = schema
  }

  publish(message: Message): void {
    this.#bus.publish(this.#name, Buffer.from(JSON.stringify(message)))
  }

  /** Returns what ends it. */
  subscribe(listener: (from: NodeId, message: Message) => void): () => void {
    return this.#bus.subscribe(this.#name, (from, bytes) => {
      const parsed = this.#schema.safeParse(parse(bytes))
      if (parsed.success) listener(from, parsed.data)
    })
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    return undefined
  }
}
