import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { ACT_CHOICES } from '../../client/studio/operations/audit/audit-words.ts'
import { ACTS } from '../../server/access/audit.ts'

it('[OPV5] the studio has words for each act, and for no other', () => {
  expect(ACT_CHOICES.map(({ value }) => value).sort()).toEqual([...ACTS].sort())
})

it('[OPV5] OPERATIONS.md names each act, and no other', async () => {
  const page = await readFile(new URL('../../docs/OPERATIONS.md', import.meta.url), 'utf8')
  const section = page.split(/^## /m).find((part) => part.startsWith('The audit log')) ?? ''
  const named = [...section.matchAll(/`([a-z]+\.[a-z-]+)`/g)].map(([, act]) => act)
  expect(named.sort()).toEqual([...ACTS].sort())
})
