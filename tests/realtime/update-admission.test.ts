import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { DOCUMENT, LIMITS } from '../../server/documents/update-limits.ts'
import {
  CONTENT,
  gc,
  item,
  manyClients,
  nested,
  oneKey,
  text,
  times,
  updateOf,
} from '../documents/attacks.ts'
import { awarenessFrame, entry } from '../support/awareness.ts'
import { query } from '../support/blocked-database.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { acknowledgedBy, readRoom, startTyping } from '../support/typing.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

async function join(room: string, user: string, of = server): Promise<Replica> {
  const replica = connectProvider({ wsUrl: of.wsUrl, room, token: await of.token(user) })
  onTestFinished(() => replica.destroy())
  await replica.saved()
  return replica
}

async function attacker(room: string, user = 'mallory', of = server): Promise<RawClient> {
  const client = await RawClient.connect({ wsUrl: of.wsUrl, room, token: await of.token(user) })
  onTestFinished(() => client.close())
  await client.shake()
  await until(() => client.statuses.length === 1)
  return client
}

const headOf = async (room: string, of = server): Promise<number> => {
  const [row] = await query<{ head: string }>(of.databaseUrl, 'select head from rooms where name = $1', [
    room,
  ])
  return Number(row?.head)
}

describe('heavy updates', () => {
  it.each<[string, () => Uint8Array]>([
    ['one key 80,000 times', () => oneKey(80_000)],
    ['types nested 5,000 deep', () => nested(5_000)],
  ])('[DOC26] are tried in another process, and %s is refused; nobody else waits', async (what, update) => {
    const room = `doc:heavy-${what.length}`
    const mallory = await attacker(room, `mallory ${what.length}`)
    const typings = await startTyping(server, room, 2)
    await until(() => acknowledgedBy(typings).length > 20)
    mallory.update(update())
    await until(() => mallory.closed !== undefined, 20_000)
    expect(mallory.closed?.reason).toBe('update-refused')
    expect(mallory.statuses).toEqual([true])
    const before = acknowledgedBy(typings).length
    await until(() => acknowledgedBy(typings).length > before + 20)
    for (const typing of typings) typing.stop()
    for (const { replica } of typings) await replica.saved()
    const typed = typings.flatMap((typing) => typing.typed)
    expect(typings.flatMap(({ replica }) => replica.closes)).toEqual([])
    for (const { replica } of typings) replica.destroy()
    expect([...(await readRoom(server, room))].sort()).toEqual(typed.sort())
  })

  it('[DOC26] leave everybody else’s acknowledgements alone while they are tried', async () => {
    const room = 'doc:meanwhile'
    const mallory = await attacker(room, 'meanwhile')
    const typings = await startTyping(server, room, 1)
    mallory.update(oneKey(80_000))
    // What is typed after it is saved before it is decided. A server that tried it itself would be silent until it has closed her.
    for (let round = 0; round < 4; round += 1) {
      const typed = typings.flatMap((typing) => typing.typed).length
      await until(() => acknowledgedBy(typings).length > typed)
      expect(mallory.closed).toBeUndefined()
    }
    await until(() => mallory.closed !== undefined, 20_000)
    for (const typing of typings) typing.stop()
    for (const { replica } of typings) replica.destroy()
  })

  it('[DOC26] pass where they are honest: a day without a network, in one answer', async () => {
    const room = 'doc:day'
    const offline = new Y.Doc()
    const content = offline.getText('content')
    offline.transact(() => {
      for (let i = 0; i < 20_000; i += 1) content.insert((i * 7919) % (content.length + 1), 'word ')
    })
    const ada = connectProvider({
      wsUrl: server.wsUrl,
      room,
      token: await server.token('ada'),
      document: offline,
    })
    await until(() => ada.provider.isSynced && !ada.provider.hasUnsyncedChanges, 20_000)
    expect(ada.closes).toEqual([])
    ada.destroy()
    const bob = await join(room, 'bob')
    expect(bob.document.getText('content').length).toBe(100_000)
  })

  it('[DOC26] are not tried again and again for one whose last one was refused', async () => {
    const room = 'doc:again'
    const details: string[] = []
    for (let i = 0; i < 3; i += 1) {
      const mallory = await attacker(room, 'stubborn')
      mallory.update(nested(5_000))
      await until(() => mallory.closed !== undefined, 20_000)
      details.push(JSON.parse(mallory.stateless.at(-1) ?? '{}').message)
    }
    expect(details.slice(1).every((message) => message.includes('refused just now'))).toBe(true)
  })
})

