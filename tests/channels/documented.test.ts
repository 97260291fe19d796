import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { describeKind, type KindDescription } from '../../server/channels/describe.ts'
import { BUILT_IN } from '../../server/channels/kinds/built-in.ts'

const HEADER = ['| event | payload | publish | read |', '| --- | --- | --- | --- |']

/** The fields of an object, with a question mark where they may be left out. */
function fieldsOf({ properties = {}, required = [] }: Record<string, unknown>): string {
  const names = Object.keys(properties as object)
  const needed = required as readonly string[]
  return names.map((name) => `\`${name}${needed.includes(name) ? '' : '?'}\``).join(', ')
}

const rowsOf = ({ events }: KindDescription): readonly string[] =>
  events.map(({ type, payload, publish, read }) =>
    `| \`${type}\` | ${fieldsOf(payload)} | ${publish} | ${read} |`.replace(/ +/g, ' '),
  )

it('[EVT94] CHANNELS.md has every event that is built in, and no other', async () => {
  const text = await readFile(new URL('../../docs/CHANNELS.md', import.meta.url), 'utf8')
  const table = text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.replace(/ +/g, ' ').replace(/-{2,}/g, '---'))
  expect(table).toEqual([...HEADER, ...BUILT_IN.map(describeKind).flatMap(rowsOf)])
})
