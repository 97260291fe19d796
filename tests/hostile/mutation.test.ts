import { afterAll, beforeAll, expect, it } from 'vitest'
import { session } from '../documents/random-document.ts'
import { seeded } from '../documents/random-edit.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { contentOf, openAfresh, Party } from './arena.ts'
import { Attacker } from './attacker.ts'
import { AUTH, frame, raw, STEP_2, SYNC, UPDATE } from './bytes.ts'
import { UNBRAKED } from './limits.ts'
import { mutated } from './mutation.ts'
import { eventually } from './target.ts'
import { UNDAMAGED, verifyAll } from './verified.ts'

/** How many changed updates are sent: MUTANTS=1000000 for a million. */
const MUTANTS = Number(process.env.MUTANTS ?? 4_000)
/** The first seed: SEED=n runs others, or one that failed again. */
const FIRST_SEED = Number(process.env.SEED ?? 1)
const EDITS = 50
const OF_EACH = 8
const ROOMS_AT_ONCE = 8
const SEEDS = Array.from({ length: Math.ceil(MUTANTS / (EDITS * OF_EACH)) }, (_, index) => FIRST_SEED + index)

let server: TestServer
let token: string

beforeAll(async () => {
  server = await startServer({ env: UNBRAKED })
  token = await server.token('mallory', { 'doc:*': 'write' })
})
afterAll(() => server.dispose())

const roomOf = (seed: number): string => `doc:mutants-${seed}`

interface Count {
  sent: number
  refused: number
}

/** Somebody who types, and before each edit sends it changed in some ways. */
async function mutants(seed: number, count: Count): Promise<void> {
  const random = seeded(seed)
  const room = roomOf(seed)
  const updates = session(seed, EDITS)
  let attacker: Attacker | undefined
  let owed = 0
  const send = async (update: Uint8Array) => {
    if (attacker === undefined || attacker.closed) {
      attacker = await Attacker.open(server)
      attacker.send(frame(room, AUTH, 0, token))
      // Before its handshake has brought all, what builds on something unseen waits, and is not answered.
      attacker.send(frame(room, SYNC, STEP_2, raw(2, 0, 0)))
      owed = 1
    }
    attacker.send(frame(room, SYNC, random() < 0.5 ? UPDATE : STEP_2, update))
    owed += 1
    const mine = attacker
    if (!(await eventually(() => mine.closed || mine.answers === owed, 10_000))) {
      throw new Error(`seed ${seed}: no answer to ${Buffer.from(update).toString('hex')}`)
    }
    count.sent += 1
    if (mine.closed) count.refused += 1
  }
  for (const [index, update] of updates.entries()) {
    for (let i = 0; i < OF_EACH; i += 1) {
      await send(mutated(update, updates[(index * 7 + i) % updates.length] ?? update, random))
    }
    await send(update)
  }
  attacker?.close()
}

it(
  `[HOS3] ${MUTANTS} honest updates, changed at random, end nothing, jam nothing and close no room`,
  async () => {
    const count: Count = { sent: 0, refused: 0 }
    const held = new Map<string, Buffer>()
    const waiting = [...SEEDS]
    const work = async () => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
        const party = await Party.gather(server, roomOf(seed))
        await mutants(seed, count)
        await party.goesOn()
        held.set(party.room, contentOf(party.ada.document))
        party.leave()
      }
    }
    await Promise.all(Array.from({ length: ROOMS_AT_ONCE }, work))
    expect(server.output().match(/Syncline is ready/g)).toHaveLength(1)
    // Neither all refused nor all taken, or they would show little.
    expect(count.refused / count.sent).toBeGreaterThan(0.2)
    expect(count.refused / count.sent).toBeLessThan(0.95)

    await server.stop()
    await server.restart()
    const wrong: string[] = []
    for (const [room, content] of held) {
      const opened = await openAfresh(server, room).then(contentOf, (error: Error) => error.message)
      if (typeof opened === 'string') wrong.push(opened)
      else if (!content.equals(opened)) wrong.push(`${room} holds something else`)
    }
    await server.stop()
    expect(wrong).toEqual([])
    expect(await verifyAll(server.databaseUrl)).toMatch(UNDAMAGED)
  },
  Math.max(60_000, MUTANTS * 10),
)
