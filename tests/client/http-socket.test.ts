import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { HttpSocket } from '../../client/sdk/http-socket.ts'
import { encodeHello, encodeRecord, POLL_HEADER, RecordReader, RecordType } from '../../server/records.ts'

/** What the test answers in the server's place. */
interface Answers {
  readonly get: (polls: boolean) => Response | Promise<Response>
  readonly post: (body: Uint8Array) => Response | Promise<Response>
}

const requests = { get: 0, post: 0 }
const page = () => new Response('<html>Sign in to use this network</html>', { status: 200 })
const taken = () => new Response(null, { status: 204 })

beforeEach(() => {
  vi.useFakeTimers()
  Object.assign(requests, { get: 0, post: 0 })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** An answer that goes on, as the server's does where there is nothing to say. */
function goingOn(signal: AbortSignal): Response {
  const body = new ReadableStream({
    start: (stream) => {
      stream.enqueue(encodeHello(1))
      const pings = setInterval(() => stream.enqueue(encodeRecord(RecordType.ping)), 12_000)
      signal.addEventListener('abort', () => {
        clearInterval(pings)
        stream.error(signal.reason)
      })
    },
  })
  return new Response(body)
}

const aborted = (signal: AbortSignal): Promise<Response> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

async function opened({ get, post }: Partial<Answers>): Promise<HttpSocket> {
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    const headers = new Headers(init.headers)
    const signal = init.signal ?? new AbortController().signal
    if (init.method !== 'POST') {
      requests.get += 1
      return get?.(headers.has(POLL_HEADER)) ?? goingOn(signal)
    }
    if (init.body === undefined) return Response.json({ session: 'one' }, { status: 201 })
    requests.post += 1
    return Promise.race([post?.(init.body as Uint8Array) ?? taken(), aborted(signal)])
  })
  const socket = new HttpSocket('ws://server/sync')
  await vi.waitUntil(() => socket.readyState === socket.OPEN, { timeout: 20_000 })
  return socket
}

it('[EVT30] gives up behind a page to sign in with, and asks no more often than after any other failure', async () => {
  const socket = await opened({ get: () => (requests.get < 500 ? page() : new Promise(() => undefined)) })
  await vi.advanceTimersByTimeAsync(2_000)
  expect(requests.get).toBeLessThan(10)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(socket.readyState).toBe(socket.CLOSED)
})

it('[EVT32] takes no other answer for one that a frame was taken', async () => {
  let answer = page
  const socket = await opened({ post: () => answer() })
  socket.send(new Uint8Array([1]))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(requests.post).toBeGreaterThan(1)
  answer = taken
  await vi.advanceTimersByTimeAsync(2_000)
  const { post } = requests
  // Less than until the next ping, which is answered.
  await vi.advanceTimersByTimeAsync(5_000)
  expect([requests.post, socket.readyState]).toEqual([post, socket.OPEN])
  socket.close()
})

it('[EVT30] rests between answers that are held back and bring nothing', async () => {
  let polled = 0
  const socket = await opened({
    get: (polls) => {
      if (!polls) throw new TypeError('held back')
      polled += 1
      if (polled > 5_000) return new Promise(() => undefined)
      return new Response(encodeHello(1) as Uint8Array<ArrayBuffer>)
    },
  })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(polled).toBeGreaterThan(1)
  expect(polled).toBeLessThan(40)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(socket.readyState).toBe(socket.OPEN)
  socket.close()
})

it('[EVT32] brings a large frame up over a slow line', async () => {
  const socket = await opened({
    post: (body) =>
      body.length < 1_000 ? taken() : new Promise((resolve) => setTimeout(() => resolve(taken()), 60_000)),
  })
  socket.send(new Uint8Array(1024 * 1024))
  await vi.advanceTimersByTimeAsync(61_000)
  // The other says that the pings were heard.
  expect([requests.post, socket.readyState]).toEqual([2, socket.OPEN])
  socket.close()
})

it('[RT34] says while a large frame comes down a slow line that it does, and puts it together once', async () => {
  const [pieces, size] = [60, 10_000]
  const record = encodeRecord(RecordType.frame, new Uint8Array(pieces * size).fill(7))
  const body = new ReadableStream({
    start: (stream) => {
      stream.enqueue(encodeHello(1))
      for (let at = 0; at < pieces; at++) {
        const piece = record.slice(at * size, at === pieces - 1 ? undefined : (at + 1) * size)
        setTimeout(() => stream.enqueue(piece), at * 1_000)
      }
    },
  })
  const heard: number[] = []
  const socket = await opened({
    get: () => (requests.get === 1 ? new Response(body) : new Promise(() => undefined)),
    post: () => {
      heard.push(Date.now())
      return taken()
    },
  })
  let copied = 0
  const { set } = Uint8Array.prototype
  const counting = vi.spyOn(Uint8Array.prototype, 'set').mockImplementation(function (
    this: Uint8Array,
    from,
    at,
  ) {
    copied += from.length
    set.call(this, from, at)
  })
  onTestFinished(() => counting.mockRestore())
  const came = new Promise<number>((resolve) =>
    socket.addEventListener('message', (event) =>
      resolve((event as MessageEvent<ArrayBuffer>).data.byteLength),
    ),
  )
  heard.push(Date.now())
  await vi.advanceTimersByTimeAsync(pieces * 1_000)
  expect(await came).toBe(pieces * size)
  const pauses = heard.slice(1).map((at, index) => at - (heard[index] ?? 0))
  expect(Math.max(...pauses)).toBeLessThan(12_000)
  expect(pauses.length).toBeLessThan(20)
  expect(copied).toBeLessThan(2 * record.length)
  socket.close()
})

it('[EVT32] sends what is written in whichever turn after an answer', async () => {
  for (let turns = 0; turns < 20; turns += 1) {
    const came: number[] = []
    let answered = false
    const socket = await opened({
      post: (body) => {
        for (const record of new RecordReader().read(body)) came.push(...record.body)
        if (!answered) void writeAfter(turns)
        answered = true
        return taken()
      },
    })
    const writeAfter = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn += 1) await Promise.resolve()
      socket.send(new Uint8Array([2]))
    }
    socket.send(new Uint8Array([1]))
    await vi.advanceTimersByTimeAsync(100)
    expect([turns, came]).toEqual([turns, [1, 2]])
    socket.close()
    await vi.advanceTimersByTimeAsync(2_000)
  }
})

it('[EVT32] says nothing of what comes once it is closed, as a WebSocket, and asks for no more', async () => {
  let say = (_bytes: Uint8Array): void => undefined
  let end = (): void => undefined
  const socket = await opened({
    get: () =>
      new Response(
        new ReadableStream({
          start: (stream) => {
            say = (bytes) => stream.enqueue(bytes)
            end = () => stream.close()
          },
        }),
      ),
    post: () => new Promise(() => undefined),
  })
  const heard: unknown[] = []
  socket.addEventListener('message', (event) => heard.push(event))
  say(encodeHello(1))
  say(encodeRecord(RecordType.frame, new Uint8Array([1])))
  await vi.advanceTimersByTimeAsync(10)
  expect(heard).toHaveLength(1)
  socket.close()
  say(encodeRecord(RecordType.frame, new Uint8Array([2])))
  end()
  await vi.advanceTimersByTimeAsync(10)
  expect([heard.length, requests.get, socket.readyState]).toEqual([1, 1, socket.CLOSING])
  await vi.advanceTimersByTimeAsync(2_000)
  expect([requests.get, socket.readyState]).toEqual([1, socket.CLOSED])
})
