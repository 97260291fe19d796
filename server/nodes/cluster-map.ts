import { z } from 'zod'
import type { Bus, NodeId } from '../bus.ts'
import { Topic } from './topic.ts'

/** How long changes are gathered before the other nodes are told of them, in ms. */
const GATHER = 250
/** Entries of one message. */
const PART = 500
/** How often a node says that it is there, in ms: others may have taken it for gone, and heard nothing of it since. */
const BEAT = 5_000

export interface ClusterMapOptions<Value> {
  readonly bus: Bus
  readonly topic: string
  readonly value: z.ZodType<Value>
  /** All keys of which this node has something to tell. */
  readonly keys: () => Iterable<string>
  /** What this node tells of a key, if anything. */
  readonly valueOf: (key: string) => Value | undefined
  /** Another node's value is now another. */
  readonly onChange?: (key: string, before: Value | undefined, now: Value | undefined) => void
}

interface Kind {
  /** What the node told before counts no more. */
  readonly afresh: boolean
  /** The node wants to be told all, too. */
  readonly asks: boolean
}

const CHANGES: Kind = { afresh: false, asks: false }

type Entry<Value> = readonly [string, Value | null]

interface Message<Value> extends Kind {
  readonly entries: readonly Entry<Value>[]
}

/**
 * A map of which each node fills a part of its own, and knows what all others have last told of theirs. Nodes that come
 * or come back tell all and are told all; nothing is known of a node that is gone.
 */
export class ClusterMap<Value> {
  readonly #options: ClusterMapOptions<Value>
  readonly #others = new Map<NodeId, Map<string, Value>>()
  readonly #told = new Set<string>()
  #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: ClusterMapOptions<Value>) {
    this.#options = options
    const { bus, topic } = options
    for (const name of [topic, answersTo(topic, bus.node)]) {
      this.#topic(name).subscribe((from, message) => this.#hear(from, message))
    }
    bus.onGone((node) => this.#forget(node))
    bus.onConnected(() => this.#tellAll(topic, true))
    if (bus.connected) this.#tellAll(topic, true)
    setInterval(() => this.#publish(topic, CHANGES, []), BEAT).unref()
  }

  /** The others are told what this node says of the key now, in a moment. */
  changed(key: string): void {
    if (!this.#options.bus.connected) return
    this.#changed.add(key)
    this.#timer ??= setTimeout(() => this.#tellChanges(), GATHER).unref()
  }

  /** What the other nodes say of a key. */
  elsewhere(key: string): readonly Value[] {
    const found: Value[] = []
    for (const values of this.#others.values()) {
      const value = values.get(key)
      if (value !== undefined) found.push(value)
    }
    return found
  }

  #topic(name: string): Topic<Message<Value>> {
    const { bus, value } = this.#options
    const entry = z.tuple([z.string(), value.nullable()])
    return new Topic<Message<Value>>(
      bus,
      name,
      z.object({ afresh: z.boolean(), asks: z.boolean(), entries: z.array(entry).max(PART) }),
    )
  }

  #tellAll(topic: string, asks: boolean): void {
    const entries: Entry<Value>[] = []
    for (const key of this.#options.keys()) {
      const value = this.#options.valueOf(key)
      if (value === undefined) continue
      entries.push([key, value])
      this.#told.add(key)
    }
    this.#publish(topic, { afresh: true, asks }, entries)
  }

  #tellChanges(): void {
    this.#timer = undefined
    const changed = this.#changed
    this.#changed = new Set()
    const entries: Entry<Value>[] = []
    for (const key of changed) {
      const value = this.#options.valueOf(key)
      if (value !== undefined) this.#told.add(key)
      else if (!this.#told.delete(key)) continue
      entries.push([key, value ?? null])
    }
    if (entries.length > 0) this.#publish(this.#options.topic, CHANGES, entries)
  }

  #publish(name: string, kind: Kind, entries: readonly Entry<Value>[]): void {
    const topic = this.#topic(name)
    topic.publish({ ...kind, entries: entries.slice(0, PART) })
    for (let from = PART; from < entries.length; from += PART) {
      topic.publish({ ...CHANGES, entries: entries.slice(from, from + PART) })
    }
  }

  #hear(from: NodeId, { afresh, asks, entries }: Message<Value>): void {
    const isKnown = this.#others.has(from)
    if (afresh) this.#forget(from)
    const values = this.#others.get(from) ?? new Map<string, Value>()
    this.#others.set(from, values)
    for (const [key, value] of entries) {
      const before = values.get(key)
      if (value === null) values.delete(key)
      else values.set(key, value)
      this.#options.onChange?.(key, before, value ?? undefined)
    }
    const answers = answersTo(this.#options.topic, from)
    if (asks) this.#tellAll(answers, false)
    else if (!isKnown && !afresh) this.#tellAll(answers, true)
  }

  #forget(node: NodeId): void {
    const values = this.#others.get(node)
    this.#others.delete(node)
    for (const [key, value] of values ?? []) this.#options.onChange?.(key, value, undefined)
  }
}

/** Where a node alone is told what it has asked for. */
const answersTo = (topic: string, node: NodeId): string => `${topic}@${node}`
