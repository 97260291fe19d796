import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { inOrder, keyOf } from './choice.ts'
import { Health } from './health.ts'

export interface LoadBalancerOptions {
  /** `http://host:port` of each server. */
  readonly servers: readonly string[]
  /** 0 takes any that is free. */
  readonly port: number
}

/** Meant for one hop, not for what lies behind it (RFC 9110, 7.6.1). */
const ONE_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection']
const UNAVAILABLE = 'no server is ready\n'

/** What stands before several nodes in development and tests, as docker/ has Caddy: HTTP and WebSockets, no TLS. */
export class LoadBalancer {
  readonly url: string
  readonly #http: Server
  readonly #health: Health
  readonly #sockets: Set<Duplex>

  private constructor(http: Server, health: Health, sockets: Set<Duplex>) {
    this.#http = http
    this.#health = health
    this.#sockets = sockets
    const address = http.address()
    this.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  }

  static async start({ servers, port }: LoadBalancerOptions): Promise<LoadBalancer> {
    const health = await Health.of(servers)
    const sockets = new Set<Duplex>()
    let turn = 0
    const choose = async (asked: IncomingMessage): Promise<Socket | undefined> => {
      const key = keyOf(asked)
      if (key === undefined) turn += 1
      const ready = new Set(health.ready)
      for (const server of inOrder(servers, key, turn).filter((server) => ready.has(server))) {
        const socket = await reached(server)
        if (socket !== undefined) return socket
        health.failed(server)
      }
      return undefined
    }
    const http = createServer((asked, answer) => {
      // Whoever is cut off notices, and needs no more words.
      forward(asked, answer, choose).catch(() => answer.destroy())
    })
    http.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    http.on('upgrade', (asked: IncomingMessage, socket: Duplex, head: Buffer) => {
      join(asked, socket, head, choose).catch(() => socket.destroy())
    })
    http.listen(port, '127.0.0.1')
    await once(http, 'listening')
    return new LoadBalancer(http, health, sockets)
  }

  /** The servers that are asked at present. */
  get ready(): readonly string[] {
    return this.#health.ready
  }

  async close(): Promise<void> {
    await this.#health.close()
    const closed = once(this.#http, 'close')
    this.#http.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

type Choose = (asked: IncomingMessage) => Promise<Socket | undefined>

/** A connection to it; undefined where it takes none. */
async function reached(server: string): Promise<Socket | undefined> {
  const { hostname, port } = new URL(server)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  try {
    await once(socket, 'connect')
    return socket
  } catch {
    return undefined
  }
}

async function forward(asked: IncomingMessage, answer: ServerResponse, choose: Choose): Promise<void> {
  const socket = await choose(asked)
  if (socket === undefined) {
    answer.writeHead(503, { 'retry-after': '1', 'content-type': 'text/plain' }).end(UNAVAILABLE)
    return
  }
  const { method, url: path } = asked
  const outgoing = request({ createConnection: () => socket, method, path, headers: headersFor(asked) })
  outgoing.on('error', () => answer.destroy())
  answer.once('close', () => outgoing.destroy())
  // A refusal may come before all is sent, and says more than that it could not be sent.
  pipeline(asked, outgoing).catch(() => undefined)
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  answer.writeHead(incoming.statusCode ?? 502, withoutHop(incoming.headers))
  // An answer that goes on says at once that it has begun.
  answer.flushHeaders()
  await pipeline(incoming, answer)
}

async function join(asked: IncomingMessage, socket: Duplex, head: Buffer, choose: Choose): Promise<void> {
  // From the first moment: an error that nobody listens to would end the process.
  socket.on('error', () => socket.destroy())
  const server = await choose(asked)
  if (server === undefined) {
    socket.end(
      `HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: ${UNAVAILABLE.length}\r\n\r\n${UNAVAILABLE}`,
    )
    return
  }
  const { upgrade = 'websocket' } = asked.headers
  const headers = { ...headersFor(asked), connection: 'Upgrade', upgrade }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  server.write(`GET ${asked.url} HTTP/1.1\r\n${lines.join('')}\r\n`)
  server.write(head)
  await Promise.all([pipeline(socket, server), pipeline(server, socket)])
}

function headersFor(asked: IncomingMessage): Record<string, string | string[] | undefined> {
  return {
    ...withoutHop(asked.headers),
    ...(asked.headers['transfer-encoding'] !== undefined && { 'transfer-encoding': 'chunked' }),
    'x-forwarded-for': asked.socket.remoteAddress,
  }
}

const withoutHop = (headers: IncomingMessage['headers']): Record<string, string | string[] | undefined> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !ONE_HOP.includes(name)))
