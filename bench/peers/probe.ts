import { Session } from 'node:inspector/promises'

/**
 * Loaded into every peer before its own code, so that all are measured alike: memory after a full garbage
 * collection, and a profile of just the seconds that are measured.
 */
const session = new Session()
session.connect()

async function answer(question: unknown): Promise<unknown> {
  if (question === 'memory') {
    for (let round = 0; round < 3; round += 1) await globalThis.gc?.({ execution: 'async' })
    return process.memoryUsage()
  }
  if (question === 'profile-start') {
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: 500 })
    return session.post('Profiler.start')
  }
  if (question === 'profile-stop') return (await session.post('Profiler.stop')).profile
  return undefined
}

process.on('message', async (question) => {
  process.send?.((await answer(question)) ?? null)
})
process.channel?.unref()
