import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { NewEntry } from '../../server/log/entry.ts'
import type { Commit } from '../../server/log/room-log.ts'
import { seeded } from '../documents/random-edit.ts'
import { connectTo, countTo, database, entry, fill, openLog, openRoom, textsOf } from './fixture.ts'
import { type Fate, startProxy } from './postgres-proxy.ts'

/** A log behind a proxy, and a second one beside it that sees what is really there. */
async function behindProxy(maxQueueBytes?: number) {
  const { url, db } = await database()
  const proxy = await startProxy(url)
  onTestFinished(() => proxy.close())
  const log = openLog(await connectTo(proxy.url), maxQueueBytes)
  return { proxy, log, room: await openRoom(log), witness: openLog(db), db }
}

const isCommit = (bytes: Uint8Array): boolean => Buffer.from(bytes).includes('commit')
const event = (id: string, actor = 'ada'): NewEntry => ({
  ...entry('{}', actor),
  event: { type: 'build.progress', id },
})

/** The heads that a commit answers with, and the tag of what it is: a `select`. */
const isCommitted = (bytes: Uint8Array): boolean =>
  /\{\d+.*SELECT 1/s.test(Buffer.from(bytes).toString('latin1'))

/** The fate, with how often it struck. */
function counted({ request, answer }: Fate): { readonly fate: Fate; readonly struck: () => number } {
  let count = 0
  const note = <What>(what: What): What => {
    if (what !== 'pass') count += 1
    return what
  }
  return {
    fate: {
      ...(request && { request: (bytes) => note(request(bytes)) }),
      ...(answer && { answer: (bytes) => note(answer(bytes)) }),
    },
    struck: () => count,
  }
}

describe('a commit', () => {
  it('[LOG2] counts only when Postgres has committed it', async () => {
    const { room, db } = await behindProxy()
    const blocker = await db.pool.connect()
    try {
      await blocker.query('begin')
      await blocker.query('select from rooms where id = $1 for update', [room.id])
      room.append(entry('1'))
      let told = false
      room.onCommit(() => {
        told = true
      })
      await expect
        .poll(async () => {
          const waiting = await db.pool.query(
            `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          )
          return waiting.rowCount
        })
        .toBe(1)
      expect([told, room.committed]).toEqual([false, 0])
      await blocker.query('commit')
      await room.durable()
      expect([told, room.committed]).toEqual([true, 1])
    } finally {
      blocker.release(true)
    }
  })

  it('[LOG2] is on disk when it returns, whatever the database is set to', async () => {
    const { url, db } = await database()
    await db.pool.query(`do $$ begin
      execute format('alter database %I set synchronous_commit = off', current_database()); end $$`)
    const client = await (await connectTo(url)).connect()
    const { rows } = await client.query('show synchronous_commit')
    expect(rows).toEqual([{ synchronous_commit: 'on' }])
  })

  const fates: readonly (readonly [string, (random: () => number) => Fate])[] = [
    [
      'the answer is lost',
      (random) => ({ answer: (bytes) => (isCommitted(bytes) && random() < 0.5 ? 'lose' : 'pass') }),
    ],
    [
      'request or answer are lost',
      (random) => ({
        request: () => (random() < 0.1 ? 'lose' : 'pass'),
        answer: () => (random() < 0.1 ? 'lose' : 'pass'),
      }),
    ],
    [
      'it arrives after its own retry',
      (random) => ({
        request: (bytes) => (isCommit(bytes) && random() < 0.4 ? { lateMs: 1 + random() * 150 } : 'pass'),
      }),
    ],
  ]
  for (const [what, fate] of fates) {
    it(`[LOG3] stands in the log once, though ${what}`, async () => {
      const { proxy, log, room, witness } = await behindProxy()
      const other = await openRoom(log, 'doc:b')
      const { fate: watched, struck } = counted(fate(seeded(7)))
      proxy.fate = watched
      for (let i = 1; i <= 32; i += 1) {
        room.append(entry(`${i}`))
        other.append(entry(`${i}`))
        if (i % 4 === 0) await room.durable()
      }
      await Promise.all([room.durable(), other.durable()])
      proxy.fate = {}
      // What is still on its way has arrived before the last look.
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(await textsOf(witness)).toEqual(countTo(32).map(String))
      expect(await textsOf(witness, 'doc:b')).toEqual(countTo(32).map(String))
      expect(room.head).toBe(32)
      expect(struck()).toBeGreaterThan(0)
    })
  }

  it('[LOG3] [EVT2] says which events were there already, though the answer is lost', async () => {
    const { proxy, room } = await behindProxy()
    room.append(event('1'))
    await room.durable()
    const again = event('1')
    const fresh = event('2')
    const commits: Commit[] = []
    room.onCommit((commit) => commits.push(commit))
    let left = 1
    proxy.fate = {
      answer: (bytes) => {
        if (left === 0 || !isCommitted(bytes)) return 'pass'
        left -= 1
        return 'lose'
      },
    }
    room.append(again)
    room.append(fresh)
    await room.durable()
    expect(left).toBe(0)
    // And an edit is none of them, though the lane's row still says so.
    const edit = entry('3')
    left = 1
    room.append(edit)
    await room.durable()
    expect(left).toBe(0)
    expect(commits).toMatchObject([
      { lastSeq: 2, entries: [fresh], repeats: new Map([[again, { seq: 1, same: true }]]) },
      { lastSeq: 3, entries: [edit], repeats: new Map() },
    ])
  })

  it('[LOG3] goes on behind a batch that is rejected, though the answer to that is lost, and an earlier one had a repeat', async () => {
    const { proxy, room, log, db } = await behindProxy()
    room.append(event('1'))
    await room.durable()
    room.append(event('2'))
    room.append(event('1'))
    await room.durable()
    await db.pool.query(`alter table room_events add constraint no check (actor <> 'eve')`)
    let burns = 0
    let lost = 0
    proxy.fate = {
      request: (bytes) => {
        if (Buffer.from(bytes).includes('update log_lanes set batch')) burns += 1
        return 'pass'
      },
      answer: () => {
        if (burns === lost || lost === 1) return 'pass'
        lost += 1
        return 'lose'
      },
    }
    room.append(event('3', 'eve'))
    await expect.poll(() => log.state.stalled).toBe(1)
    expect(lost).toBe(1)
    await db.pool.query('alter table room_events drop constraint no')
    expect(await room.durable()).toBe(3)
  })

  it('[LOG3] goes on under another name where the database knows its lane no longer', async () => {
    const { room, witness, db } = await behindProxy()
    for (const text of ['1', '2', '3']) {
      room.append(entry(text))
      await room.durable()
      expect((await db.pool.query('delete from log_lanes')).rowCount).toBeGreaterThan(0)
    }
    expect(await textsOf(witness)).toEqual(['1', '2', '3'])
  })

  it('[LOG3] stands there once, though its database hangs in the middle and its connection is given up', async () => {
    const { proxy, room, witness, db } = await behindProxy()
    const blocker = await db.pool.connect()
    await blocker.query('begin')
    await blocker.query('select from rooms where id = $1 for update', [room.id])
    room.append(entry('1'))
    const waiters = async () =>
      (
        await db.pool.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      ).rowCount ?? 0
    await expect.poll(waiters).toBe(1)
    // The first try goes on inside Postgres; the second comes on another connection and finds the gate shut.
    let cuts = 0
    proxy.fate = { answer: () => (cuts++ === 0 ? 'lose' : 'pass') }
    await blocker.query('commit')
    blocker.release()
    await room.durable()
    expect(await textsOf(witness)).toEqual(['1'])
  })

  it('[LOG3] negative control: retried without the gate, entries stand there twice', async () => {
    const { proxy, room, witness } = await behindProxy()
    const random = seeded(7)
    proxy.fate = { answer: () => (random() < 0.3 ? 'lose' : 'pass') }
    const append = async (text: string) => {
      const client = new pg.Client({ connectionString: proxy.url })
      client.on('error', () => undefined)
      try {
        await client.connect()
        await client.query(
          `with r as (update rooms set head = head + 1 where id = $1 returning head)
           insert into room_updates select $1, head, now(), 'ada', $2 from r`,
          [room.id, Buffer.from(text)],
        )
        return true
      } catch {
        return false
      } finally {
        await client.end()
      }
    }
    for (let i = 1; i <= 20; i += 1) while (!(await append(`${i}`)));
    proxy.fate = {}
    const texts = await textsOf(witness)
    expect(new Set(texts).size).toBe(20)
    expect(texts.length).toBeGreaterThan(20)
  })
})

describe('while the database is away', () => {
  it('[LOG4] entries wait in order, and all are written when it returns', async () => {
    const { proxy, log, room, witness } = await behindProxy()
    await fill(room, 10)
    proxy.refuse()
    for (let i = 11; i <= 200; i += 1) room.append(entry(`${i}`))
    await expect.poll(() => log.state.failure).toBeInstanceOf(Error)
    expect([room.committed, log.state.entries]).toEqual([10, 190])
    proxy.restore()
    await room.durable()
    expect(await textsOf(witness)).toEqual(countTo(200).map(String))
    expect(log.state).toMatchObject({ entries: 0, bytes: 0, failure: undefined })
  })

  it('[LOG4] cut again and again under typing, it writes everything once', async () => {
    const { room, witness, db } = await behindProxy()
    for (let i = 1; i <= 300; i += 1) {
      room.append(entry(`${i}`))
      if (i % 50 === 0) {
        await db.pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and query like '%append_entries%'`,
        )
      }
      if (i % 7 === 0) await new Promise(setImmediate)
    }
    await room.durable()
    expect(await textsOf(witness)).toEqual(countTo(300).map(String))
  })

  it('[LOG5] more than MAX_QUEUE_BYTES of waiting entries make the log full, and it keeps them all', async () => {
    const { proxy, log, room, witness } = await behindProxy(999 + 512 + 1 + 512) // each entry counts 512 bytes beside its own
    proxy.refuse()
    room.append(entry('x'.repeat(999)))
    expect(log.full).toBe(false)
    room.append(entry('y'))
    expect(log.full).toBe(true)
    room.append(entry('z'))
    proxy.restore()
    await room.durable()
    expect(log.full).toBe(false)
    expect(await textsOf(witness)).toEqual(['x'.repeat(999), 'y', 'z'])
  })

  it('[LOG4] closing waits for it; abandoning does not, whether it refuses or swallows everything', async () => {
    const { proxy, log, room } = await behindProxy()
    await fill(room, 5)
    proxy.swallow()
    room.append(entry('6'))
    const closing = log.close()
    const abandoned = Date.now()
    await log.abandon()
    expect(Date.now() - abandoned).toBeLessThan(1_000)
    expect(await Promise.race([closing.then(() => 'closed'), 'waiting'])).toBe('waiting')
    expect(room.committed).toBe(5)

    const refused = await behindProxy()
    refused.proxy.refuse()
    refused.room.append(entry('1'))
    await refused.log.abandon()
    expect(refused.room.committed).toBe(0)
  })

  it('does not pile up connections when a lane cannot be set up', async () => {
    const { log, room, db } = await behindProxy()
    await db.pool.query('alter table log_lanes add constraint none check (false) not valid')
    await db.pool.query(`alter table log_lanes rename to log_lanes_away`)
    room.append(entry('1'))
    await expect.poll(() => log.state.failure).toBeInstanceOf(Error)
    await new Promise((resolve) => setTimeout(resolve, 700))
    const { rows } = await db.pool.query<{ count: number }>(
      `select count(*)::int from pg_stat_activity where datname = current_database() and query like 'insert into log_lanes%'`,
    )
    expect(rows[0]?.count).toBeLessThanOrEqual(1)
    await db.pool.query(`alter table log_lanes_away rename to log_lanes`)
    await db.pool.query('alter table log_lanes drop constraint none')
    await room.durable()
  })
})
