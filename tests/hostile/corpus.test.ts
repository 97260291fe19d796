import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { contentOf, openAfresh, Party } from './arena.ts'
import type { Attack } from './attack.ts'
import { CORPUS } from './corpus.ts'
import { launch, leavesNothing } from './launch.ts'
import { UNBRAKED } from './limits.ts'
import { UNDAMAGED, verifyAll } from './verified.ts'

let server: TestServer
let witness: Party
const parties = new Map<Attack, Party>()

beforeAll(async () => {
  server = await startServer({ env: UNBRAKED })
  witness = await Party.gather(server, 'doc:witness')
})
afterAll(() => server.dispose())

const roomOf = (attack: Attack): string => `doc:attack-${CORPUS.indexOf(attack)}`

async function survive(attack: Attack): Promise<readonly string[]> {
  // Attacks that know no room leave that of the witnesses to look at.
  const party = attack.kind === 'port' ? witness : await Party.gather(server, roomOf(attack))
  if (party !== witness) parties.set(attack, party)
  const problems = [...(await launch(attack, server, party))]
  await party.goesOn()
  await witness.goesOn()
  if (attack.kind === 'frames' && attack.presenceStays) await party.seesAda()
  if (party.marked && leavesNothing(attack)) problems.push('what the attacker wrote is in the room')
  if (party !== witness) party.leave()
  return problems
}

/** One attack that succeeds must not make the next ones look as if they did. */
async function heal(): Promise<void> {
  await server.kill9()
  witness.leave()
  for (const party of parties.values()) party.leave()
  await server.restart()
  witness = await Party.gather(server, 'doc:witness')
}

it('[HOS1] the corpus has at least sixty attacks, each under a name of its own', () => {
  expect(CORPUS.length).toBeGreaterThan(60)
  expect(new Set(CORPUS.map(({ name }) => name)).size).toBe(CORPUS.length)
})

describe.each(['frames', 'update', 'port'] as const)('%s', (kind) => {
  for (const attack of CORPUS.filter((one) => one.kind === kind)) {
    it(`[HOS1] ${attack.name}: ${attack.outcome.kind}, and everybody else goes on`, async () => {
      try {
        expect(await survive(attack)).toEqual([])
      } catch (error) {
        await heal()
        throw error
      }
    })
  }
})

it('[HOS1] one process answered all of it', () => {
  expect(server.output().match(/Syncline is ready/g)).toHaveLength(1)
})

it('[HOS1] after a restart every room opens, with what honest people hold, and verify finds nothing damaged', async () => {
  witness.leave()
  await server.stop()
  await server.restart()
  const wrong: string[] = []
  for (const [attack, { ada, room }] of parties) {
    const held = contentOf(ada.document)
    const opened = await openAfresh(server, room).then(contentOf, (error: Error) => error.message)
    if (typeof opened === 'string') wrong.push(`${attack.name}: ${opened}`)
    else if (!held.equals(opened)) wrong.push(`${attack.name}: holds something else`)
  }
  await server.stop()
  expect(wrong).toEqual([])
  expect(await verifyAll(server.databaseUrl)).toMatch(UNDAMAGED)
}, 60_000)
