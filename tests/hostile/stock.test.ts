import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { query } from '../support/blocked-database.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { openAfresh, Party } from './arena.ts'
import { CORPUS } from './corpus.ts'
import { launch } from './launch.ts'
import type { Target } from './target.ts'

const STOCK = fileURLToPath(new URL('../../bench/peers/stock.ts', import.meta.url))
/** What is not seen within this, on an idle machine, is not seen. */
const WITHIN = 2_000

/** What the corpus does to Hocuspocus as it comes: where one of these is no longer so, the corpus shows less than it says. */
const JAMS = [
  'a deleted run of nothing',
  'JSON nested 6,000 deep',
  'an embed nested 6,000 deep',
  'a format nested 6,000 deep',
  'elements nested 5,000 deep, and deleted at the root',
]
const CLOSES_FOR_EVER = ['three runs of nothing']
const HIDES = ["somebody else's presence, overwritten", "somebody else's presence, at the end of all clocks"]
const APPLIES = ['a close message, and an edit behind it']

let server: TestServer
let target: Target

beforeAll(async () => {
  server = await startServer({ entry: STOCK })
  target = { url: server.url, wsUrl: server.wsUrl, stock: true, token: async () => 'any' }
})
afterAll(() => server.dispose())

const attackOf = (name: string) => {
  const attack = CORPUS.find((one) => one.name === name)
  if (attack === undefined) throw new Error(`the corpus has no attack ${name}`)
  return attack
}

async function attacked(name: string): Promise<Party> {
  const party = await Party.gather(target, `doc:${name.replaceAll(/\W/g, '-')}`, WITHIN)
  await launch(attackOf(name), target, party)
  return party
}

it('[HOS2] negative control: five updates of the corpus jam a room of stock Hocuspocus', async () => {
  const outcomes = await Promise.all(
    JAMS.map(async (name) => {
      const party = await attacked(name)
      return party.goesOn().then(
        () => `${name}: nothing happened`,
        () => 'jammed',
      )
    }),
  )
  expect(outcomes).toEqual(JAMS.map(() => 'jammed'))
})

it('[HOS2] negative control: one of them makes a room that stock Hocuspocus never opens again', async () => {
  for (const name of CLOSES_FOR_EVER) {
    const party = await attacked(name)
    party.leave()
    const stored = 'select 1 from documents where name = $1'
    await until(async () => (await query(server.databaseUrl, stored, [party.room])).length > 0)
    await server.kill9()
    await server.restart()
    await expect(openAfresh(target, party.room, WITHIN)).rejects.toThrow('does not open')
  }
})

it('[HOS2] negative control: two frames take somebody out of sight, and one is applied behind a close message', async () => {
  const hidden = HIDES.map(async (name) => {
    const party = await attacked(name)
    await party.goesOn()
    await expect(party.seesAda(), name).rejects.toThrow('who is there')
  })
  const applied = APPLIES.map(async (name) => {
    const party = await attacked(name)
    await until(() => party.marked)
  })
  await Promise.all([...hidden, ...applied])
})
