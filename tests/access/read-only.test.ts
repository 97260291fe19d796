import * as encoding from 'lib0/encoding'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { connect, type Room } from '../../client/sdk/index.ts'
import { signToken } from '../../server/access/token.ts'
import { ROLES, type Role } from '../../server/protocol.ts'
import { query } from '../support/blocked-database.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { EMPTY_UPDATE, RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const SECRET = 'tests only: 0123456789abcdefghijklmnop'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { JWT_SECRET: SECRET } })
})
afterAll(() => server.dispose())

const token = (user: string, role: Role, seconds = 600): string =>
  signToken(SECRET, { user: { id: user }, grants: { 'doc:*': role } }, seconds)

function join(room: string, role: Role, user = 'ada', document?: Y.Doc): Replica {
  const replica = connectProvider({
    wsUrl: server.wsUrl,
    room,
    token: token(user, role),
    ...(document && { document }),
  })
  onTestFinished(() => replica.destroy())
  return replica
}

async function raw(room: string, as: string): Promise<RawClient> {
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room, token: as })
  onTestFinished(() => client.close())
  return client
}

function edit(): Uint8Array {
  const document = new Y.Doc()
  document.getArray('edits').push(['an edit'])
  return Y.encodeStateAsUpdate(document)
}

/** Sync (0) and SyncReply (4) carry the same three messages; only the latter is answered without a question. */
const FRAMES = { sync: 0, 'sync reply': 4 } as const
const MESSAGES = { step2: 1, update: 2 } as const

const frame = (address: string, type: number, message: number, update: Uint8Array): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address)
    encoding.writeVarUint(encoder, type)
    encoding.writeVarUint(encoder, message)
    encoding.writeVarUint8Array(encoder, update)
  })

const entries = (room: string) =>
  query(
    server.databaseUrl,
    `select actor from room_updates u join rooms r on r.id = u.room_id where r.name = '${room}'`,
  )

const rejects = (client: { readonly stateless: readonly string[] }) =>
  client.stateless.map((payload) => JSON.parse(payload)).filter(({ type }) => type === 'reject')

describe('who may change a document', () => {
  const cases = ROLES.flatMap((role) =>
    Object.entries(FRAMES).flatMap(([type, typeNumber]) =>
      Object.entries(MESSAGES).map(([message, number]) => ({ role, type, typeNumber, message, number })),
    ),
  )

  it.each(cases)(
    '[ACC36] $role, with $message in a $type',
    async ({ role, typeNumber, number, type, message }) => {
      const room = `doc:${role}-${type.replace(' ', '-')}-${message}`
      await join(room, 'write', 'owner').saved()
      const client = await raw(room, token('ada', role))
      await client.ask()
      client.step2(EMPTY_UPDATE)
      client.raw(frame(room, typeNumber, number, edit()))
      await until(() => client.statuses.length === 2)
      const may = role === 'write' || role === 'admin'
      expect(client.statuses).toEqual([true, may])
      expect(rejects(client)).toEqual(
        may
          ? []
          : [
              {
                type: 'reject',
                id: 'edit',
                code: 'read-only',
                message: expect.any(String),
                retryable: false,
              },
            ],
      )
      expect(await entries(room)).toEqual(may ? [{ actor: 'ada' }] : [])
      expect(client.closed).toBeUndefined()
    },
  )

  it('[ACC36] a reader cannot delete, nor write under another address of the room', async () => {
    const owner = join('doc:delete', 'write')
    owner.edits.push(['one', 'two'])
    await owner.saved()
    const reader = await raw('doc:delete', token('rita', 'read'))
    await reader.ask()
    const copy = new Y.Doc()
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(owner.document))
    const before = Y.encodeStateVector(copy)
    copy.getArray('edits').delete(0, 1)
    reader.step2(Y.encodeStateAsUpdate(copy, before))
    reader.raw(frame('doc:delete\0another', 0, 2, edit()))
    await until(() => reader.statuses.length === 2)
    expect(reader.statuses).toEqual([false, false])
    expect(rejects(reader)).toHaveLength(1)
    expect(owner.edits.toArray()).toEqual(['one', 'two'])
  })
})

