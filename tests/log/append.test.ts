import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Log } from '../../server/log/log.ts'
import type { CommitPace, RoomLog } from '../../server/log/room-log.ts'
import {
  connectTo,
  countTo,
  database,
  entriesOf,
  entry,
  fill,
  openLog,
  openRoom,
  silent,
  textsOf,
} from './fixture.ts'

describe('appending', () => {
  it('[LOG1] gives the seqs 1, 2, 3 … in the order of appending, whatever is interleaved', async () => {
    const { db } = await database()
    const log = openLog(db)
    let run = 0
    // A step appends to one of the rooms, or lets the lanes get on with it.
    const steps = fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(11) }, fc.constant('turn' as const)), {
      maxLength: 300,
    })
    const holds = fc.asyncProperty(steps, async (script) => {
      run += 1
      const names = countTo(12).map((number) => `doc:${run}-${number}`)
      const rooms = await Promise.all(names.map((name) => openRoom(log, name)))
      const expected = rooms.map((): string[] => [])
      for (const [index, step] of script.entries()) {
        if (step === 'turn') await new Promise(setImmediate)
        else {
          rooms[step]?.append(entry(`${index}`))
          expected[step]?.push(`${index}`)
        }
      }
      await Promise.all(rooms.map((room) => room.durable()))
      for (const [index, name] of names.entries()) {
        const entries = await entriesOf(log, name)
        expect(entries.map(({ seq }) => seq)).toEqual(countTo(entries.length))
        expect(entries.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(expected[index])
      }
    })
    await fc.assert(holds, { seed: 1, numRuns: 12 })
  })

  it('[LOG1] keeps the order through a backlog of many batches', async () => {
    const { db } = await database()
    const log = openLog(db)
    const room = await openRoom(log)
    await fill(room, 9_001)
    expect(await textsOf(log)).toEqual(countTo(9_001).map(String))
  })

  it('resolves a barrier with the seq of the last entry before it', async () => {
    const { db } = await database()
    const log = openLog(db)
    const room = await openRoom(log)
    const barriers = countTo(20).map((number) => {
      room.append(entry(`${number}`))
      return room.durable()
    })
    expect(await Promise.all(barriers)).toEqual(countTo(20))
    expect(await room.durable()).toBe(20)
  })

  it('[LOG10] from four nodes at once leaves no gap and no deadlock', async () => {
    const { url, db } = await database()
    const databases = [db, await connectTo(url), await connectTo(url), await connectTo(url)]
    const logs = databases.map((one) => openLog(one))
    const names = countTo(6).map((number) => `doc:${number}`)
    const handles: { room: RoomLog; name: string; tag: string }[] = []
    for (const [node, log] of logs.entries()) {
      // The nodes meet the rooms in different orders.
      for (const name of node % 2 === 0 ? names : names.toReversed()) {
        handles.push({ room: await openRoom(log, name), name, tag: `${handles.length}` })
      }
    }
    for (let i = 0; i < 40; i += 1) {
      for (const { room, tag } of handles) room.append(entry(`${tag}:${i}`))
      if (i % 3 === 0) await new Promise(setImmediate)
    }
    await Promise.all(handles.map(({ room }) => room.durable()))
    const log = openLog(db)
    for (const name of names) {
      const texts = await textsOf(log, name) // which throws where there is a gap
      const mine = handles.filter((handle) => handle.name === name)
      expect(texts).toHaveLength(mine.length * 40)
      for (const { tag, room } of mine) {
        const own = texts.filter((text) => text.startsWith(`${tag}:`))
        expect(own).toEqual(countTo(40).map((number) => `${tag}:${number - 1}`))
        // A node knows of others' entries between its own, unless it was through before they came.
        expect(room.interleaved).toBe(texts[39] !== `${tag}:39`)
      }
    }
    expect(handles.some(({ room }) => room.interleaved)).toBe(true)
  })

  it('[LOG11] a room that gathers is committed in fewer batches, in order, and in full at the end', async () => {
    const { db } = await database()
    const log = openLog(db)
    const commits = async (name: string, pace: CommitPace) => {
      const room = await openRoom(log, name)
      room.pace = pace
      let count = 0
      room.onCommit(() => {
        count += 1
      })
      const started = performance.now()
      for (let i = 0; i < 40; i += 1) {
        room.append(entry(`${i}`))
        // Spread over 0.8 s, as people type: what is appended at once is one batch whether it gathers or not.
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await room.durable()
      expect(await textsOf(log, name)).toEqual(countTo(40).map((number) => `${number - 1}`))
      return { count, took: performance.now() - started }
    }
    // Each commit takes what has come in the meantime: where one takes long, there are few of them without gathering, too.
    const alone = await commits('doc:quiet', 'at once')
    const crowded = await commits('doc:crowded', 400)
    expect(crowded.count).toBeLessThanOrEqual(1 + crowded.took / 400)
    expect(crowded.count).toBeLessThan(alone.count)
  })

  it('[LOG11] is sent at once, or behind what the turn sends to others, or after what the turn brings', async () => {
    const { db } = await database()
    const happened: string[] = []
    const log = new Log(db, silent, 1 << 20, (_, commit) => {
      happened.push('commit')
      return commit()
    })
    onTestFinished(() => log.abandon())
    const room = await openRoom(log, 'doc:paced')
    const append = async (pace: CommitPace) => {
      happened.length = 0
      room.pace = pace
      setImmediate(() => happened.push('broadcast'))
      room.append(entry(String(pace)))
      await room.durable()
      return happened
    }
    expect(await append('at once')).toEqual(['commit', 'broadcast'])
    expect(await append('after the turn')).toEqual(['broadcast', 'commit'])
    expect(await append(1)).toEqual(['broadcast', 'commit'])

    // Another room's commit, asked for before, takes nothing along that has to wait for its broadcast.
    const other = await openRoom(log, 'doc:other')
    other.append(entry('on its way'))
    await Promise.resolve()
    const small = await openRoom(log, 'doc:small')
    happened.length = 0
    small.append(entry('behind it'))
    expect(await append('after the turn')).toEqual(['commit', 'broadcast', 'commit'])
  })

  it('[LOG11] a room that begins and ceases to gather under typing keeps its order', async () => {
    const { db } = await database()
    const log = openLog(db)
    const room = await openRoom(log, 'doc:wavering')
    const paces: CommitPace[] = [2, 2, 2, 'after the turn', 'at once', 'after the turn', 'at once']
    for (let i = 0; i < 300; i += 1) {
      room.pace = paces[i % paces.length] ?? 'at once'
      room.append(entry(`${i}`))
      if (i % 2 === 0) await new Promise((resolve) => setTimeout(resolve, i % 3))
    }
    await room.durable()
    expect(await textsOf(log, 'doc:wavering')).toEqual(countTo(300).map((number) => `${number - 1}`))
    expect(room.interleaved).toBe(false)
  })

  it('[LOG11] a room that begins to gather while its batch hangs lets nothing overtake it', async () => {
    const { db, url } = await database()
    const log = openLog(db)
    const room = await openRoom(log, 'doc:hung')
    const blocker = await connectTo(url)
    const holder = await blocker.connect()
    await holder.query('begin; lock table room_updates in share mode')
    room.append(entry('1'))
    await expect.poll(() => room.phase).toBe('in flight')
    room.pace = 10
    for (let i = 2; i <= 50; i += 1) {
      room.append(entry(`${i}`))
      if (i === 25) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    room.pace = 'at once'
    room.append(entry('51'))
    expect([room.phase, room.committed]).toEqual(['in flight', 0])
    await holder.query('commit')
    await room.durable()
    expect(await textsOf(log, 'doc:hung')).toEqual(countTo(51).map(String))
    expect(room.interleaved).toBe(false)
  })

  it('[LOG9] lets what one room is refused wait by itself', async () => {
    const { db } = await database()
    const log = openLog(db)
    const [good, bad, worse] = await Promise.all(
      ['doc:good', 'doc:bad', 'doc:worse'].map((name) => openRoom(log, name)),
    )
    if (good === undefined || bad === undefined || worse === undefined) throw new Error('no rooms')
    for (let i = 1; i <= 10; i += 1) {
      bad.append(entry(`bad ${i}`, i === 5 ? 'a\0b' : 'ada'))
      worse.append(entry(`worse ${i}`, i === 1 ? 'c\0d' : 'ada'))
      good.append(entry(`good ${i}`))
      if (i % 4 === 0) await good.durable()
    }
    await good.durable()
    expect(await textsOf(log, 'doc:good')).toEqual(countTo(10).map((number) => `good ${number}`))
    await expect.poll(() => log.state.stalled).toBe(2)
    expect(bad.appended - bad.committed + worse.appended).toBe(log.state.entries)
    // And neither holds up what comes later.
    await fill(good, 50)
    expect(good.committed).toBe(60)
  })

  it('[LOG9] counts what waits of a refused room for nothing where others are asked to wait, until it is twice the bound', async () => {
    const { db } = await database()
    const log = openLog(db, 10_000)
    await db.pool.query(`alter table room_updates add constraint no check (actor <> 'eve')`)
    const [bad, good] = [await openRoom(log, 'doc:bad'), await openRoom(log, 'doc:good')]
    bad.append(entry('x'.repeat(12_000), 'eve'))
    expect(log.full).toBe(true)
    await expect.poll(() => log.state.stalled).toBe(1)
    expect(log.full).toBe(false)
    expect(() => log.requireSpace(good)).not.toThrow()
    expect(() => log.requireSpace(bad)).toThrow(expect.objectContaining({ code: 'storage-rejects' }))
    bad.append(entry('y'.repeat(8_000)))
    expect(() => log.requireSpace(good)).toThrow(expect.objectContaining({ code: 'storage-full' }))
    await db.pool.query('alter table room_updates drop constraint no')
    await bad.durable()
    expect([log.full, log.state.bytes, bad.bytes]).toEqual([false, 0, 0])
    expect(() => log.requireSpace(bad)).not.toThrow()
  })

  it('[LOG9] tries a refused room again, and writes everything once it is taken', async () => {
    const { db } = await database()
    const log = openLog(db)
    const room = await openRoom(log)
    await db.pool.query(`alter table room_updates add constraint no check (actor <> 'eve')`)
    room.append(entry('1', 'eve'))
    room.append(entry('2'))
    await expect.poll(() => log.state.stalled).toBe(1)
    await db.pool.query('alter table room_updates drop constraint no')
    await room.durable()
    expect(await textsOf(log)).toEqual(['1', '2'])
    expect(log.state).toMatchObject({ entries: 0, bytes: 0, stalled: 0, failure: undefined })
  })
})

describe('closing', () => {
  it('[LOG4] waits until everything is committed', async () => {
    const { db } = await database()
    const log = openLog(db)
    const rooms = await Promise.all(countTo(20).map((number) => openRoom(log, `doc:${number}`)))
    for (const room of rooms) for (let i = 1; i <= 100; i += 1) room.append(entry(`${i}`))
    await log.close()
    const after = openLog(db)
    for (const room of countTo(20)) expect(await textsOf(after, `doc:${room}`)).toHaveLength(100)
  })
})
