import { HARMLESS, type PortAttack } from './attack.ts'
import { frame, raw, STEP_1, SYNC } from './bytes.ts'
import { eventually, type Target, Wire } from './target.ts'

interface Upgrade {
  readonly path?: string
  readonly headers?: readonly string[]
}

/** A WebSocket's handshake to the letter. `headers` stand in place of those of the same name. */
function upgrade({ path = '/sync', headers = [] }: Upgrade = {}): string {
  const usual = [
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]
  const named = new Set(headers.map((header) => header.split(':')[0]))
  const lines = [...usual.filter((line) => !named.has(line.split(':')[0])), ...headers]
  return `GET ${path} HTTP/1.1\r\n${lines.filter((line) => !line.endsWith(':')).join('\r\n')}\r\n\r\n`
}

const FIN = 0x80
const RSV1 = 0x40
const CONTINUATION = 0
const TEXT = 1
const BINARY = 2
const CLOSE = 8
const PING = 9

/** A WebSocket frame with a mask of zeros, which leaves the payload readable. */
function masked(first: number, payload: Uint8Array, declared = payload.length): Buffer {
  const length =
    declared < 126 ? [0x80 | declared] : declared < 65_536 ? [0xfe, declared >> 8, declared & 255] : [0xff]
  const long = declared < 65_536 ? Buffer.alloc(0) : Buffer.alloc(8)
  if (long.length > 0) long.writeBigUInt64BE(BigInt(declared))
  return Buffer.concat([Buffer.of(first, ...length), long, Buffer.alloc(4), payload])
}

/** What the server closed the WebSocket with: the code in its close frame, where there is one. */
function closeCode(received: string): string | undefined {
  const bytes = Buffer.from(received, 'latin1')
  let at = bytes.indexOf('\r\n\r\n') + 4
  while (at + 4 <= bytes.length) {
    const length = (bytes[at + 1] ?? 0) & 0x7f
    if (bytes[at] === (FIN | CLOSE)) return `${bytes.readUInt16BE(at + 2)}`
    at += 2 + length
  }
  return undefined
}

/** Where nothing says that it must, the server has time to hang up all the same, in ms. */
const HANGS_UP_WITHIN = 500

/** Opens a WebSocket and writes these bytes; gives the close code. */
const afterUpgrade =
  (...chunks: readonly Buffer[]) =>
  async (target: Target) => {
    const wire = new Wire(target)
    wire.write(upgrade())
    await wire.statuses()
    for (const chunk of chunks) wire.write(chunk)
    await eventually(() => wire.ended || closeCode(wire.received) !== undefined, HANGS_UP_WITHIN)
    const code = closeCode(wire.received)
    const ended = wire.ended
    wire.close()
    return [code ?? (ended ? 'ended' : 'open')]
  }

const asked = (bytes: string) => async (target: Target) => {
  const wire = new Wire(target)
  wire.write(bytes)
  const statuses = await wire.statuses()
  wire.close()
  return statuses
}

const port = (
  name: string,
  against: string,
  answers: readonly (number | string)[],
  run: PortAttack['run'],
): PortAttack => ({ kind: 'port', name, against, outcome: HARMLESS, answers, run })

const HANDSHAKE = 'who may open a WebSocket'
const FRAMING = 'frames of the WebSocket'
const CONNECTIONS = 'connections'

/** Many bare connections, all open at once while the server is asked whether it lives. */
const flood = (count: number, first: string, answered: boolean) => async (target: Target) => {
  const wires = Array.from({ length: count }, () => new Wire(target))
  for (const wire of wires) if (first !== '') wire.write(first)
  await eventually(() => wires.every(({ received, ended }) => !answered || ended || received !== ''), 3_000)
  const live = await fetch(`${target.url}/health/live`)
  for (const wire of wires) wire.close()
  await eventually(() => wires.every(({ ended }) => ended), 2_000)
  return [`${live.status}`]
}

