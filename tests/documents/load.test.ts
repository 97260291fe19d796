import { describe, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { applyTail, newestSnapshot } from '../../server/documents/load.ts'
import { hasPending } from '../../server/documents/pending.ts'
import { RoomDocument } from '../../server/documents/room-document.ts'
import { Sandbox } from '../../server/documents/sandbox.ts'
import { verifyRoom } from '../../server/documents/verify.ts'
import type { Log } from '../../server/log/log.ts'
import type { RoomLog } from '../../server/log/room-log.ts'
import { connectTo, database, openLog, openRoom } from '../log/fixture.ts'
import { CONTENT, item, MALLORY, text, times, updateOf } from './attacks.ts'
import { session } from './random-document.ts'

async function load(log: Log, room: RoomLog): Promise<{ doc: Y.Doc; seq: number }> {
  const doc = new Y.Doc()
  const { seq, state } = await newestSnapshot(log, room)
  if (state !== null) Y.applyUpdate(doc, state)
  await applyTail(doc, log, room, seq)
  return { doc, seq }
}

function sandbox(): Sandbox {
  const made = new Sandbox()
  onTestFinished(() => made.close())
  return made
}

const FRESH = { unsnapshotted: 0, bytes: 0 }
const NO_EVENTS = {
  isLogged: () => false,
  actorOf: () => 'ada',
  incomingOf: () => undefined,
  onGap: () => undefined,
}

/** A room in which a session was typed on an open document. Resolves when all is committed. */
async function written(
  updates: readonly Uint8Array[],
  snapshotEvery = Number.POSITIVE_INFINITY,
  name = 'doc:a',
) {
  const { url, db } = await database()
  const log = openLog(db)
  const room = await openRoom(log, name)
  const { doc } = await load(log, room)
  const open = new RoomDocument(doc, room, FRESH, NO_EVENTS)
  for (const [index, update] of updates.entries()) {
    Y.applyUpdate(doc, update)
    if ((index + 1) % snapshotEvery === 0) await snapshot(log, open)
  }
  await room.durable()
  return { url, db, log, room, open, doc }
}

async function snapshot(log: Log, { doc, log: room }: RoomDocument): Promise<void> {
  const state = Y.encodeStateAsUpdate(doc)
  await log.saveSnapshot(room.id, { seq: await room.durable(), state })
}

const contentOf = (doc: Y.Doc) => ({
  content: doc.getText('content').toDelta(),
  default: doc.getXmlFragment('default').toString(),
  meta: doc.getMap('meta').toJSON(),
  list: doc.getArray('list').toJSON(),
})

describe('loading', () => {
  it('[DOC1] gives the newest snapshot and every entry after it', async () => {
    const { log, doc, db } = await written(session(5, 120), 25)
    const { doc: loaded, seq } = await load(log, await openRoom(log))
    expect(seq).toBeGreaterThan(50)
    expect(contentOf(loaded)).toEqual(contentOf(doc))
    // The newest snapshot damaged: the one before. Both: the log alone.
    await db.pool.query(`update room_snapshots set hash = '' where seq = $1`, [seq])
    const older = await load(log, await openRoom(log))
    expect(older.seq).toBeLessThan(seq)
    expect(older.seq).toBeGreaterThan(0)
    await db.pool.query(`update room_snapshots set hash = ''`)
    const whole = await load(log, await openRoom(log))
    expect(whole.seq).toBe(0)
    for (const one of [older, whole]) expect(contentOf(one.doc)).toEqual(contentOf(doc))
  })

  it('[DOC1] fails where an entry is missing or cannot be applied, and gives no part of the document', async () => {
    const { log, db, room } = await written(session(6, 40))
    await db.pool.query('update room_updates set bytes = $1 where seq = 10', [Buffer.from('not an update')])
    await expect(load(log, room)).rejects.toMatchObject({ code: 'room-damaged' })
    await db.pool.query('delete from room_updates where seq = 10')
    await expect(load(log, room)).rejects.toMatchObject({ code: 'room-damaged' })
  })

  it('[DOC1] fails where an entry builds on one that is not there', async () => {
    const { log, room } = await written([])
    const [first, ...others] = session(7, 20, 1)
    expect(first).toBeDefined()
    for (const bytes of others) room.append({ actor: 'ada', at: 1, bytes })
    await room.durable()
    await expect(load(log, await openRoom(log))).rejects.toThrow('builds on one that is not in the log')
  })
})

describe('an open document', () => {
  it('[DOC4] drops what builds on something unseen, says so, and takes it all when all of it comes', async () => {
    const { log, room } = await written([])
    const { doc } = await load(log, room)
    const gaps: unknown[] = []
    new RoomDocument(doc, room, FRESH, {
      ...NO_EVENTS,
      actorOf: String,
      onGap: (origin) => gaps.push(origin),
    })
    const ada = new Y.Doc()
    const updates: Uint8Array[] = []
    ada.on('update', (update: Uint8Array) => updates.push(update))
    const text = ada.getText('content')
    text.insert(0, 'one')
    text.insert(3, ' two')
    text.delete(0, 1)
    const [one, two, deletion] = updates
    if (one === undefined || two === undefined || deletion === undefined) throw new Error('three updates')

    Y.applyUpdate(doc, two, 'socket')
    expect([gaps, hasPending(doc), room.appended]).toEqual([['socket'], false, 0])
    Y.applyUpdate(doc, deletion, 'socket')
    expect([gaps.length, hasPending(doc), room.appended]).toEqual([2, false, 0])
    Y.applyUpdate(doc, one, 'socket')
    expect([gaps.length, doc.getText('content').toString()]).toEqual([2, 'one'])
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(ada), 'step2')
    expect([gaps.length, doc.getText('content').toString()]).toEqual([2, 'ne two'])

    await room.durable()
    const { doc: loaded } = await load(log, await openRoom(log))
    expect(loaded.getText('content').toString()).toBe('ne two')
    const actors: string[] = []
    for await (const { actor } of log.read(room.id, 0, room.head)) actors.push(actor)
    expect(actors).toEqual(['socket', 'step2'])
  })

  it('[DOC4] negative control: without that, the pending part stays and would travel in snapshots', () => {
    const ada = new Y.Doc()
    const updates: Uint8Array[] = []
    ada.on('update', (update: Uint8Array) => updates.push(update))
    ada.getText('content').insert(0, 'one')
    ada.getText('content').insert(3, ' two')
    const doc = new Y.Doc()
    Y.applyUpdate(doc, updates[1] ?? new Uint8Array())
    expect(hasPending(doc)).toBe(true)
    expect(Y.encodeStateAsUpdate(doc).length).toBeGreaterThan(2)
  })
})

