import { randomUUID } from 'node:crypto'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { HttpSocket } from '../../../client/sdk/http-socket.ts'
import type { Scenario } from '../../bench.ts'
import { Latencies } from '../../load/latencies.ts'
import { pace, until } from '../../load/pace.ts'
import type { Peer } from '../../peer.ts'

const RATE = 20
const WARM_UP = 1

/** What a network that blocks WebSockets costs whoever types, and whoever watches. */
export const fallback: Scenario = {
  name: 'events-fallback',
  title: `One writer at ${RATE} edits/s and one reader, over HTTP and over WebSockets`,
  columns: [
    { figure: 'webSocketAck', title: 'WebSocket: acknowledged p50, ms', digits: 2 },
    { figure: 'httpAck', title: 'HTTP: acknowledged p50, ms', digits: 2 },
    { figure: 'webSocketSeen', title: 'WebSocket: seen p50, ms', digits: 2 },
    { figure: 'httpSeen', title: 'HTTP: seen p50, ms', digits: 2 },
    { figure: 'ack', title: 'acknowledged, HTTP to WebSocket', digits: 2 },
    { figure: 'seen', title: 'seen, HTTP to WebSocket', digits: 2 },
  ],
  goals: [
    { figure: 'ack', atMost: 3 },
    { figure: 'seen', atMost: 3 },
  ],
  run: (bench) =>
    bench.repeat(['syncline'], bench.pick(3, 1), async (peer) => {
      const seconds = bench.pick(10, 3)
      const [webSocket, http] = [new Latencies(), new Latencies()]
      const [webSocketSeen, httpSeen] = [new Latencies(), new Latencies()]
      await bench.measure(peer, async () => {
        await type(peer, WebSocket, seconds, webSocket, webSocketSeen)
        await type(peer, HttpSocket, seconds, http, httpSeen)
      })
      const figures = {
        webSocketAck: webSocket.percentile(50),
        httpAck: http.percentile(50),
        webSocketSeen: webSocketSeen.percentile(50),
        httpSeen: httpSeen.percentile(50),
      }
      return {
        ...figures,
        ack: figures.httpAck / figures.webSocketAck,
        seen: figures.httpSeen / figures.webSocketSeen,
      }
    }),
}

/** Types for so long with stock providers, whose own time is in both figures. */
async function type(
  peer: Peer,
  Socket: unknown,
  seconds: number,
  acknowledged: Latencies,
  seen: Latencies,
): Promise<void> {
  const room = `doc:${randomUUID()}`
  const [writer, reader] = [join(peer, room, Socket), join(peer, room, Socket)]
  await until(() => writer.provider.isSynced && reader.provider.isSynced)
  const text = writer.provider.document.getText()
  const sentAt: number[] = []
  let acks = 0
  let sights = 0
  let counting = false
  writer.provider.on('unsyncedChanges', ({ number }: { number: number }) => {
    const now = performance.now()
    for (; acks < sentAt.length - number; acks += 1)
      if (counting) acknowledged.add(now - (sentAt[acks] ?? now))
  })
  reader.provider.document.on('update', () => {
    const now = performance.now()
    const { length } = reader.provider.document.getText()
    for (; sights < length; sights += 1) if (counting) seen.add(now - (sentAt[sights] ?? now))
  })
  const settled = () => acks === sentAt.length && sights === sentAt.length
  for (const duration of [WARM_UP, seconds]) {
    await pace(RATE, duration, () => {
      sentAt.push(performance.now())
      text.insert(text.length, 'x')
    })
    await until(settled)
    counting = true
  }
  for (const { provider, socket } of [writer, reader]) {
    provider.destroy()
    socket.destroy()
  }
}

function join(peer: Peer, room: string, Socket: unknown) {
  const socket = new HocuspocusProviderWebsocket({ url: peer.address, WebSocketPolyfill: Socket })
  const provider = new HocuspocusProvider({
    name: room,
    document: new Y.Doc(),
    token: peer.token,
    websocketProvider: socket,
  })
  provider.attach()
  return { provider, socket }
}
