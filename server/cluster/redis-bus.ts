import { randomBytes } from 'node:crypto'
import type { Bus, NodeId } from '../bus.ts'
import type { RedisConfig } from '../config/redis.ts'
import { tellAll } from '../log/tell-all.ts'
import type { Logger } from '../observe/log.ts'
import { within } from '../storage/within.ts'
import { type Connection, connect } from './redis.ts'
import type { Seal } from './seal.ts'

/** How often each node says that it is there, in ms. */
const BEAT = 2_000
/** After so long without a word from it, a node is taken for dead, in ms: three beats, and a little. */
const SILENT = 7_000
/** After so long without hearing its own word, a node knows that it hears and tells nobody, in ms. */
const DEAF = 5_000
/** Nobody else had subscribed to a topic; after so long that is asked again, in ms: it is told of, but that may be lost. */
const ALONE = 2_000
/** What saying goodbye may take, in ms. */
const GOODBYE = 500

const NODES = 'nodes'
const HERE = Uint8Array.of(1)
const GONE = Uint8Array.of(0)

/** Said in a topic by whoever has subscribed to it. */
const HELLO = new Uint8Array()

type Listener = (from: NodeId, body: Uint8Array) => void

interface Topic {
  readonly listeners: Set<Listener>
  /** No other node had subscribed to it, as far as is known until then. */
  aloneUntil: number
}

/**
 * Messages between nodes over Redis' publish and subscribe. Redis may be away, stand still or forget everything: then
 * `connected` is false within five seconds, and nothing waits for it.
 */
export class RedisBus implements Bus {
  readonly node: NodeId = randomBytes(16).toString('hex')
  readonly #seal: Seal
  readonly #logger: Logger
  /** One to publish; a connection that has subscribed can do nothing else. */
  readonly #publisher: Connection
  readonly #subscriber: Connection
  readonly #topics = new Map<string, Topic>()
  /** Whether Redis says how many have subscribed: a node of a Redis Cluster knows of its own alone. */
  readonly #counts: boolean
  /** The other nodes, with the time at which each was heard last. */
  readonly #heard = new Map<NodeId, number>()
  readonly #connectedListeners = new Set<() => void>()
  readonly #goneListeners = new Set<(node: NodeId) => void>()
  #connected = false
  #echoed = 0
  #beat: NodeJS.Timeout | undefined

  constructor(config: RedisConfig, seal: Seal, logger: Logger) {
    this.#seal = seal
    this.#logger = logger
    this.#counts = config.kind !== 'cluster'
    const name = this.node.slice(0, 8)
    this.#publisher = connect(config, `${name}-publish`)
    this.#subscriber = connect(config, `${name}-subscribe`)
    for (const connection of [this.#publisher, this.#subscriber]) {
      // A connection that is lost is told of once, by `#lost`; each failed attempt to connect again says nothing new.
      connection.on('error', (error) => logger.debug({ err: error }, 'Redis'))
      connection.on('close', () => this.#lost())
    }
    this.#publisher.on('ready', () => this.#sayHere())
    this.#subscriber.on('ready', () => this.#listen([NODES, ...this.#topics.keys()]))
    this.#subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => this.#take(channel, message))
    this.#beat = setInterval(() => this.#tick(), BEAT)
    this.#beat.unref()
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
    const { listeners } = known ?? { listeners: new Set() }
    listeners.add(listener)
    if (known === undefined) {
      this.#topics.set(topic, { listeners, aloneUntil: 0 })
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

  /** Says goodbye, so that nobody waits to find out, and ends. */
  async stop(): Promise<void> {
    clearInterval(this.#beat)
    if (this.#connected) await within(GOODBYE, Promise.resolve(this.#send(NODES, GONE)))
    this.#connectedListeners.clear()
    this.#goneListeners.clear()
    this.#publisher.disconnect()
    this.#subscriber.disconnect()
  }

  #listen(topics: readonly string[]): void {
    const channels = topics.map((topic) => this.#seal.prefix + topic)
    this.#unless(
      this.#subscriber.subscribe(...channels).then(() => {
        for (const topic of topics) this.#send(topic, topic === NODES ? HERE : HELLO)
      }),
    )
  }

  #sayHere(): void {
    this.#send(NODES, HERE)
  }

  #send(topic: string, body: Uint8Array): Promise<void> {
    const message = this.#seal.close(topic, this.node, body)
    return this.#unless(
      this.#publisher.publish(this.#seal.prefix + topic, message).then((subscribers) => {
        const own = this.#topics.get(topic)
        if (own !== undefined && this.#counts && subscribers === 1) own.aloneUntil = performance.now() + ALONE
      }),
    )
  }

  /** What fails because Redis is away is dropped, and made again when it is back: `close` or deafness tell of that. */
  async #unless(sent: Promise<unknown>): Promise<void> {
    try {
      await sent
    } catch (error) {
      this.#logger.trace({ err: error }, 'dropped while Redis is away')
    }
  }

  #take(channel: Buffer, message: Buffer): void {
    const topic = channel.toString().slice(this.#seal.prefix.length)
    // Redis sends us our own as well; of those only the beat says anything.
    if (topic !== NODES && this.#seal.isFrom(this.node, message)) return
    const opened = this.#seal.open(topic, message)
    if (opened === undefined) {
      this.#logger.warn({ topic }, 'a message between nodes is not signed with our key; it is dropped')
      return
    }
    const { from, body } = opened
    if (from === this.node) {
      this.#heardOurselves()
      return
    }
    if (topic === NODES && body[0] === GONE[0]) {
      this.#goneNode(from)
      return
    }
    this.#heard.set(from, performance.now())
    const known = this.#topics.get(topic)
    if (known === undefined) return
    known.aloneUntil = 0
    if (body.length === 0) return
    try {
      tellAll(known.listeners, (listener) => listener(from, body))
    } catch (error) {
      // Signed and yet not understood: another version's, or our mistake. It counts as lost.
      this.#logger.error({ err: error, topic }, 'a message between nodes could not be taken; it is dropped')
    }
  }

  #heardOurselves(): void {
    this.#echoed = performance.now()
    if (this.#connected) return
    this.#connected = true
    this.#logger.info('connected to other nodes through Redis')
    tellAll(this.#connectedListeners, (listener) => listener())
  }

  #tick(): void {
    const now = performance.now()
    for (const [node, at] of this.#heard) if (now - at > SILENT) this.#goneNode(node)
    if (this.#connected && now - this.#echoed > DEAF) {
      // It may stand still with its connections open: they are made anew.
      this.#lost()
      this.#publisher.disconnect(true)
      this.#subscriber.disconnect(true)
    }
    this.#sayHere()
  }

  #lost(): void {
    if (!this.#connected) return
    this.#connected = false
    this.#logger.warn('Redis is away: other nodes are heard of through the database alone, a second later')
    for (const node of [...this.#heard.keys()]) this.#goneNode(node)
  }

  #goneNode(node: NodeId): void {
    if (this.#heard.delete(node)) tellAll(this.#goneListeners, (listener) => listener(node))
  }
}
