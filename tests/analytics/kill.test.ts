import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { startServer } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

const COUNTING_TWICE = fileURLToPath(new URL('./counting-twice-server.ts', import.meta.url))
const SENDERS = 4
const BATCHES = 16

/** Sends batches, kills the server with -9 in the middle of them, and sends again whatever was not answered: how often each was counted. */
async function countOverKill(entry?: string) {
  const server = await startServer({
    entry,
    env: { JWT_SECRET: SECRET, MAX_REQUESTS_PER_ADDRESS: '1000000' },
  })
  onTestFinished(() => server.dispose())
  const room = `analytics:${randomUUID()}`
  const headers = {
    authorization: `Bearer ${tokenOf('ada', { grants: { [room]: 'write' } })}`,
    'content-type': 'application/json',
  }
  const url = `${server.url}/api/v1/rooms/${room}/metrics`
  let answered = 0
  let restarted: Promise<void> | undefined
  let repeats = 0
  const send = async (name: string, id: string): Promise<void> => {
    const body = JSON.stringify({
      id,
      measures: [
        { name, value: 3 },
        { name, value: 4 },
      ],
    })
    try {
      const response = await fetch(url, { method: 'POST', headers, body })
      if (response.ok) return
      throw new Error(await response.text())
    } catch (error) {
      // Not answered: whether it was counted nobody knows.
      if (restarted === undefined) throw error
      repeats += 1
      await restarted
      return send(name, id)
    }
  }
  await Promise.all(
    Array.from({ length: SENDERS }, async (_, sender) => {
      for (let batch = 0; batch < BATCHES; batch += 1) {
        const name = `s${sender}.b${batch}`
        const id = randomUUID()
        await send(name, id)
        // An answer may be lost on the way, too.
        if (batch % 4 === 0) await send(name, id)
        answered += 1
        if (answered === (SENDERS * BATCHES) / 2) restarted = server.kill9().then(() => server.restart())
      }
    }),
  )
  const read = await fetch(`${url}?width=3600`, { headers })
  const { series } = (await read.json()) as { series: { points: { count: number; sum: number }[] }[] }
  const counts = series.map(({ points }) => [
    points.reduce((all, { count }) => all + count, 0),
    points.reduce((all, { sum }) => all + sum, 0),
  ])
  return { counts, repeats }
}

it('[ANA3] what is sent again after kill -9 is counted, and counted once', async () => {
  const { counts, repeats } = await countOverKill()
  expect(repeats).toBeGreaterThan(0)
  expect(counts).toEqual(Array.from({ length: SENDERS * BATCHES }, () => [2, 7]))
})

it('[ANA3] negative control: a server that does not look at the ids of batches is caught', async () => {
  const { counts } = await countOverKill(COUNTING_TWICE)
  expect(counts.some(([count = 0]) => count > 2)).toBe(true)
})
