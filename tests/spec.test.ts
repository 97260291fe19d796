import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The numbers in square brackets that the names of tests and suites begin with. */
const quotedIn = (source: string): string[] =>
  [...source.matchAll(/\(\s*[`'"]((?:\[[A-Z]+\d+\] ?)+)/g)].flatMap(([, tags = '']) =>
    [...tags.matchAll(/[A-Z]+\d+/g)].map(([rule]) => rule),
  )

async function quoted(): Promise<Set<string>> {
  const files = await readdir(join(root, 'tests'), { recursive: true })
  const tests = files.filter((file) => file.endsWith('.test.ts'))
  const sources = await Promise.all(tests.map((file) => readFile(join(root, 'tests', file), 'utf8')))
  return new Set(sources.flatMap(quotedIn))
}

it('every rule of SPEC.md is quoted by a test, and every number that a test quotes is a rule', async () => {
  const spec = await readFile(join(root, 'docs/SPEC.md'), 'utf8')
  const rules = [...spec.matchAll(/^- \*\*([A-Z]+\d+)\*\*/gm)].map(([, rule = '']) => rule)
  expect(rules.length).toBeGreaterThan(30)
  expect([...(await quoted())].sort()).toEqual([...rules].sort())
})

it('a rule that is quoted in a comment alone is not quoted', () => {
  expect(quotedIn("// [LOG1] it says\nit('does a thing', () => {})")).toEqual([])
  expect(quotedIn("it('[LOG1] [LOG2] does a thing', () => {})")).toEqual(['LOG1', 'LOG2'])
})
