import { once } from 'node:events'
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** What a network does to those behind it; may change while they are connected. */
export interface Network {
  /** WebSockets are refused. */
  upgrades: boolean
  /** Answers are held back until they end. */
  buffers: boolean
  /** So many answers in a hundred are lost on the way, after the request has arrived. */
  losesAnswers: number
}

export interface NetworkProxy {
  readonly url: string
  readonly network: Network
  /** How many WebSockets were refused, and how many answers lost. */
  readonly refused: number
  readonly lost: number
  /** What comes from now on goes there; what is on its way stays where it is. */
  direct(target: string): void
  /** Breaks off all that is on its way, as a lost network does. */
  cut(): void
  close(): Promise<void>
}

/** A proxy before a server, in this process. */
export async function startProxy(target: string, initial: Partial<Network> = {}): Promise<NetworkProxy> {
  const network: Network = { upgrades: true, buffers: false, losesAnswers: 0, ...initial }
  let { hostname, port } = new URL(target)
  const sockets = new Set<Duplex>()
  const counts = { refused: 0, lost: 0, asked: 0 }

  const answer = async (from: IncomingMessage, response: ServerResponse): Promise<void> => {
    const outgoing = forward({
      host: hostname,
      port,
      method: from.method,
      path: from.url,
      headers: from.headers,
    })
    from.pipe(outgoing)
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    incoming.on('error', () => response.destroy())
    counts.asked += 1
    if ((counts.asked * 37) % 100 < network.losesAnswers) {
      counts.lost += 1
      response.destroy()
      incoming.resume()
      return
    }
    const { 'transfer-encoding': _, ...headers } = incoming.headers
    if (network.buffers) {
      const chunks: Buffer[] = []
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
      response.writeHead(incoming.statusCode ?? 502, headers).end(Buffer.concat(chunks))
    } else {
      response.writeHead(incoming.statusCode ?? 502, headers)
      response.flushHeaders()
      incoming.pipe(response)
    }
  }

  const server = createServer((from, response) => {
    answer(from, response).catch(() => response.destroy())
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  })
  server.on('upgrade', (from: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!network.upgrades) {
      counts.refused += 1
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
      return
    }
    const up = connect(Number(port), hostname)
    up.on('error', () => socket.destroy())
    up.on('close', () => socket.destroy())
    socket.on('close', () => up.destroy())
    const headers = Object.entries(from.headers).map(([name, value]) => `${name}: ${value}`)
    up.write(`GET ${from.url} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`)
    up.write(head)
    up.pipe(socket).pipe(up)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    network,
    get refused() {
      return counts.refused
    },
    get lost() {
      return counts.lost
    },
    direct: (next) => {
      ;({ hostname, port } = new URL(next))
    },
    cut,
    close: async () => {
      server.close()
      cut()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
