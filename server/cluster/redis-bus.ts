import { randomBytes } from 'node:crypto'
import type { Bus, NodeId } from '../bus.ts'
import type { RedisConfig } from '../config/redis.ts'
import { tellAll } from '../log/tell-all.ts'
import type { Logger } from '../observe/log.ts'
import { within } from '../within.ts'
import { Numbers } from './numbers.ts'
import { type Connection, connect } from './redis.ts'
import type { Seal } from './seal.ts'

/** How often each node says that it is there, in ms. */
const BEAT = 1_000
/** After so long without a word from it, a node is taken for dead, in ms: all are to have heard of it within ten seconds. */
const SILENT = 6_000
/** After so long without hearing its own word, a node knows that it hears and tells nobody, in ms; it looks at each beat. */
const DEAF = 5_000
/** How often it is said that Redis cannot be reached, in ms. */
const WARN_EVERY = 60_000
/** Nobody else had subscribed to a topic; after so long that is asked again, in ms: it is told of, but that may be lost. */
const ALONE = 2_000
/** What saying goodbye may take, in ms. */
const GOODBYE = 500
/** Nodes of which it is known how far they had counted, those that have ended too. */
const MOST_NODES = 10_000

const NODES = 'nodes'
const HERE = Uint8Array.of(1)
const GONE = Uint8Array.of(0)
/** Said in a topic by whoever has subscribed to it. */
const HELLO = new Uint8Array()

type Listener = (from: NodeId, body: Uint8Array) => void

interface Topic {
  readonly listeners: Set<Listener>
  readonly numbers: Map<NodeId, Numbers>
  /** Redis has said that we hear it. */
  subscribed: boolean
  /** No other node had subscribed to it, as far as is known until then. */
  aloneUntil: number
  /** Messages of others that have come. */
  heard: number
}

const newTopic = (): Topic => ({
  listeners: new Set(),
  numbers: new Map(),
  subscribed: false,
  aloneUntil: 0,
  heard: 0,
})

/**
 * Messages between nodes over Redis' publish and subscribe. Redis may be away, stand still or forget everything: then
 * `connected` is false within seven seconds, and nothing waits for it.
 */
export class RedisBus implements Bus {
  readonly node: NodeId
  readonly #seal: Seal
  readonly #logger: Logger
  /** One to publish; a connection that has subscribed can do nothing else. */
  readonly #publisher: Connection
  readonly #subscriber: Connection
  readonly #topics = new Map<string, Topic>([[NODES, newTopic()]])
  /** Whether Redis says how many have subscribed: a node of a Redis Cluster knows of its own alone. */
  readonly #counts: boolean
  /** The other nodes, with the time at which each was heard last. */
  readonly #heard = new Map<NodeId, number>()
  /** How far each node had counted its messages. */
  readonly #newest = new Map<NodeId, number>()
  readonly #connectedListeners = new Set<() => void>()
  readonly #goneListeners = new Set<(node: NodeId) => void>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #connected = false
  /** The connections were given up, and none is made yet: what still comes over them is not to be taken for being connected. */
  #givenUp = false
  #echoed = performance.now()
  #warned = Number.NEGATIVE_INFINITY
  #problem: unknown