describe('client ids', () => {
  it('[DOC39] are brought by one person until a document has 5,000 of them, and not in small parts either', async () => {
    const room = 'doc:many-ids'
    const mallory = await attacker(room, 'many')
    const first = 1_000
    for (let ids = 0; ids < 6_000 && mallory.closed === undefined; ids += 90) {
      const { acknowledgements } = mallory
      mallory.update(manyClients(90, first + ids))
      await until(() => mallory.acknowledgements > acknowledgements || mallory.closed !== undefined)
    }
    expect(mallory.closed?.reason).toBe('rate-limited')
    expect(mallory.acknowledgements - 1).toBe(Math.floor(DOCUMENT.clients / 90))
    const all = await attacker(room, 'all at once')
    all.update(manyClients(LIMITS.clients, 100_000))
    await until(() => all.closed !== undefined)
    expect(all.closed?.reason).toBe('update-refused')
    // Whoever brings what people bring is served as before.
    const ada = await join(room, 'ada')
    ada.edits.push(['one'])
    await ada.saved()
    const bob = await attacker(room, 'bob')
    bob.update(manyClients(90, 200_000))
    await until(() => bob.acknowledgements === 2 || bob.closed !== undefined)
    expect(bob.closed).toBeUndefined()
    ada.destroy()
    expect(await readRoom(server, room)).toEqual(['one'])
  })

  it('[DOC39] of a team’s years may come back in one copy', async () => {
    const room = 'doc:years'
    const years = new Y.Doc()
    for (let id = 1; id <= 4_000; id += 1) {
      years.clientID = id
      years.getArray('edits').push(['page'])
    }
    const ada = await attacker(room, 'ada of years')
    ada.update(Y.encodeStateAsUpdate(years))
    await until(() => ada.statuses.length === 2 || ada.closed !== undefined, 20_000)
    expect([ada.acknowledgements, ada.closed]).toEqual([2, undefined])
  })

  it('[DOC27] are continued by nobody else while their editor is there', async () => {
    const room = 'doc:ids'
    const ada = await join(room, 'ada')
    ada.edits.push(['one'])
    await ada.saved()
    const { clientID: client } = ada.document
    const mallory = await attacker(room)
    mallory.update(updateOf([{ client, clock: 1, structs: [gc(1_000)] }]))
    await until(() => mallory.closed !== undefined)
    expect(mallory.closed?.reason).toBe('update-refused')
    ada.edits.push(['two'])
    await ada.saved()
    expect(ada.document.clientID).toBe(client)
    ada.destroy()
    expect(await readRoom(server, room)).toEqual(['one', 'two'])
  })

  it('[DOC27] also before the editor has written, by what awareness says', async () => {
    const room = 'doc:silent-ids'
    const ada = await join(room, 'ada')
    ada.provider.setAwarenessField('user', { name: 'Ada' })
    const bob = await join(room, 'bob')
    await until(() => bob.provider.awareness?.getStates().has(ada.document.clientID) ?? false)
    const mallory = await attacker(room)
    mallory.update(updateOf([{ client: ada.document.clientID, structs: [gc(1_000)] }]))
    await until(() => mallory.closed !== undefined)
    expect(mallory.closed?.reason).toBe('update-refused')
    ada.edits.push(['one'])
    await ada.saved()
    bob.destroy()
    ada.destroy()
    expect(await readRoom(server, room)).toEqual(['one'])
  })

  it('[DOC27] may come over another connection of the same person, and of anybody once they have left', async () => {
    const room = 'doc:shared-ids'
    const ada = await join(room, 'ada')
    ada.edits.push(['one'])
    await ada.saved()
    const more = new Y.Doc()
    Y.applyUpdate(more, Y.encodeStateAsUpdate(ada.document))
    more.clientID = ada.document.clientID
    let update: Uint8Array | undefined
    more.on('update', (bytes: Uint8Array) => {
      update = bytes
    })
    const send = async (client: RawClient, edit: string): Promise<void> => {
      more.getArray('edits').push([edit])
      const heard = client.statuses.length
      client.update(update ?? new Uint8Array())
      await until(() => client.statuses.length > heard)
    }
    const tab = await attacker(room, 'ada')
    await send(tab, 'two')
    expect(tab.statuses).toEqual([true, true])
    tab.close()
    ada.destroy()
    await until(() => tab.closed !== undefined)
    const keeper = await attacker(room, 'keeper')
    const heir = await attacker(room, 'heir')
    await send(heir, 'three')
    heir.close()
    keeper.close()
    expect(await readRoom(server, room)).toEqual(['one', 'two', 'three'])
  })

  it('[CLU24] come with somebody else’s copy too, before their editor, just back, has brought what it wrote', async () => {
    const room = 'doc:copied-ids'
    const written = new Y.Doc()
    const edits = written.getArray<string>('edits')
    edits.push(['elsewhere'])
    const copy = Y.encodeStateAsUpdate(written)
    edits.push(['and there'])
    const ada = await RawClient.connect({ wsUrl: server.wsUrl, room, token: await server.token('ada') })
    onTestFinished(() => ada.close())
    ada.raw(awarenessFrame(room, entry(written.clientID, 1, {})))
    await ada.handled()
    const bob = await RawClient.connect({ wsUrl: server.wsUrl, room, token: await server.token('bob') })
    onTestFinished(() => bob.close())
    await bob.shake(copy)
    await until(() => bob.refusal !== undefined || bob.acknowledgements === 1)
    await ada.shake(Y.encodeStateAsUpdate(written))
    const before = Y.encodeStateVector(written)
    edits.push(['here'])
    ada.update(Y.encodeStateAsUpdate(written, before))
    await until(() => ada.refusal !== undefined || ada.acknowledgements === 2)
    expect([bob.refusal, ada.refusal]).toEqual([undefined, undefined])
    // From now on they are hers again.
    bob.update(updateOf([{ client: written.clientID, clock: 3, structs: [gc(1_000)] }]))
    await until(() => bob.closed !== undefined)
    expect(bob.closed?.reason).toBe('update-refused')
    ada.close()
    expect(await readRoom(server, room)).toEqual(['elsewhere', 'and there', 'here'])
  })

  it('[DOC27] negative control: what is written where others have written is ignored, and looks saved', () => {
    const room = new Y.Doc()
    const ada = new Y.Doc()
    ada.getArray('edits').push(['one'])
    Y.applyUpdate(room, Y.encodeStateAsUpdate(ada))
    Y.applyUpdate(room, updateOf([{ client: ada.clientID, clock: 1, structs: [gc(1_000)] }]))
    ada.getArray('edits').push(['two'])
    Y.applyUpdate(room, Y.encodeStateAsUpdate(ada))
    expect(room.getArray('edits').toArray()).toEqual(['one'])
    expect(Y.encodeStateAsUpdate(ada, Y.encodeStateVector(room))[0]).toBe(0)
  })
})

