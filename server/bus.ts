/** One process of the server, from its start to its end. */
export type NodeId = string

type Stop = () => void

/**
 * Carries messages between the nodes at once, or never. It makes things fast and nothing right: what must arrive is in
 * the log, and whoever listens here asks there for what may be missing.
 */
export interface Bus {
  /** This node. */
  readonly node: NodeId
  /** Messages go out and come in. */
  readonly connected: boolean
  /** Whether another node may have subscribed to the topic: what is not worth making for nobody need not be made. */
  isHeard(topic: string): boolean
  /** Tells all other nodes that have subscribed to the topic; what cannot be sent now is dropped. */
  publish(topic: string, body: Uint8Array): void
  /** Calls back with what other nodes publish, of each node in its order. */
  subscribe(topic: string, listener: (from: NodeId, body: Uint8Array) => void): Stop
  /** Calls back each time that messages go out and come in again: much may have been missed. */
  onConnected(listener: () => void): Stop
  /** Calls back with each node that has ended, is not heard of any more, or cannot be heard because nobody can. */
  onGone(listener: (node: NodeId) => void): Stop
  /** Calls back every so many ms for as long as this node takes part, whether messages go out or not. */
  every(ms: number, act: () => void): void
}
