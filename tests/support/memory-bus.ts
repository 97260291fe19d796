import type { Bus, NodeId } from '../../server/bus.ts'

type Listener = (from: NodeId, body: Uint8Array) => void

/** Carries what nodes in this process say to each other, each node's messages in their order; a test may hold them up. */
export class MemoryNetwork {
  readonly #nodes = new Map<NodeId, MemoryBus>()

  join(node: NodeId): MemoryBus {
    const bus = new MemoryBus(node, this)
    this.#nodes.set(node, bus)
    return bus
  }

  /** Another node's bus that is connected. */
  *others(node: MemoryBus): Generator<MemoryBus> {
    for (const other of this.#nodes.values()) if (other !== node && other.connected) yield other
  }
}

class MemoryBus implements Bus {
  readonly node: NodeId
  readonly #network: MemoryNetwork
  readonly #topics = new Map<string, Set<Listener>>()
  readonly #connectedListeners = new Set<() => void>()
  readonly #goneListeners = new Set<(node: NodeId) => void>()
  /** What is on its way while it is held up. */
  #held: (() => void)[] | undefined
  #connected = true

  constructor(node: NodeId, network: MemoryNetwork) {
    this.node = node
    this.#network = network
  }

  get connected(): boolean {
    return this.#connected
  }

  isHeard(topic: string): boolean {
    return [...this.#network.others(this)].some((other) => (other.#topics.get(topic)?.size ?? 0) > 0)
  }

  publish(topic: string, body: Uint8Array): void {
    if (!this.#connected) return
    const copy = body.slice()
    const deliver = () => {
      for (const other of this.#network.others(this)) other.take(topic, this.node, copy)
    }
    if (this.#held === undefined) setImmediate(deliver)
    else this.#held.push(deliver)
  }

  subscribe(topic: string, listener: Listener): () => void {
    const listeners = this.#topics.get(topic) ?? new Set()
    this.#topics.set(topic, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  onConnected(listener: () => void): () => void {
    this.#connectedListeners.add(listener)
    return () => void this.#connectedListeners.delete(listener)
  }

  onGone(listener: (node: NodeId) => void): () => void {
    this.#goneListeners.add(listener)
    return () => void this.#goneListeners.delete(listener)
  }

  every(ms: number, act: () => void): void {
    setInterval(act, ms).unref()
  }

  take(topic: string, from: NodeId, body: Uint8Array): void {
    for (const listener of [...(this.#topics.get(topic) ?? [])]) listener(from, body)
  }

  /** Holds up what this node says; it arrives once the returned function is called. */
  hold(): () => void {
    const held: (() => void)[] = []
    this.#held = held
    return () => {
      this.#held = undefined
      for (const deliver of held) deliver()
    }
  }

  /** What was held up never arrives. */
  dropHeld(): void {
    this.#held = undefined
  }

  /** It hears and tells nobody from now on, and the others notice. */
  disconnect(): void {
    const others = [...this.#network.others(this)]
    this.#connected = false
    for (const other of others) {
      other.lose(this.node)
      this.lose(other.node)
    }
  }

  connect(): void {
    this.#connected = true
    for (const listener of this.#connectedListeners) listener()
  }

  /** It takes that node for gone, be it so or not. */
  lose(node: NodeId): void {
    for (const listener of this.#goneListeners) listener(node)
  }
}
