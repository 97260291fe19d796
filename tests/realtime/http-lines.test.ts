import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { SynclineError } from '../../server/errors.ts'
import type { Entrance } from '../../server/realtime/entrance.ts'
import { HttpTransport } from '../../server/realtime/http-transport.ts'
import { HttpWire } from '../../server/realtime/http-wire.ts'
import type { Wire } from '../../server/realtime/wire.ts'
import { BATCH_FRAMES, encodeRecord, joined, RecordType } from '../../server/records.ts'
import { until } from '../support/server.ts'

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

interface Line {
  /** What was handed over, by the first byte of each frame. */
  readonly taken: number[]
  readonly closed: (string | number)[]
  /** What came that counts as a message, and is none. */
  counted: number
  /** The codes of the lines of the log. */
  readonly logged: unknown[]
  wire?: Wire
  /** Called for each frame that is handed over. */
  took: () => void
}

/** The transport with nothing behind it. */
async function transport(refuseUpgrade: () => Promise<SynclineError | undefined> = async () => undefined) {
  const line: Line = { taken: [], closed: [], counted: 0, logged: [], took: () => undefined }
  const open = (wire: Wire) => {
    line.wire = wire
    return {
      receive: (frame: Uint8Array) => {
        line.taken.push(frame[0] ?? -1)
        line.took()
      },
      close: (code: number, reason: string) => {
        line.closed.push(code, reason)
        wire.close(code, reason, 0)
      },
      count: () => {
        line.counted += 1
      },
      drained: () => undefined,
      closed: () => undefined,
    }
  }
  const http = new HttpTransport({
    entrance: { open } as unknown as Entrance,
    logger: pino({ level: 'info' }, { write: (said) => void line.logged.push(JSON.parse(said).code) }),
    maxFrameBytes: 1024 * 1024,
    addressOf: () => '127.0.0.1',
    refuseUpgrade,
    corsOrigin: () => null,
  })
  const port = await listen((request, response) => http.request(request, response))
  const url = `http://127.0.0.1:${port}/sync/http`
  const ask = async (headers: Record<string, string> = {}, body?: Uint8Array, method = 'POST') => {
    const answer = await fetch(url, {
      method,
      headers,
      ...(body && { body: body as Uint8Array<ArrayBuffer> }),
    })
    return { status: answer.status, body: answer.status === 204 ? undefined : await answer.json() }
  }
  return { http, line, ask, port }
}

/** The same with a session, and what posts a batch to it. */
async function session() {
  const made = await transport()
  const { body } = await made.ask()
  const headers = { 'syncline-session': body.session, 'syncline-received': '0' }
  return {
    ...made,
    headers,
    post: async (batch: number, records: readonly Uint8Array[]) =>
      (await made.ask({ ...headers, 'syncline-batch': String(batch) }, joined(records))).status,
  }
}

const frames = (count: number, size = 1) =>
  Array.from({ length: count }, (_, i) => encodeRecord(RecordType.frame, new Uint8Array(size).fill(i % 251)))
const firsts = (count: number) => Array.from({ length: count }, (_, i) => i % 251)

it.each<[string, readonly Uint8Array[]]>([
  ['more than a thousand frames', frames(BATCH_FRAMES + 1)],
  ['several frames and more than 256 KiB', frames(2, 200_000)],
  ['a record of no kind in its middle', [...frames(3), encodeRecord(9), ...frames(3)]],
])('[EVT33] takes nothing of a batch of %s, and ends the session', async (_, records) => {
  const { post, line } = await session()
  expect(await post(1, records)).toBe(400)
  expect(line.taken).toEqual([])
  expect(line.closed).toEqual([4400, 'frame-malformed'])
})

it('[EVT33] takes a batch of a thousand frames, and one of a single large frame', async () => {
  const { post, line } = await session()
  expect(await post(1, frames(BATCH_FRAMES))).toBe(204)
  expect(await post(2, frames(1, 1_000_000))).toBe(204)
  expect(line.taken).toEqual([...firsts(BATCH_FRAMES), 0])
})

it('[EVT33] hands over no more of a batch while its sender is to wait; sent again it waits too, and is taken once', async () => {
  const { post, line } = await session()
  line.took = () => {
    if (line.taken.length === 10) line.wire?.pause()
  }
  // Whichever comes first is given up when the next comes.
  const posted = [post(1, frames(BATCH_FRAMES)).catch(() => 0)]
  await until(() => line.taken.length >= 10)
  posted.push(
    post(1, frames(BATCH_FRAMES)).catch(() => 0),
    post(2, frames(1)).catch(() => 0),
  )
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate)
  expect(line.taken.length).toBeLessThan(100)
  line.wire?.resume()
  await Promise.all(posted)
  expect(await post(2, frames(1))).toBe(204)
  expect(line.taken).toEqual([...firsts(BATCH_FRAMES), 0])
})

