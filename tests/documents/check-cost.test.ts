import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import type { Costs } from './check-costs.ts'

it('[DOC36] the check takes at most a tenth of applying, with the look at the document a fifth', async () => {
  // In a Node of its own, which runs the sources as the server does: here, each call of another module takes longer.
  const measure = fileURLToPath(new URL('./check-costs.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [measure])
  const costs = JSON.parse(stdout) as readonly Costs[]
  expect(costs).toHaveLength(2)
  for (const { of, check, look, apply } of costs) {
    expect(check / apply, of).toBeLessThan(0.1)
    expect(look / apply, of).toBeLessThan(0.2)
  }
})
