import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { Pulse } from '../../server/realtime/pulse.ts'

/** More than two kernels keep for somebody who does not read, twice. */
const DOCUMENT = 64 * 1024 * 1024

/** Both ends of a connection; the far one reads when the test does. */
async function connection(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const far = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  const [near] = (await once(server, 'connection')) as [Socket]
  onTestFinished(() => {
    near.destroy()
    far.destroy()
    server.close()
  })
  far.pause()
  near.resume()
  return { near, far }
}

/** Until so many bytes have been read in all. */
async function read(far: Socket, bytes: number): Promise<void> {
  while (far.bytesRead - far.readableLength < bytes) if (far.read() === null) await once(far, 'readable')
}

it('[RT34] is there while a document goes down, and gone soon after it goes no further', async () => {
  const { near, far } = await connection()
  const pulse = new Pulse(near)
  near.write(Buffer.alloc(DOCUMENT))
  expect(pulse.beats()).toBe(true)
  for (const share of [0.5, 0.75]) {
    await read(far, DOCUMENT * share)
    expect(pulse.beats()).toBe(true)
  }
  await read(far, DOCUMENT)
  expect([pulse.beats(), pulse.beats(), pulse.beats()]).toEqual([true, true, false])
})

it('[RT34] is there while a frame comes up, piece by piece', async () => {
  const { near, far } = await connection()
  const pulse = new Pulse(near)
  expect(pulse.beats()).toBe(true)
  for (let pieces = 0; pieces < 3; pieces += 1) {
    far.write('a piece')
    await once(near, 'data')
    expect(pulse.beats()).toBe(true)
  }
  expect(pulse.beats()).toBe(false)
})

it('[RT34] is gone where what is sent goes into the system only', async () => {
  const { near } = await connection()
  const pulse = new Pulse(near)
  expect(pulse.beats()).toBe(true)
  near.write('a ping')
  expect(pulse.beats()).toBe(false)
})