describe('edits of somebody who may only read', () => {
  it('[ACC37] an unchanged provider with offline edits is told so, keeps them, and reads on', async () => {
    const owner = join('doc:offline', 'write')
    await owner.saved()
    const document = new Y.Doc()
    document.getArray<string>('edits').push(['made offline'])
    const reader = join('doc:offline', 'comment', 'rita', document)
    await reader.synced()
    await until(() => rejects(reader).length === 1)
    owner.edits.push(['by the owner'])
    await reader.holds('by the owner', 'made offline')
    reader.edits.push(['made online'])
    await owner.saved()
    expect(reader.provider.hasUnsyncedChanges).toBe(true)
    expect(reader.provider.authorizedScope).toBe('readonly')
    expect(owner.edits.toArray()).toEqual(['by the owner'])
    expect(rejects(reader)).toHaveLength(1)
    expect(reader.closes).toEqual([])
  })

  it('[ACC37] the client shows the reason and the count, and sends them on a retry once they may be made', async () => {
    const owner = join('doc:sdk', 'write')
    await owner.saved()
    let role: Role = 'read'
    const client = connect({ url: server.url, token: () => token('rita', role), offline: false })
    onTestFinished(() => client.destroy())
    const room: Room = client.room('doc:sdk')
    room.doc.getArray('edits').push(['made offline'])
    await until(() => room.refusal?.code === 'read-only')
    room.doc.getArray('edits').push(['made online'])
    await until(() => room.unsaved === 2)
    expect(room.getState()).toMatchObject({ readOnly: true, saved: 'saving', unsaved: 2, status: 'online' })
    expect(owner.edits.toArray()).toEqual([])
    role = 'write'
    room.retry()
    await room.whenSaved()
    expect(room.getState()).toMatchObject({ readOnly: false, refusal: undefined, unsaved: 0 })
    await owner.holds('made offline', 'made online')
  })
})

describe('a message of a connection that stands', () => {
  it('[ACC38] is refused once the token has expired, whatever the message is', async () => {
    const room = 'doc:expired'
    await join(room, 'write', 'owner').saved()
    // Good for 5 s more by its leeway: so long may a busy machine take until all have asked with it.
    const soon = token('ada', 'write', -25)
    const clients = await Promise.all(Array.from({ length: 5 }, () => raw(room, soon)))
    for (const client of clients) await client.ask()
    await until(() => Date.now() > expiryOf(soon) + 30_000)
    const [update, step2, step1, stateless, awareness] = clients as [
      RawClient,
      RawClient,
      RawClient,
      RawClient,
      RawClient,
    ]
    update.update(edit())
    step2.step2(edit())
    step1.raw(frame(room, 0, 0, new Uint8Array([0])))
    stateless.raw(textFrame(room, 5, '{"type":"head"}'))
    awareness.raw(awarenessFrame(room))
    await until(() => clients.every(({ closed }) => closed !== undefined))
    for (const client of clients) {
      expect(client.closed?.reason).toBe('token-expired')
      expect(rejects(client).map(({ code }) => code)).toEqual(['token-expired'])
      expect(client.statuses).toEqual([])
    }
    expect(await entries(room)).toEqual([])
  })
})

const expiryOf = (of: string): number =>
  JSON.parse(Buffer.from(of.split('.')[1] ?? '', 'base64url').toString()).exp * 1000

const textFrame = (address: string, type: number, text: string): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address)
    encoding.writeVarUint(encoder, type)
    encoding.writeVarString(encoder, text)
  })

/** One client with the state `{}`. */
const awarenessFrame = (address: string): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address)
    encoding.writeVarUint(encoder, 1)
    encoding.writeVarUint8Array(
      encoder,
      encoding.encode((states) => {
        for (const number of [1, 7, 1]) encoding.writeVarUint(states, number)
        encoding.writeVarString(states, '{}')
      }),
    )
  })
