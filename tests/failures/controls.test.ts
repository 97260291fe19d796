import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { findRedis } from '../../tools/redis/binary.ts'
import { describeWithOwnRedis } from '../support/redis.ts'
import { Cluster } from './cluster.ts'
import { playRound } from './round.ts'
import { checkEdits, type Problem } from './verdict.ts'

const entryOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
/** Nothing happens, and everybody stays. */
const TYPING = { fault: 'nothing', node: 0, edits: 250, deserted: [] } as const

const kinds = (problems: readonly Problem[]): readonly string[] => [
  ...new Set(problems.map(({ kind }) => kind)),
]

describeWithOwnRedis('what finds failures finds them', () => {
  it.each([
    ['acknowledges before it commits', 'lost', 1, '../support/early-server.ts'],
    ['loses every tenth message of other nodes, and does not look for it', 'diverged', 2, './deaf-node.ts'],
    ['commits everything twice', 'twice', 1, './twice-node.ts'],
  ])(
    '[FAIL5] negative control: a server that %s is caught: %s',
    async (_, kind, nodes, path) => {
      const cluster = await Cluster.start({ redis: await findRedis(), nodes, entry: entryOf(path) })
      try {
        const { problems } = await playRound(cluster, { seed: 5, strikes: [TYPING], ends: 'killed' })
        expect(kinds(problems)).toContain(kind)
      } finally {
        await cluster.dispose()
      }
    },
    90_000,
  )
})

const CLAIMS = [
  { name: 'ada', typed: 5, acknowledged: 4 },
  { name: 'bob', typed: 1, acknowledged: 0 },
]

it.each<[string, readonly string[], readonly string[]]>([
  ['nothing wrong', [], ['ada 1', 'ada 2', 'bob 1', 'ada 3', 'ada 4']],
  ['what was not acknowledged, whether it is there', [], ['ada 1', 'ada 2', 'ada 3', 'ada 4', 'ada 5']],
  ['one that is lost', ['lost'], ['ada 1', 'ada 2', 'ada 4']],
  ['the last acknowledged lost', ['lost'], ['ada 1', 'ada 2', 'ada 3']],
  ['a room that is empty', ['lost'], []],
  ['one that is there twice', ['twice'], ['ada 1', 'ada 2', 'ada 3', 'ada 3', 'ada 4']],
  ['one that is in the wrong place', ['disorder'], ['ada 1', 'ada 3', 'ada 2', 'ada 4']],
  ['one that nobody typed', ['invented'], ['ada 1', 'ada 2', 'ada 3', 'ada 4', 'eve 1']],
  ['one beyond what was typed', ['invented'], ['ada 1', 'ada 2', 'ada 3', 'ada 4', 'bob 2']],
])('[FAIL5] tells %s', (_, found, edits) => {
  expect(kinds(checkEdits(CLAIMS, edits, 'a room'))).toEqual(found)
})