describe('verifying', () => {
  it('[DOC6] finds every snapshot to be the fold of the log', async () => {
    const apart = sandbox()
    for (let seed = 1; seed <= 3; seed += 1) {
      const { log } = await written(session(seed, 100), 20 + seed)
      const verdict = await verifyRoom(log, await openRoom(log), apart)
      expect({ seed, ...verdict }).toMatchObject({ seed, snapshots: 2, problems: [] })
    }
  })

  it('[DOC6] also where the document was opened anew between the snapshots', async () => {
    const apart = sandbox()
    for (let seed = 11; seed <= 14; seed += 1) {
      const { db } = await database()
      const log = openLog(db)
      const updates = session(seed, 120)
      for (let at = 0; at < updates.length; at += 30) {
        const room = await openRoom(log)
        const { doc, seq } = await load(log, room)
        const open = new RoomDocument(doc, room, { unsnapshotted: room.head - seq, bytes: 0 }, NO_EVENTS)
        for (const update of updates.slice(at, at + 30)) Y.applyUpdate(doc, update)
        await room.durable()
        if (at % 60 === 30) await snapshot(log, open)
      }
      expect({ seed, ...(await verifyRoom(log, await openRoom(log), apart)) }).toMatchObject({
        seed,
        problems: [],
      })
    }
  })

  it('[DOC6] negative control: reports a snapshot that holds more, less, or something else', async () => {
    const { log, room, doc, db } = await written(session(8, 50))
    const before = Y.encodeStateAsUpdate(doc)
    const other = new Y.Doc()
    Y.applyUpdate(other, before)
    other.getText('content').insert(0, 'never typed')
    const less = new Y.Doc()
    Y.applyUpdate(less, before)
    less.getText('content').delete(0, 1)
    const none = Y.encodeStateAsUpdate(new Y.Doc())
    const apart = sandbox()
    for (const state of [Y.encodeStateAsUpdate(other), Y.encodeStateAsUpdate(less), none]) {
      await log.saveSnapshot(room.id, { seq: room.head, state })
      const { problems } = await verifyRoom(log, room, apart)
      expect(problems).toEqual([`the snapshot at ${room.head} is not what the log makes of it`])
    }
    await log.saveSnapshot(room.id, { seq: room.head, state: before })
    await db.pool.query('update room_snapshots set seq = seq + 1 where room_id = $1', [room.id])
    expect((await verifyRoom(log, room, apart)).problems).toEqual([
      `the snapshot at ${room.head + 1} is beyond the log`,
    ])
  })

  it('[DOC6] is not promised, and not saved, where another node has written in between', async () => {
    const { log, room, open, url } = await written(session(9, 130))
    expect(open.snapshotDue(true)).toBe(true)
    const elsewhere = await openRoom(openLog(await connectTo(url)))
    elsewhere.append({ actor: 'bob', at: 1, bytes: Uint8Array.of(0, 0) })
    await elsewhere.durable()
    open.doc.getText('content').insert(0, 'x')
    await room.durable()
    expect(open.snapshotDue(true)).toBe(false)
    await expect(load(log, await openRoom(log))).resolves.toBeDefined()
  })

  it('[DOC34] reports a snapshot that is damaged, which loading passes over', async () => {
    const { log, room, db } = await written(session(15, 60), 20)
    await db.pool.query(
      `update room_snapshots set hash = '' where seq = (select max(seq) from room_snapshots)`,
    )
    const { problems } = await verifyRoom(log, room, sandbox())
    expect(problems).toEqual([expect.stringMatching(/^the snapshot at \d+ is damaged$/)])
  })

  it('[DOC34] names the entry that ends the process which applies it, and outlives it', async () => {
    const { log, room } = await written(session(16, 60))
    const before = room.head
    const structs = times(250_000, (clock) =>
      item(MALLORY, CONTENT.embed, text('{}'), clock === 0 ? {} : { origin: clock - 1 }),
    )
    room.append({ actor: 'eve', at: 1, bytes: updateOf([{ client: MALLORY, structs }]) })
    for (const bytes of session(17, 10, 1)) room.append({ actor: 'ada', at: 1, bytes })
    await room.durable()
    const small = new Sandbox({ memory: 16 })
    onTestFinished(() => small.close())
    const { problems } = await verifyRoom(log, room, small)
    expect(problems).toEqual([`entry ${before + 1} cannot be applied: it ends the process that tries it`])
    // With room enough, there is nothing wrong with it.
    expect((await verifyRoom(log, room, sandbox())).problems).toEqual([])
  })

  it('[DOC34] names an entry that cannot be applied, and one that builds on nothing', async () => {
    const { log, room, db } = await written(session(18, 40))
    const was = await db.pool.query('select bytes from room_updates where seq = 10')
    await db.pool.query('update room_updates set bytes = $1 where seq = 10', [Buffer.from([1, 1, 5])])
    expect((await verifyRoom(log, room, sandbox())).problems).toEqual([
      expect.stringContaining('entry 10 cannot be applied'),
    ])
    const late = updateOf([{ client: MALLORY, clock: 5, structs: [item(MALLORY, CONTENT.string, text())] }])
    await db.pool.query('update room_updates set bytes = $1 where seq = 10', [Buffer.from(late)])
    expect((await verifyRoom(log, room, sandbox())).problems).toEqual([
      'entry 10 builds on one that is not in the log',
    ])
    await db.pool.query('update room_updates set bytes = $1 where seq = 10', [was.rows[0].bytes])
    expect((await verifyRoom(log, room, sandbox())).problems).toEqual([])
  })
})

describe('the snapshot that is due', () => {
  it('[DOC35] is due again at once where it could not be saved, and is exact in size where it could', async () => {
    const { open, doc } = await written(session(19, 600))
    expect(open.snapshotDue(false)).toBe(true)
    const failed = open.snapshotTaken(1_000)
    expect([open.snapshotDue(false), open.bytes]).toEqual([false, 1_000])
    doc.getText('content').insert(0, 'meanwhile')
    failed()
    expect(open.snapshotDue(false)).toBe(true)
    expect(open.bytes).toBeGreaterThan(1_000)
    const state = Y.encodeStateAsUpdate(doc)
    open.snapshotTaken(state.length)
    expect([open.snapshotDue(true), open.bytes]).toEqual([false, state.length])
  })
})