  constructor(
    config: RedisConfig,
    seal: Seal,
    logger: Logger,
    node: NodeId = randomBytes(16).toString('hex'),
  ) {
    this.node = node
    this.#seal = seal
    this.#logger = logger
    this.#counts = config.kind !== 'cluster'
    const name = this.node.slice(0, 8)
    this.#publisher = connect(config, `${name}-publish`)
    this.#subscriber = connect(config, `${name}-subscribe`)
    for (const connection of [this.#publisher, this.#subscriber]) {
      // Told of by `#tick`, once a minute: each failed attempt to connect says the same.
      connection.on('error', (error) => {
        this.#problem = error
      })
      connection.on('close', () => this.#lost())
    }
    this.#publisher.on('ready', () => this.#send(NODES, HERE))
    this.#subscriber.on('ready', () => {
      this.#givenUp = false
      this.#listen(this.#topics.keys())
    })
    this.#subscriber.on('close', () => {
      for (const topic of this.#topics.values()) topic.subscribed = false
    })
    this.#subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      if (!this.#givenUp) this.#take(channel, message)
    })
    this.every(BEAT, () => this.#tick())
  }

  get connected(): boolean {
    return this.#connected
  }

  isHeard(topic: string): boolean {
    return this.#connected && performance.now() >= (this.#topics.get(topic)?.aloneUntil ?? 0)
  }

  publish(topic: string, body: Uint8Array): void {
    if (this.isHeard(topic)) this.#send(topic, body)
  }

  subscribe(topic: string, listener: Listener): () => void {
    const known = this.#topics.get(topic)
    const { listeners } = known ?? newTopic()
    listeners.add(listener)
    if (known === undefined) {
      this.#topics.set(topic, { ...newTopic(), listeners })
      this.#listen([topic])
    }
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return
      this.#topics.delete(topic)
      this.#unless(this.#subscriber.unsubscribe(this.#seal.prefix + topic))
    }
  }

  onConnected(listener: () => void): () => void {
    this.#connectedListeners.add(listener)
    return () => this.#connectedListeners.delete(listener)
  }

  onGone(listener: (node: NodeId) => void): () => void {
    this.#goneListeners.add(listener)
    return () => this.#goneListeners.delete(listener)
  }

  every(ms: number, act: () => void): void {
    this.#timers.add(setInterval(act, ms).unref())
  }

  /** Says goodbye, so that nobody waits to find out, and ends. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    if (this.#connected) await within(GOODBYE, this.#send(NODES, GONE))
    this.#connected = false
    this.#connectedListeners.clear()
    this.#goneListeners.clear()
    this.#publisher.disconnect()
    this.#subscriber.disconnect()
  }

  #listen(topics: Iterable<string>): void {
    const names = [...topics]
    if (names.length === 0) return
    const subscribed = this.#subscriber.subscribe(...names.map((name) => this.#seal.prefix + name))
    const said = subscribed.then(() => {
      for (const name of names) {
        const topic = this.#topics.get(name)
        if (topic !== undefined) topic.subscribed = true
        this.#send(name, name === NODES ? HERE : HELLO)
      }
    })
    this.#unless(said)
  }

  #send(name: string, body: Uint8Array): Promise<void> {
    const topic = this.#topics.get(name)
    const heard = topic?.heard
    const sent = this.#publisher.publish(this.#seal.prefix + name, this.#seal.close(name, this.node, body))
    return this.#unless(
      sent.then((subscribers) => {
        // The one is us, unless Redis has not heard yet that we listen; and nobody has come since it counted.
        const alone = this.#counts && subscribers === 1 && topic?.subscribed && topic.heard === heard
        if (alone) topic.aloneUntil = performance.now() + ALONE
      }),
    )
  }

  /** What fails because Redis is away is dropped: a beat that is not heard tells of it, and subscribing is done again. */
  async #unless(sent: Promise<unknown>): Promise<void> {
    try {
      await sent
    } catch (error) {
      this.#problem = error
    }
  }

  #take(channel: Buffer, message: Buffer): void {
    const name = channel.toString().slice(this.#seal.prefix.length)
    // Redis sends us our own as well; of those only the beat says anything.
    if (name !== NODES && this.#seal.isFrom(this.node, message)) return
    const topic = this.#topics.get(name)
    if (topic === undefined) return
    const opened = this.#seal.open(name, message)
    if (opened === undefined) {
      this.#logger.warn({ topic: name }, 'a message between nodes is not sealed with our key; it is dropped')
      return
    }
    const { from, number, body } = opened
    if (!this.#isNew(topic, from, number)) return
    if (from === this.node) {
      this.#heardOurselves()
      return
    }
    if (name === NODES && body[0] === GONE[0]) {
      this.#goneNode(from)
      return
    }
    this.#heard.set(from, performance.now())
    topic.heard += 1
    topic.aloneUntil = 0
    if (body.length > 0) this.#tell(topic.listeners, (listener) => listener(from, body))
  }

  /** Whoever can write to Redis can send once more what they have seen there. */
  #isNew({ numbers }: Topic, from: NodeId, number: number): boolean {
    const newest = this.#newest.get(from) ?? 0
    const known = numbers.get(from) ?? new Numbers(newest, this.#counts)
    numbers.set(from, known)
    if (this.#newest.size >= MOST_NODES) this.#newest.clear()
    this.#newest.set(from, Math.max(newest, number))
    return known.take(number)
  }

  #heardOurselves(): void {
    this.#echoed = performance.now()
    if (this.#connected) return
    this.#connected = true
    this.#logger.info('connected to other nodes through Redis')
    this.#tell(this.#connectedListeners, (listener) => listener())
  }

  #tick(): void {
    const now = performance.now()
    for (const [node, at] of this.#heard) if (now - at > SILENT) this.#goneNode(node)
    if (now - this.#echoed > DEAF) {
      // It may stand still with its connections open, or halfway to being ready: they are made anew.
      this.#lost()
      this.#warn()
      this.#echoed = now
      this.#givenUp = true
      this.#publisher.disconnect(true)
      this.#subscriber.disconnect(true)
    } else if (this.#connected) {
      this.#listen([...this.#topics].filter(([, { subscribed }]) => !subscribed).map(([name]) => name))
    }
    this.#send(NODES, HERE)
  }

  #lost(): void {
    if (!this.#connected) return
    this.#connected = false
    this.#warned = Number.NEGATIVE_INFINITY
    this.#warn()
    for (const node of [...this.#heard.keys()]) this.#goneNode(node)
  }

  #warn(): void {
    const now = performance.now()
    if (now - this.#warned < WARN_EVERY) return
    this.#warned = now
    const message = 'Redis is away: other nodes are heard of through the database alone, a second later'
    this.#logger.warn({ err: this.#problem }, message)
  }

  #goneNode(node: NodeId): void {
    if (!this.#heard.delete(node)) return
    for (const { numbers } of this.#topics.values()) numbers.delete(node)
    this.#tell(this.#goneListeners, (listener) => listener(node))
  }

  /** What cannot be taken is another version's, or our mistake. It counts as lost, and nobody else's is. */
  #tell<One>(listeners: Iterable<One>, tell: (listener: One) => void): void {
    try {
      tellAll(listeners, tell)
    } catch (error) {
      this.#logger.error({ err: error }, 'a message between nodes could not be taken; it is dropped')
    }
  }
}