/** WebSockets before anybody has said who they are. */
export const HANDSHAKES: readonly PortAttack[] = [
  port('the origin null', HANDSHAKE, [403], asked(upgrade({ headers: ['Origin: null'] }))),
  port('a foreign origin', HANDSHAKE, [403], asked(upgrade({ headers: ['Origin: https://evil.example'] }))),
  port(
    'an origin that only begins like ours',
    HANDSHAKE,
    [403],
    asked(upgrade({ headers: ['Origin: http://127.0.0.1.evil.example'] })),
  ),
  port(
    'an origin that is no origin',
    HANDSHAKE,
    [403],
    asked(upgrade({ headers: ['Origin: javascript:alert(1)'] })),
  ),
  port('another path', HANDSHAKE, [404], asked(upgrade({ path: '/api/v1/rooms' }))),
  port('a path that climbs', HANDSHAKE, [404], asked(upgrade({ path: '/x/../sync' }))),
  port('no key', HANDSHAKE, [400], asked(upgrade({ headers: ['Sec-WebSocket-Key:'] }))),
  port('a key that is none', HANDSHAKE, [400], asked(upgrade({ headers: ['Sec-WebSocket-Key: short'] }))),
  port('another version', HANDSHAKE, [400, 426], asked(upgrade({ headers: ['Sec-WebSocket-Version: 99'] }))),
  port('another protocol', HANDSHAKE, [200, 400, 404, 426], asked(upgrade({ headers: ['Upgrade: h2c'] }))),
  port(
    'a subprotocol of 10 kB',
    HANDSHAKE,
    [101, 400],
    asked(upgrade({ headers: [`Sec-WebSocket-Protocol: ${'x'.repeat(10_000)}`] })),
  ),
  port(
    'headers of 100 kB',
    HANDSHAKE,
    [431],
    asked(upgrade({ headers: [`X-Long: ${'x'.repeat(100_000)}`] })),
  ),
  port(
    'a token in the address',
    HANDSHAKE,
    [400],
    asked(upgrade({ path: '/sync?token=canary-in-the-address' })),
  ),
  port(
    'extensions that are none',
    HANDSHAKE,
    [101, 400],
    asked(
      upgrade({ headers: ['Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99, ;;=,'] }),
    ),
  ),

  port(
    'a compressed frame that nobody agreed on',
    FRAMING,
    [1002],
    afterUpgrade(masked(FIN | RSV1 | BINARY, Buffer.alloc(50))),
  ),
  port('a frame without a mask', FRAMING, [1002], afterUpgrade(Buffer.of(FIN | BINARY, 2, 1, 2))),
  port(
    'a kind of frame that there is not',
    FRAMING,
    [1002],
    afterUpgrade(masked(FIN | 0x0b, Buffer.alloc(1))),
  ),
  port(
    'a continuation of nothing',
    FRAMING,
    [1002],
    afterUpgrade(masked(FIN | CONTINUATION, Buffer.alloc(1))),
  ),
  port('a ping in parts', FRAMING, [1002], afterUpgrade(masked(PING, Buffer.alloc(1)))),
  port('a ping that is too long', FRAMING, [1002], afterUpgrade(masked(FIN | PING, Buffer.alloc(200)))),
  port(
    'a text message that is not UTF-8',
    FRAMING,
    [1007],
    afterUpgrade(masked(FIN | TEXT, Buffer.of(0xff, 0xfe))),
  ),
  port('a close code that there is not', FRAMING, [1002], afterUpgrade(masked(FIN | CLOSE, Buffer.of(0, 5)))),
  port(
    'a frame of four gigabytes',
    FRAMING,
    [1009],
    afterUpgrade(masked(FIN | BINARY, Buffer.alloc(10), 2 ** 32)),
  ),
  port(
    'a message in 2,000 parts without an end',
    FRAMING,
    [1009, 'open', 'ended', 4401, 4429, 1008],
    afterUpgrade(
      masked(BINARY, Buffer.alloc(1)),
      ...Array.from({ length: 2000 }, () => masked(CONTINUATION, Buffer.alloc(1))),
    ),
  ),
  port(
    'a message over the limit in parts',
    FRAMING,
    [1009, 1013],
    afterUpgrade(
      masked(BINARY, Buffer.alloc(1)),
      ...Array.from({ length: 20 }, () => masked(CONTINUATION, Buffer.alloc(1024 * 1024))),
    ),
  ),
  port(
    'ten thousand pings',
    FRAMING,
    ['open', 'ended', 4401, 4429, 1008],
    afterUpgrade(Buffer.concat(Array.from({ length: 10_000 }, () => masked(FIN | PING, Buffer.alloc(10))))),
  ),
  port('a handshake and the first frame in one', HANDSHAKE, [101], async (target) => {
    const wire = new Wire(target)
    wire.write(
      Buffer.concat([Buffer.from(upgrade()), masked(FIN | BINARY, frame('doc:x', SYNC, STEP_1, raw(1, 0)))]),
    )
    const statuses = await wire.statuses()
    wire.close()
    return statuses
  }),

  port(
    'three hundred WebSockets that never say who they are',
    CONNECTIONS,
    [200],
    flood(300, upgrade(), true),
  ),
  port('three hundred connections that say nothing', CONNECTIONS, [200], flood(300, '', false)),
  port(
    'three hundred halves of a handshake',
    CONNECTIONS,
    [200],
    flood(300, 'GET /sync HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgr', false),
  ),
  port('three hundred handshakes of one connection each, cut at once', CONNECTIONS, [200], async (target) => {
    for (let index = 0; index < 300; index += 1) {
      const wire = new Wire(target)
      wire.write(upgrade())
      wire.socket.resetAndDestroy()
    }
    return [`${(await fetch(`${target.url}/health/live`)).status}`]
  }),
]
