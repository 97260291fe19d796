import { describe, expect, it, onTestFinished } from 'vitest'
import { onceRestorePlanned, startCompareServer } from '../history/compare/server.ts'
import { refusalOf } from '../http/server.ts'
import { query } from '../support/blocked-database.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

const env = { JWT_SECRET: SECRET }
const WORDS = 'The cat sat on the mat.'

/** Two servers on one database. */
async function startNodes(): Promise<readonly [TestServer, TestServer]> {
  const here = await startServer({ env })
  onTestFinished(() => here.dispose())
  const there = await startServer({ env: { ...env, DATABASE_URL: here.databaseUrl } })
  onTestFinished(() => there.dispose())
  return [here, there]
}

async function join({ wsUrl }: TestServer, room: string, user: string): Promise<Replica> {
  const replica = connectProvider({ wsUrl, room, token: tokenOf(user) })
  onTestFinished(() => replica.destroy())
  await replica.synced()
  return replica
}

const wordsOf = ({ document }: Replica): string => document.getText('content').toString()

/** Two entries: the words, and that the cat is gone. */
async function write(server: TestServer, room: string): Promise<Replica> {
  const ada = await join(server, room, 'ada')
  ada.document.getText('content').insert(0, WORDS)
  await ada.saved()
  ada.document.getText('content').delete(4, 4)
  await ada.saved()
  return ada
}

async function send(
  { url }: TestServer,
  [method, path]: readonly [method: 'POST' | 'PUT', path: string],
  user: string,
  body: object | string,
) {
  const type = typeof body === 'string' ? 'text/plain' : 'application/json'
  const response = await fetch(`${url}/api/v1/rooms/${path}`, {
    method,
    headers: { authorization: `Bearer ${tokenOf(user)}`, 'content-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return response.json()
}

const restore = (server: TestServer, room: string, user: string, body: object) =>
  send(server, ['POST', `${room}/restore`], user, body)

describe('a restore that two nodes are asked for at once', () => {
  it.each<[what: string, body: object]>([
    ['a version', { kind: 'version', at: '1' }],
    ['a change', { kind: 'hunks', from: '1', to: '2', hunks: [0] }],
  ])(
    '[HIS58] brings %s back once',
    async (_, body) => {
      const [here, there] = await startNodes()
      for (let round = 1; round <= 6; round += 1) {
        const room = `doc:story-${round}`
        const ada = await write(here, room)
        const bob = await join(there, room, 'bob')
        const answers = await Promise.all([
          restore(here, room, 'ada', body),
          restore(there, room, 'bob', body),
        ])
        expect(answers).toEqual([
          { seq: 3, before: 2 },
          { seq: 3, before: 2 },
        ])
        await until(() => wordsOf(ada) === WORDS && wordsOf(bob) === WORDS)
        expect(wordsOf(await join(there, room, 'eve'))).toBe(WORDS)
        expect(await query(here.databaseUrl, `select head from rooms where name = '${room}'`)).toEqual([
          { head: '3' },
        ])
      }
    },
    60_000,
  )

  it('[HIS58] is not done by one that lost its turn while it planned', async () => {
    const server = await startCompareServer()
    const ada = await server.join('doc:story', 'ada')
    ada.document.getText('content').insert(0, WORDS)
    await ada.saved()
    onceRestorePlanned(async () => {
      await server.query(
        `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and objsubid = 1
         and database = (select oid from pg_database where datname = current_database())`,
      )
    })
    const answer = await server.request('rooms/doc:story/restore', { body: { kind: 'version', at: '0' } })
    expect((await refusalOf(answer)).code).toBe('storage-unavailable')
    expect(await server.entries('doc:story')).toHaveLength(1)
  })
})

describe('content that is written at two nodes at once', () => {
  it('[CONV14] stands there once, in a room that is new as in one that people have open', async () => {
    const [here, there] = await startNodes()
    for (let round = 1; round <= 6; round += 1) {
      const room = `doc:letter-${round}`
      const both = (text: string) =>
        Promise.all(
          [here, there].map((node) => send(node, ['PUT', `${room}/content?format=text`], 'bot', text)),
        )
      const told = (answers: readonly { readonly seq: number; readonly changed: boolean }[]) =>
        answers.map(({ seq, changed }) => [seq, changed]).toSorted()
      expect(told(await both(WORDS))).toEqual([
        [1, false],
        [1, true],
      ])
      const [ada, bob] = await Promise.all([join(here, room, 'ada'), join(there, room, 'bob')])
      expect(told(await both('The dog sat.'))).toEqual([
        [2, false],
        [2, true],
      ])
      await until(() => wordsOf(ada) === 'The dog sat.' && wordsOf(bob) === 'The dog sat.')
    }
  }, 60_000)

  it('[CONV14] [CONV7] is refused to the second of two who expect the same', async () => {
    const [here, there] = await startNodes()
    for (let round = 1; round <= 6; round += 1) {
      const path = `doc:letter-${round}/content?format=text`
      expect(await send(here, ['PUT', path], 'bot', WORDS)).toMatchObject({ seq: 1 })
      const answers = await Promise.all(
        [here, there].map((node, index) => send(node, ['PUT', `${path}&expect=1`], 'bot', `${index} cats`)),
      )
      expect(answers.map((answer) => answer.seq ?? answer.error.code).toSorted()).toEqual([
        2,
        'content-changed',
      ])
      const ada = await join(there, `doc:letter-${round}`, 'ada')
      expect(wordsOf(ada)).toBe(`${answers.findIndex(({ seq }) => seq === 2)} cats`)
    }
  }, 60_000)
})
