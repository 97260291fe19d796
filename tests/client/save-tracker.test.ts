import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { describe, expect, it, vi } from 'vitest'
import * as Y from 'yjs'
import { countedSockets, type SocketClass } from '../../client/sdk/counted-socket.ts'
import { type Frame, readFrame } from '../../client/sdk/frames.ts'
import { SaveTracker } from '../../client/sdk/save-tracker.ts'
import { ack, authenticated, FakeSocket, step1 } from './fake-socket.ts'

const room = 'doc:a'
const frame = (kind: Frame['kind'], address = room): Frame => ({ address, kind, bytes: 10 })

const joined = (): SaveTracker => {
  const tracker = new SaveTracker(() => {})
  tracker.begin(room)
  tracker.sent(frame('step2'))
  tracker.received(frame('ack'))
  return tracker
}

describe('the save tracker', () => {
  it('[SDK1] says saved only once every local change is answered for', () => {
    const tracker = joined()
    expect(tracker.saved).toBe('saved')
    tracker.changed()
    tracker.sent(frame('update'))
    tracker.changed()
    tracker.sent(frame('update'))
    tracker.received(frame('ack'))
    expect([tracker.saved, tracker.unsaved]).toEqual(['saving', 1])
    tracker.received(frame('ack'))
    expect([tracker.saved, tracker.unsaved]).toEqual(['saved', 0])
  })

  it('[SDK1] counts a change that was not sent as not saved', () => {
    const tracker = joined()
    tracker.changed()
    tracker.received(frame('ack'))
    expect([tracker.saved, tracker.unsaved]).toEqual(['saving', 1])
  })

  it('[SDK1] takes nothing from an update that goes ahead of the SyncStep2 of its session', () => {
    const tracker = new SaveTracker(() => {})
    tracker.changed()
    tracker.begin(room)
    tracker.changed()
    tracker.sent(frame('update'))
    tracker.received(frame('ack'))
    expect([tracker.saved, tracker.unsaved]).toEqual(['saving', 2])
    tracker.sent(frame('step2'))
    expect(tracker.saved).toBe('saving')
    tracker.received(frame('ack'))
    expect([tracker.saved, tracker.unsaved]).toEqual(['saved', 0])
  })

  it('[SDK1] [CLU21] shows over a move what was true before it, and no change since as saved', () => {
    const tracker = joined()
    tracker.end(true)
    expect(tracker.saved).toBe('saved')
    tracker.begin(room)
    expect(tracker.saved).toBe('saved')
    tracker.changed()
    expect(tracker.saved).toBe('saving')
    tracker.end(true)
    expect([tracker.saved, tracker.unsaved]).toEqual(['saving', 1])
    tracker.stranded()
    expect(tracker.saved).toBe('offline')
    tracker.begin(room)
    expect(tracker.saved).toBe('saving')
    tracker.sent(frame('step2'))
    tracker.received(frame('ack'))
    expect([tracker.saved, tracker.unsaved]).toEqual(['saved', 0])
  })

  it('[SDK1] takes nothing over a move that was not known to be saved before it', () => {
    const tracker = new SaveTracker(() => {})
    tracker.begin(room)
    tracker.end(true)
    tracker.begin(room)
    expect(tracker.saved).toBe('saving')
  })

  it('[SDK1] begins anew on another socket, whatever the old one still owed', () => {
    const tracker = joined()
    tracker.changed()
    tracker.sent(frame('update'))
    tracker.end()
    expect([tracker.saved, tracker.unsaved]).toEqual(['offline', 1])
    tracker.received(frame('ack'))
    tracker.begin(room)
    tracker.received(frame('ack'))
    expect([tracker.saved, tracker.unsaved]).toEqual(['saving', 1])
  })

  it('[SDK1] does not take a late answer to a former session on the same socket for its own', () => {
    const tracker = joined()
    tracker.changed()
    tracker.sent(frame('update'))
    tracker.begin(`${room}\0second`)
    tracker.sent(frame('step2', `${room}\0second`))
    tracker.received(frame('ack'))
    expect([tracker.saved, tracker.unsaved]).toEqual(['saving', 1])
  })

  it('[SDK1] keeps refused changes unsaved, also when later ones are taken', () => {
    const tracker = joined()
    tracker.changed()
    tracker.sent(frame('update'))
    tracker.received(frame('nack'))
    tracker.changed()
    tracker.sent(frame('update'))
    tracker.received(frame('ack'))
    expect([tracker.saved, tracker.unsaved, tracker.refused]).toEqual(['saving', 2, true])
  })

  it('[SDK1] counts what the device kept unconfirmed until a SyncStep2 brought it', () => {
    const tracker = new SaveTracker(() => {})
    tracker.restored()
    tracker.restoredCount(12)
    expect([tracker.saved, tracker.unsaved]).toEqual(['offline', 12])
    tracker.begin(room)
    tracker.sent(frame('step2'))
    tracker.changed()
    tracker.sent(frame('update'))
    tracker.received(frame('ack'))
    expect(tracker.unsaved).toBe(1)
    tracker.received(frame('ack'))
    expect([tracker.saved, tracker.unsaved]).toEqual(['saved', 0])
  })
})

describe('the race of a queued update with the handshake', () => {
  it('[SDK1] is saving to the tracker while the provider (negative control) claims that nothing is unsynced', async () => {
    const doc = new Y.Doc()
    const tracker = new SaveTracker(() => {})
    FakeSocket.made.length = 0
    const Socket = countedSockets({
      opened: () => tracker.end(),
      sent: (sent) => tracker.sent(sent),
      received: (received) => tracker.received(received),
    })(FakeSocket as unknown as SocketClass)
    const socket = new HocuspocusProviderWebsocket({
      url: 'ws://test',
      WebSocketPolyfill: Socket,
      delay: 1,
      minDelay: 1,
    })
    doc.on('update', () => tracker.changed())
    const provider = new HocuspocusProvider({
      name: room,
      document: doc,
      websocketProvider: socket,
      token: 't',
    })
    provider.attach()
    const sentKinds = (fake: FakeSocket | undefined) =>
      fake?.sent.map((bytes) => readFrame(bytes)?.kind).filter((kind) => kind !== 'other')

    const first = await vi.waitUntil(() => FakeSocket.made[0], { timeout: 20_000 })
    first.open()
    await vi.waitUntil(() => first.sent.length > 1, { timeout: 20_000 })
    doc.getText().insert(0, 'lost with the first socket; ')
    first.close()
    doc.getText().insert(0, 'queued; ')

    const second = await vi.waitUntil(() => FakeSocket.made[1], { timeout: 20_000 })
    tracker.begin(room)
    second.open()
    await vi.waitUntil(() => second.sent.length > 1, { timeout: 20_000 })
    second.receive(authenticated(room))
    expect(sentKinds(second)).toEqual(['step1', 'update'])
    second.receive(ack(room))

    expect(provider.hasUnsyncedChanges).toBe(false)
    expect([tracker.saved, tracker.unsaved]).toEqual(['saving', 2])

    second.receive(step1(room, Y.encodeStateVector(new Y.Doc())))
    expect(tracker.saved).toBe('saving')
    second.receive(ack(room))
    expect([tracker.saved, tracker.unsaved]).toEqual(['saved', 0])
    provider.destroy()
    socket.destroy()
  })
})