it('[EVT33] opens no session when the server began to stop while it was asked for', async () => {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<undefined>()
  const { http, line, ask } = await transport(() => {
    asked.resolve()
    return answer.promise
  })
  const opening = ask()
  await asked.promise
  http.drain()
  answer.resolve(undefined)
  expect(await opening).toMatchObject({ status: 503, body: { error: { code: 'shutting-down' } } })
  expect(line.wire).toBeUndefined()
})

it.each<Record<string, string>>([{}, { 'syncline-batch': '2' }, { 'syncline-batch': 'x' }])(
  '[EVT33] ends a session with a batch out of its turn (%j), and logs it once',
  async (numbered) => {
    const { ask, headers, line } = await session()
    const bring = () => ask({ ...headers, ...numbered }, joined(frames(1)))
    expect((await bring()).status).toBe(400)
    expect(line.closed).toEqual([4400, 'frame-malformed'])
    await bring()
    expect(line.logged.filter((code) => code === 'frame-malformed')).toHaveLength(1)
    expect(line.taken).toEqual([])
  },
)

it('[EVT33] counts each batch as a message, also one that comes again', async () => {
  const { post, line } = await session()
  for (const batch of [1, 1, 2]) expect(await post(batch, frames(1))).toBe(204)
  expect(line.counted).toBe(3)
})

it('[LIM10] logs nothing of the requests that are too many, nor of what a session asks for in vain', async () => {
  const over = await transport(async () => new SynclineError('rate-limited'))
  expect((await over.ask()).status).toBe(429)
  const { ask, headers, line } = await session()
  expect((await ask(headers, undefined, 'DELETE')).status).toBe(404)
  expect([...over.line.logged, ...line.logged]).toEqual([])
})

it('[EVT33] does not say of a session that stands that it has ended', async () => {
  const { ask, headers } = await session()
  expect(await ask(headers, undefined, 'DELETE')).toMatchObject({
    body: { error: { code: 'route-not-found' } },
  })
})

/** A batch of a session of which half has come, and its connection. */
async function halfBrought() {
  const { headers, line, port } = await session()
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const counted = Promise.withResolvers<void>()
  line.wire?.limit(999, counted.resolve)
  const lines = Object.entries({ host: 'x', 'content-length': 2_000, 'syncline-batch': 1, ...headers })
  socket.write(`POST /sync/http HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n`)
  socket.write(Buffer.alloc(1_000))
  const closed = new Promise((resolve) => socket.once('error', () => undefined).once('close', resolve))
  await counted.promise
  return { wire: line.wire, socket, closed }
}

it('[EVT33] lets go of what has come of a batch once its session has ended, however long the rest is held back', async () => {
  const { wire, socket, closed } = await halfBrought()
  wire?.cut()
  socket.resume()
  await closed
})

it('[EVT33] reads no further of a batch while its client is being told that the session ends', async () => {
  const { wire, socket } = await halfBrought()
  wire?.close(4400, 'rate-limited', 3_600_000)
  const answered = once(socket, 'data')
  socket.write(Buffer.alloc(1))
  expect(String(await answered)).toMatch(/^HTTP\/1.1 204 /)
})

const MORE_THAN_A_KERNEL_TAKES = 32 * 1024 * 1024

/** A wire, and answers over connections that nobody reads from. */
async function unread() {
  const wire = new HttpWire({ drained: () => undefined, gone: () => undefined })
  const answers: ServerResponse[] = []
  const port = await listen((_, response) => answers.push(response))
  const answer = async (poll: boolean) => {
    const socket = connect(port, '127.0.0.1').pause()
    socket.on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const count = answers.length
    await until(() => answers.length > count)
    const response = answers[count]
    if (response === undefined || !wire.attach(response, poll, 0)) throw new Error('not attached')
    return response
  }
  return { wire, answer }
}

it('[EVT33] keeps nothing for an answer that another one has replaced', async () => {
  const { wire, answer } = await unread()
  const first = await answer(false)
  wire.send(new Uint8Array(MORE_THAN_A_KERNEL_TAKES))
  await until(() => first.writableLength > 0)
  const second = await answer(false)
  await until(() => first.closed)
  await until(() => second.writableLength > 0)
  expect(second.closed).toBe(false)
  wire.cut()
  await until(() => second.closed)
})

it('[EVT33] cuts also an answer that has its end and is on its way', async () => {
  const { wire, answer } = await unread()
  const polled = await answer(true)
  wire.send(new Uint8Array(MORE_THAN_A_KERNEL_TAKES))
  await until(() => polled.writableEnded)
  expect(polled.writableLength).toBeGreaterThan(0)
  wire.close(4400, 'revoked', 400)
  await until(() => polled.closed)
})
