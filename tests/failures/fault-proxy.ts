import { once } from 'node:events'
import { createServer, connect as dial, type NetConnectOpts, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

interface Link {
  readonly ends: readonly [Socket, Socket]
  /** Nothing passes any more, and neither end is told. */
  stranded: boolean
}

/** Stands in front of a WebSocket, Postgres or Redis, and does to connections what networks do. */
export class FaultProxy {
  readonly port: number
  /** What each message takes on its way, in ms. */
  delay = 0
  readonly #server: Server
  readonly #target: NetConnectOpts
  readonly #links = new Set<Link>()
  #parted = false

  private constructor(server: Server, port: number, target: NetConnectOpts) {
    this.#server = server
    this.port = port
    this.#target = target
    server.on('connection', (socket: Socket) => this.#take(socket))
  }

  static async start(target: NetConnectOpts): Promise<FaultProxy> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return new FaultProxy(server, address.port, target)
  }

  /** In front of an address that is reached over TCP; the address to be used instead. */
  static async before(address: string): Promise<{ readonly proxy: FaultProxy; readonly url: string }> {
    const url = new URL(address)
    const proxy = await FaultProxy.start({ host: url.hostname, port: Number(url.port) })
    url.port = String(proxy.port)
    return { proxy, url: url.href }
  }

  /** Breaks off every connection. */
  cut(): void {
    for (const { ends } of this.#links) for (const end of ends) end.destroy()
  }

  /** Nothing arrives any more, until `mend`: then what was sent meanwhile does, as TCP sends it again. */
  part(): void {
    this.#parted = true
    for (const { ends } of this.#links) for (const end of ends) end.pause()
  }

  /** The connections that stand are dead, and neither end hears of it; others can be made. */
  strand(): void {
    for (const link of this.#links) link.stranded = true
  }

  mend(): void {
    this.#parted = false
    this.delay = 0
    for (const { ends } of this.#links) for (const end of ends) end.resume()
  }

  close(): void {
    this.#server.close()
    this.cut()
  }

  #take(client: Socket): void {
    const target = dial(this.#target)
    const link: Link = { ends: [client, target], stranded: false }
    this.#links.add(link)
    this.#carry(link, client, target)
    this.#carry(link, target, client)
  }

  #carry(link: Link, from: Socket, to: Socket): void {
    let passed = Promise.resolve()
    if (this.#parted) from.pause()
    from.setNoDelay(true)
    from.on('error', () => undefined)
    from.on('data', (bytes) => {
      if (link.stranded) return
      const due = performance.now() + this.delay
      if (this.delay > 0) passed = passed.then(() => delay(Math.max(0, due - performance.now())))
      passed = passed.then(() => void to.write(bytes))
    })
    from.on('close', () => {
      if (link.stranded && !to.destroyed) return
      void passed.then(() => to.destroySoon())
      if (to.destroyed) this.#links.delete(link)
    })
  }
}
