import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Measured, readMeasured } from '../../bench/scaling/figures.ts'
import { PLAN } from '../../bench/scaling/plan.ts'
import { report, written } from '../../bench/scaling/report.ts'
import { simulate } from '../../bench/scaling/simulation.ts'

const ROOT = join(import.meta.dirname, '../..')
const measured = readMeasured()

it('[OPS6] docs/SCALING.md says what the simulation says of the measured figures (npm run scaling -- --write)', async () => {
  const document = await readFile(join(ROOT, 'docs/SCALING.md'), 'utf8')
  expect(written(document, report())).toBe(document)
})

it('[OPS6] has a control: another figure makes another document', async () => {
  const document = await readFile(join(ROOT, 'docs/SCALING.md'), 'utf8')
  expect(written(document, report({ ...measured, postgres: measured.postgres * 1.1 }))).not.toBe(document)
})

it('[OPS6] has a control: a figure that RESULTS.md does not have is an error, and no zero', () => {
  expect(() => readMeasured('## idle: nothing\n')).toThrow('RESULTS.md has no')
})

describe('the simulation', () => {
  const needs = (connections: number, figures: Measured = measured) =>
    simulate(connections, 'by room', figures, PLAN)

  it('[OPS6] agrees with what is reckoned by hand, where everybody of a room is on one node', () => {
    const { edits, rooms, nodesOfRoom, parts } = needs(10_000)
    expect(nodesOfRoom).toBe(1)
    expect(Math.abs(edits - 10_000 * PLAN.typing * PLAN.rate)).toBeLessThan(edits * 0.05)
    const postgres = (edits * measured.postgres + rooms * measured.head) / 1e6
    expect(parts.database).toBeCloseTo(postgres / (PLAN.databaseCores * PLAN.utilisation), 6)
    expect(parts.redis).toBe(0)
  })

  it('[OPS6] lets memory decide where nobody costs anything else', () => {
    const free = { ...measured, edit: 0, relayed: 0, delivery: 0, crowdedDelivery: 0 }
    const perNode = (PLAN.nodeMemoryGb * PLAN.memoryForConnections * 1024 * 1024) / measured.memory
    expect(needs(100_000, free)).toMatchObject({ nodes: Math.ceil(100_000 / perNode), nodesFor: 'memory' })
  })

  it('[OPS6] opens a room on more nodes where people go anywhere, and so needs more of them', () => {
    const anywhere = simulate(10_000, 'anywhere', measured, PLAN)
    expect(anywhere.nodesOfRoom).toBeGreaterThan(2)
    expect(anywhere.nodes).toBeGreaterThan(needs(10_000).nodes)
    expect(anywhere.parts.redis).toBeGreaterThan(0)
  })
})
