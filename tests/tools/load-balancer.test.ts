import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { socketUrl } from '../../client/sdk/address.ts'
import { inOrder } from '../../tools/cluster/choice.ts'
import { LoadBalancer } from '../../tools/cluster/load-balancer.ts'
import { until } from '../support/server.ts'

/** A server that says which one it is, and what it was sent. */
class Named {
  ready = true
  readonly url: string
  readonly #http: Server

  private constructor(http: Server) {
    this.#http = http
    const address = http.address()
    this.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  }

  static async start(name: string): Promise<Named> {
    const http = createServer(async (asked, answer) => {
      if (asked.url === '/health/ready') return void answer.writeHead(server.ready ? 200 : 503).end()
      const body: Buffer[] = []
      for await (const chunk of asked as AsyncIterable<Buffer>) body.push(chunk)
      answer.setHeader('x-from', String(asked.headers['x-forwarded-for']))
      answer.end(`${name} ${asked.method} ${asked.url} ${Buffer.concat(body)}`)
    })
    new WebSocketServer({ server: http }).on('connection', (socket) => socket.send(name))
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const server = new Named(http)
    return server
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections()
    this.#http.close()
    await once(this.#http, 'close')
  }
}

let servers: readonly Named[]
let balancer: LoadBalancer

beforeAll(async () => {
  servers = await Promise.all(['a', 'b', 'c'].map((name) => Named.start(name)))
  balancer = await LoadBalancer.start({ servers: servers.map(({ url }) => url), port: 0 })
})
afterAll(async () => {
  await balancer.close()
  await Promise.all(servers.map((server) => server.close()))
})

/** The name of the server that one gets to. */
async function joined(nearRoom?: string): Promise<string> {
  const socket = new WebSocket(socketUrl(balancer.url, nearRoom))
  const [name] = await once(socket, 'message')
  socket.terminate()
  return String(name)
}

const asked = async (path: string, init?: RequestInit): Promise<string> =>
  (await fetch(`${balancer.url}${path}`, init)).text()

const times = <Result>(count: number, act: (n: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => act(n)))

it('[OPS1] passes on what is asked and what is sent, and says who asked', async () => {
  const answer = await fetch(`${balancer.url}/api?x=1`, { method: 'POST', body: 'text' })
  expect(await answer.text()).toMatch(/^[abc] POST \/api\?x=1 text$/)
  expect(answer.headers.get('x-from')).toBe('127.0.0.1')
})

it('[OPS1] goes to all in turn', async () => {
  expect(new Set(await times(3, () => joined()))).toEqual(new Set(['a', 'b', 'c']))
})

it('[OPS2] sends nobody to a server that is not ready, and everybody again when it is', async () => {
  const [a] = servers
  if (a === undefined) throw new Error('no server')
  a.ready = false
  await until(() => !balancer.ready.includes(a.url))
  expect(new Set(await times(6, () => joined()))).toEqual(new Set(['b', 'c']))
  a.ready = true
  await until(() => balancer.ready.includes(a.url))
  expect(new Set(await times(6, () => joined()))).toEqual(new Set(['a', 'b', 'c']))
})

it('[OPS2] says so where no server is ready', async () => {
  const alone = await LoadBalancer.start({ servers: ['http://127.0.0.1:1'], port: 0 })
  expect((await fetch(alone.url)).status).toBe(503)
  const [error] = await once(new WebSocket(socketUrl(alone.url)), 'error')
  expect(String(error)).toContain('503')
  await alone.close()
})

it('[OPS3] brings everybody who names a room to one server, and rooms to all; without the name it is chance', async () => {
  for (const room of ['doc:a', 'doc:b']) {
    expect(new Set(await times(6, () => joined(room))).size, room).toBe(1)
  }
  expect(new Set(await times(40, (n) => joined(`doc:${n}`))).size).toBe(3)
  expect(new Set(await times(6, () => joined())).size).toBe(3)
})

it('[OPS3] keeps a session over HTTP, which is on one server, there', async () => {
  const servedBy = async (path: string) => (await asked(path, { method: 'POST' }))[0]
  expect(new Set(await times(6, () => servedBy('/sync/http'))).size).toBe(1)
  expect(new Set(await times(6, () => servedBy('/sync/http?room=doc:a'))).size).toBe(1)
  expect(new Set(await times(6, () => servedBy('/api'))).size).toBe(3)
})

it('[OPS3] moves only the rooms of a server that goes', () => {
  const all = ['a', 'b', 'c', 'd']
  const rooms = Array.from({ length: 200 }, (_, n) => `doc:${n}`)
  for (const room of rooms) {
    const [first, second] = inOrder(all, room, 0)
    const left = all.filter((server) => server !== 'a')
    expect(inOrder(left, room, 0)[0]).toBe(first === 'a' ? second : first)
  }
})
