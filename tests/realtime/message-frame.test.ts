import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
import { LONGEST, messageFrame } from '../../server/realtime/message-frame.ts'

it('[RT32] a frame that is made once for all readers is what a WebSocket takes for the message, whatever its length', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => server.close())
  await once(server, 'listening')
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => client.close())
  client.binaryType = 'arraybuffer'
  const came: Buffer[] = []
  client.addEventListener('message', ({ data }) => came.push(Buffer.from(data as ArrayBuffer)))
  const [, { socket }] = (await once(server, 'connection')) as [unknown, { readonly socket: Socket }]
  const messages = [0, 1, 125, 126, 127, 255, 256, LONGEST].map((length) => randomBytes(length))
  for (const message of messages) {
    socket.write(messageFrame(message))
    // As the next reader is sent it.
    expect(messageFrame(message)).toBe(messageFrame(message))
    socket.write(messageFrame(message))
  }
  await expect.poll(() => came.length).toBe(2 * messages.length)
  expect(came).toEqual(messages.flatMap((message) => [message, message]))
})