describe('the size of a document', () => {
  it('[DOC28] is bounded: past it only deletions are taken, and reading goes on', async () => {
    const small = await startServer({ env: { MAX_DOCUMENT_BYTES: String(64 * 1024) } })
    onTestFinished(() => small.dispose())
    const room = 'doc:full'
    const ada = await join(room, 'ada', small)
    ada.edits.push(['x'.repeat(60_000)])
    await ada.saved()
    const bob = await attacker(room, 'bob', small)
    bob.update(updateOf([{ client: 5, structs: [item(5, CONTENT.string, text('y'.repeat(10_000)))] }]))
    await until(() => bob.closed !== undefined)
    expect(bob.closed?.reason).toBe('document-too-large')
    expect(bob.statuses).toEqual([true])
    expect(ada.closes).toEqual([])
    // What goes on: reading, what fits, and making it smaller.
    expect(await readRoom(small, room)).toHaveLength(1)
    ada.edits.push(['fits'])
    await ada.saved()
    expect(await headOf(room, small)).toBe(2)
    ada.edits.delete(0)
    await ada.saved()
    ada.destroy()
    expect(await readRoom(small, room)).toEqual(['fits'])
    // Every snapshot measures it anew; so does the next who opens it.
    await until(async () => {
      const late = await attacker(room, 'late', small)
      late.update(updateOf([{ client: 6, structs: [item(6, CONTENT.string, text('y'.repeat(10_000)))] }]))
      await until(() => late.statuses.length > 1 || late.closed !== undefined)
      late.close()
      return late.statuses.length === 2
    })
  })
})

it('[DOC29] takes 256 KB of what builds on something unseen before the handshake, and no more', async () => {
  const mallory = await RawClient.connect({
    wsUrl: server.wsUrl,
    room: 'doc:owed',
    token: await server.token('owing'),
  })
  onTestFinished(() => mallory.close())
  await mallory.ask()
  const late = updateOf([
    { client: 5, clock: 9, structs: [item(5, CONTENT.string, text('x'.repeat(30_000)))] },
  ])
  for (const _ of times(8, () => 0)) mallory.update(late)
  await mallory.handled()
  expect([mallory.closed, mallory.statuses]).toEqual([undefined, []])
  mallory.update(late)
  await until(() => mallory.closed !== undefined)
  expect(mallory.closed?.reason).toBe('update-out-of-order')
})
