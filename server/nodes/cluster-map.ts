import { z } from 'zod'
import type { Bus, NodeId } from '../bus.ts'
import { Topic } from './topic.ts'

/** How long changes are gathered before the other nodes are told of them, in ms. */
const GATHER = 250
/** Entries of one message. */
const PART = 500
/** How often a node says how much it has told, in ms: others may have missed some of it, or taken it for gone. */
const BEAT = 5_000

export interface ClusterMapOptions<Value> {
  readonly bus: Bus
  readonly topic: string
  readonly value: z.ZodType<Value>
  /** All keys of which this node has something to tell. */
  readonly keys: () => Iterable<string>
  /** What this node tells of a key, if anything. */
  readonly valueOf: (key: string) => Value | undefined
  /** How long what a node has told is still known after it has gone, in ms. Default 0. */
  readonly lingers?: number
  /** Another node's value is now another. */
  readonly onChange?: (key: string, before: Value | undefined, now: Value | undefined) => void
}

/** A key and what a node says of it, which a later version may say otherwise; null where it says nothing any more. */
type Entry = readonly [string, unknown]

interface Message {
  /**
   * `all`: what the node told before counts no more; `ask`: the same, and it wants to be told all, too; `more` of either;
   * or what has changed, which may be nothing.
   */
  readonly kind: 'all' | 'ask' | 'more' | 'changes'
  /** How many messages of changes there have been, with this one: whoever has missed one asks. */
  readonly count: number
  /** Of how many keys a value has been told; whoever knows of more or fewer, while nothing changes, asks as well. */
  readonly size?: number | undefined
  readonly entries: readonly Entry[]
}

const messageSchema: z.ZodType<Message> = z.object({
  kind: z.enum(['all', 'ask', 'more', 'changes']),
  count: z.number().int(),
  size: z.number().int().optional(),
  entries: z.array(z.tuple([z.string(), z.unknown()])).max(PART),
})

/** What another node has told. */
interface Told<Value> {
  /** Undefined where it is not understood. */
  readonly values: Map<string, Value | undefined>
  count: number
}

/**
 * A map of which each node fills a part of its own, and knows what all others have last told of theirs. Nodes that come
 * or come back tell all and are told all; of a node that is gone nothing is known any more, or not for long.
 */
export class ClusterMap<Value> {
  readonly #options: ClusterMapOptions<Value>
  readonly #others = new Map<NodeId, Told<Value>>()
  /** Nodes that have gone, and of which something is still known. */
  readonly #gone = new Map<NodeId, NodeJS.Timeout>()
  /** How many messages of changes were sent. */
  #count = 0
  /** Keys of which the others have a value of this node. */
  readonly #told = new Set<string>()
  #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: ClusterMapOptions<Value>) {
    this.#options = options
    const { bus, topic } = options
    for (const name of [topic, answersTo(topic, bus.node)]) {
      this.#topic(name).subscribe((from, message) => this.#hear(from, message))
    }
    bus.onGone((node) => this.#leave(node))
    bus.onConnected(() => {
      this.#told.clear()
      this.#tellAll(topic, 'ask')
    })
    if (bus.connected) this.#tellAll(topic, 'ask')
    bus.every(BEAT, () => this.#publish(topic, 'changes', []))
  }

  /** The others are told what this node says of the key now, in a moment. */
  changed(key: string): void {
    if (!this.#options.bus.connected) return
    this.#changed.add(key)
    this.#timer ??= setTimeout(() => this.#tellChanges(), GATHER).unref()
  }

  /** All keys of which other nodes say something; some of them more than once. */
  *keys(): Generator<string> {
    for (const { values } of this.#others.values()) {
      for (const [key, value] of values) if (value !== undefined) yield key
    }
  }

  /** What the other nodes say of a key. */
  elsewhere(key: string): readonly Value[] {
    const found: Value[] = []
    for (const { values } of this.#others.values()) {
      const value = values.get(key)
      if (value !== undefined) found.push(value)
    }
    return found
  }

  #topic(name: string): Topic<Message> {
    return new Topic(this.#options.bus, name, messageSchema)
  }

  #tellAll(topic: string, kind: 'all' | 'ask'): void {
    const entries: Entry[] = []
    for (const key of this.#options.keys()) {
      const value = this.#options.valueOf(key)
      if (value === undefined) continue
      entries.push([key, value])
      this.#told.add(key)
    }
    this.#publish(topic, kind, entries.slice(0, PART))
    for (const part of parts(entries.slice(PART))) this.#publish(topic, 'more', part)
  }

  #tellChanges(): void {
    this.#timer = undefined
    const changed = this.#changed
    this.#changed = new Set()
    const entries: Entry[] = []
    for (const key of changed) {
      const value = this.#options.valueOf(key)
      if (value !== undefined) this.#told.add(key)
      else if (!this.#told.delete(key)) continue
      entries.push([key, value ?? null])
    }
    for (const part of parts(entries)) {
      this.#count += 1
      this.#publish(this.#options.topic, 'changes', part)
    }
  }

  #publish(topic: string, kind: Message['kind'], entries: readonly Entry[]): void {
    this.#topic(topic).publish({ kind, count: this.#count, size: this.#told.size, entries })
  }

  #hear(from: NodeId, { kind, count, size, entries }: Message): void {
    this.#isBack(from)
    if (kind === 'all' || kind === 'ask') this.#forget(from)
    const known = this.#others.get(from)
    const told: Told<Value> = known ?? { values: new Map(), count }
    this.#others.set(from, told)
    for (const [key, said] of entries) {
      const before = told.values.get(key)
      const now = said === null ? undefined : this.#options.value.safeParse(said).data
      if (said === null) told.values.delete(key)
      else told.values.set(key, now)
      this.#options.onChange?.(key, before, now)
    }
    const answers = answersTo(this.#options.topic, from)
    if (kind === 'ask') this.#tellAll(answers, 'all')
    if (kind !== 'changes') return
    const beat = entries.length === 0
    const missed = known === undefined || count !== told.count + (beat ? 0 : 1)
    told.count = count
    if (missed || (beat && size !== undefined && size !== told.values.size)) this.#tellAll(answers, 'ask')
  }

  #leave(node: NodeId): void {
    const { lingers = 0 } = this.#options
    if (lingers === 0) {
      this.#forget(node)
      return
    }
    this.#isBack(node)
    this.#gone.set(node, setTimeout(() => this.#forget(node), lingers).unref())
  }

  #isBack(node: NodeId): void {
    clearTimeout(this.#gone.get(node))
    this.#gone.delete(node)
  }

  #forget(node: NodeId): void {
    this.#gone.delete(node)
    const told = this.#others.get(node)
    this.#others.delete(node)
    for (const [key, value] of told?.values ?? []) this.#options.onChange?.(key, value, undefined)
  }
}

/** Where a node alone is told what it has asked for. */
const answersTo = (topic: string, node: NodeId): string => `${topic}@${node}`

function* parts<Entry>(entries: readonly Entry[]): Generator<readonly Entry[]> {
  for (let from = 0; from < entries.length; from += PART) yield entries.slice(from, from + PART)
}
