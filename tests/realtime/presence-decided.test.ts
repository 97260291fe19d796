import { type Connection, Document } from '@hocuspocus/server'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import type { Identity } from '../../server/access/identity.ts'
import { Presence, SocketPresence } from '../../server/realtime/presence.ts'
import { awarenessFrame, entry } from '../support/awareness.ts'
import { until } from '../support/server.ts'

it('[PRE11] nothing is told of somebody about whom is being decided; afterwards the newest is', async () => {
  const document = new Document('doc:decided')
  onTestFinished(() => document.destroy())
  let mayAsk = false
  const asked: Uint8Array[] = []
  let decided = () => {}
  const pending = new Promise<void>((resolve) => {
    decided = resolve
  })
  const connection = {
    document,
    context: {},
    messageAddress: document.name,
    send: () => undefined,
    onClose: () => undefined,
    handleMessage: (frame: Uint8Array) => asked.push(frame),
    waitForPendingMessages: () => pending,
  } as unknown as Connection
  document.addConnection(connection)
  const presence = new Presence({
    logger: pino({ level: 'silent' }),
    identityOf: () => ({ user: 'ada', name: 'Ada' }) as Identity,
    mayAsk: () => mayAsk,
  })
  const socket = new SocketPresence(presence)
  socket.joined(connection, { comfortable: true, charge: () => undefined })
  for (const clock of [1, 2, 3]) {
    expect(socket.take(awarenessFrame(document.name, entry(9, clock, { clock })))).toBe(true)
  }
  // Hocuspocus' way goes through the hooks that decide: once, however much is said meanwhile.
  expect(asked).toHaveLength(1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(document.awareness.getStates().size).toBe(0)
  mayAsk = true
  decided()
  await until(() => document.awareness.getStates().has(9))
  expect(document.awareness.getStates().get(9)).toEqual({ clock: 3, user: { id: 'ada', name: 'Ada' } })
})
