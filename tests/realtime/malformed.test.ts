import * as encoding from 'lib0/encoding'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { query } from '../support/blocked-database.ts'
import { connectProvider } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer
let token: string

beforeAll(async () => {
  server = await startServer({ env: { MAX_FAULTS_PER_MINUTE: '1000' } })
  token = await server.token('mallory')
})
afterAll(() => server.dispose())

const honest = (): Uint8Array => {
  const document = new Y.Doc()
  document.getArray('edits').push(['honest'])
  return Y.encodeStateAsUpdate(document)
}

const BAD_UPDATES: readonly (readonly [string, Uint8Array])[] = [
  ['ends too early', honest().slice(0, -3)],
  ['goes on after its end', new Uint8Array([...honest(), 0])],
  ['is noise', new Uint8Array([9, 200, 200, 200, 1, 7])],
  // Eleven bytes, after which stock Hocuspocus never opens the document again.
  ['holds runs without length', new Uint8Array([1, 3, 5, 0, 0, 0, 0, 0, 0, 0, 0])],
  ['declares 2^25 structs', new Uint8Array([1, 128, 128, 128, 16, 1, 0])],
]

for (const [what, bytes] of BAD_UPDATES) {
  it(`[DOC3] refuses an update that ${what}, which stock Hocuspocus acknowledges`, async () => {
    const room = `doc:bad-${BAD_UPDATES.findIndex(([name]) => name === what)}`
    const other = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token('bob') })
    onTestFinished(() => other.destroy())
    await other.saved()
    for (const kind of ['update', 'step2'] as const) {
      const client = await RawClient.connect({ wsUrl: server.wsUrl, room, token })
      await client.ask()
      client[kind](bytes)
      await until(() => client.closed !== undefined)
      expect(client.statuses).toEqual([])
      expect(client.stateless.map((payload) => JSON.parse(payload))).toMatchObject([
        { type: 'reject', id: null, code: 'update-malformed' },
      ])
      expect(client.closeMessages).toEqual(['update-malformed'])
      expect(client.closed).toEqual({ code: 4400, reason: 'update-malformed' })
    }
    // [RT4] Whoever else is in the room notices nothing, and nothing but their edits is stored.
    other.edits.push(['fine'])
    await other.saved()
    expect(other.closes).toEqual([])
    expect(other.edits.toArray()).toEqual(['fine'])
    const entries = await query(
      server.databaseUrl,
      'select 1 from room_updates u join rooms r on r.id = u.room_id where r.name = $1',
      [room],
    )
    expect(entries).toHaveLength(1)
  })
}

const frame = (room: string, ...rest: readonly number[]): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarString(encoder, room)
    encoding.writeUint8Array(encoder, new Uint8Array(rest))
  })

const BAD_FRAMES: readonly (readonly [string, (room: string) => Uint8Array])[] = [
  ['a sync message of an unknown kind', (room) => frame(room, 0, 9, 2, 0, 0)],
  ['a first question that cannot be read', (room) => frame(room, 0, 0, 3, 255, 255, 255)],
  ['a message for servers only', (room) => frame(room, 6, 1, 65)],
  ['nothing at all', () => new Uint8Array()],
]

for (const [what, make] of BAD_FRAMES) {
  it(`[RT3] [RT4] closes the WebSocket that sends ${what}, and nobody else's`, async () => {
    const room = 'doc:frames'
    const other = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token('bob') })
    onTestFinished(() => other.destroy())
    const client = await RawClient.connect({ wsUrl: server.wsUrl, room, token })
    await client.shake()
    await other.saved()
    client.raw(make(room))
    await until(() => client.closed !== undefined)
    expect(client.closed?.reason).toBe('frame-malformed')
    other.edits.push(['fine'])
    await other.saved()
    expect(other.closes).toEqual([])
  })
}

for (const name of [
  'constructor',
  '__proto__',
  'toString',
  'no-kind',
  'doc:with space',
  `doc:${'x'.repeat(300)}`,
]) {
  it(`[RT4] refuses the room name ${name.slice(0, 20)} by a denial, without closing the WebSocket for other rooms`, async () => {
    const client = await RawClient.connect({ wsUrl: server.wsUrl, room: name, token })
    onTestFinished(() => client.close())
    expect(client.denials).toEqual(['room-name-invalid'])
    expect(client.closed).toBeUndefined()
  })
}
