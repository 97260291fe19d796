import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const page = (name: string) => readFile(new URL(`../docs/${name}`, import.meta.url), 'utf8')

/** The rules in square brackets. */
const named = (text: string): string[] => [...text.matchAll(/\[([A-Z]+\d+)\]/g)].map(([, rule = '']) => rule)

it('[SEC3] every rule that SECURITY.md names stands in SPEC.md, and so has a test', async () => {
  const rules = new Set(
    [...(await page('SPEC.md')).matchAll(/^- \*\*([A-Z]+\d+)\*\*/gm)].map(([, rule]) => rule),
  )
  const unknown = named(await page('SECURITY.md')).filter((rule) => !rules.has(rule))
  expect([...new Set(unknown)].sort()).toEqual([])
})

it('[SEC3] a control: a rule that is named and does not exist is seen', () => {
  expect(named('shown [LOG1] and [NONE99], not LIM or [a link](x)')).toEqual(['LOG1', 'NONE99'])
})
