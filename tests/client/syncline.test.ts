import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  type Client,
  type ConnectOptions,
  connect,
  type Room,
  type RoomState,
} from '../../client/sdk/index.ts'
import type { Grants } from '../../server/protocol.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer({ env: { MAX_FRAME_BYTES: String(64 * 1024) } })
})
afterAll(() => server.dispose())

const client = (id: string, grants: Grants, options: Partial<ConnectOptions> = {}): Client => {
  const made = connect({
    url: server.url,
    token: () => server.token(id, grants),
    user: { id, name: id },
    ...options,
  })
  onTestFinished(() => made.destroy())
  return made
}

const everything: Grants = { '*:*': 'write' }
const text = (room: Room) => room.doc.getText('content')
const until = (room: Room, holds: (state: RoomState) => boolean): Promise<unknown> =>
  vi.waitUntil(() => holds(room.getState()), { timeout: 10_000, interval: 5 })

describe('the client and a Syncline server', () => {
  it('[SDK3] a room that is not there is refused, others go on, and retry opens it on the same socket', async () => {
    const reader = client('eve', { 'doc:*': 'read', 'project:1': 'write' })
    const [absent, other] = [reader.room('doc:later'), reader.room('project:1')]
    await expect(absent.whenSynced()).rejects.toThrow('There is no such room')
    await other.whenSaved()
    const writer = client('ada', everything).room('doc:later')
    text(writer).insert(0, 'now it is')
    await writer.whenSaved()
    absent.retry()
    // What the server has comes first, its acknowledgement of what we have after it.
    await until(absent, (state) => state.synced && state.saved === 'saved')
    expect(text(absent).toString()).toBe('now it is')
    expect([absent.readOnly, absent.saved, other.status]).toEqual([true, 'saved', 'online'])
    text(writer).insert(0, 'and ')
    await vi.waitUntil(() => text(absent).toString() === 'and now it is', { timeout: 5_000 })
  })

  it('[SDK3] a change in a read-only room is never called saved', async () => {
    const writer = client('ada', everything).room('doc:read')
    await writer.whenSaved()
    const reader = client('eve', { 'doc:*': 'read' }).room('doc:read')
    await reader.whenSaved()
    text(reader).insert(0, 'not mine to write')
    await until(reader, (state) => state.refusal?.code === 'read-only')
    expect([reader.unsaved, reader.saved === 'saved']).toEqual([1, false])
    expect(text(writer).toString()).toBe('')
  })

  it('[SDK3] a change too large for the server is refused in its own room only, and kept', async () => {
    const ada = client('ada', everything)
    const [big, small] = [ada.room('doc:big'), ada.room('doc:small')]
    await Promise.all([big.whenSaved(), small.whenSaved()])
    text(big).insert(0, 'x'.repeat(100 * 1024))
    await until(big, (state) => state.status === 'refused')
    expect(big.getState()).toMatchObject({ unsaved: 1, refusal: { code: 'frame-too-large' } })
    text(small).insert(0, 'goes on')
    await small.whenSaved()
  })

  it('[SDK4] a room released is closed, and opened again on the same socket', async () => {
    const ada = client('ada', everything)
    const keeper = ada.room('doc:keeper')
    const first = ada.room('doc:again')
    text(first).insert(0, 'kept')
    first.release()
    await vi.waitUntil(() => ada.peek('doc:keeper') === keeper && first.getPeople().length === 0, {
      timeout: 5_000,
    })
    const second = ada.room('doc:again')
    await second.whenSaved()
    expect(text(second).toString()).toBe('kept')
  })

  it('[SDK1] what is saved survives the end of the server', async () => {
    const ada = client('ada', everything)
    const room = ada.room('doc:killed')
    await room.whenSynced()
    let saved = ''
    room.subscribe(() => {
      if (room.saved === 'saved') saved = text(room).toString()
    })
    for (let i = 0; i < 120; i++) {
      text(room).insert(text(room).length, `${i} `)
      // Now and then a pause in the typing, for something to be saved; the end comes in the middle of a run.
      if (i % 25 === 0) await room.whenSaved()
      else await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await server.kill9()
    expect(saved.length).toBeGreaterThan(0)
    await until(room, (state) => state.saved === 'offline')
    await server.restart()
    const bob = client('bob', everything).room('doc:killed')
    await bob.whenSynced()
    expect(text(bob).toString().startsWith(saved)).toBe(true)
    await room.whenSaved()
    await vi.waitUntil(() => text(bob).toString() === text(room).toString(), { timeout: 5_000 })
    await until(room, (state) => state.savedSeq !== undefined)
  })
})
