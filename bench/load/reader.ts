import { parentPort, workerData } from 'node:worker_threads'
import type { Reading } from './readers.ts'

/** Reads positions of a room, several at a time and none twice, until told to stop. */
const { url, token, head, people } = workerData as Reading
let stopped = false
let positions = 0

async function person(): Promise<void> {
  while (!stopped) {
    const at = Math.ceil(Math.random() * head)
    const answer = await fetch(`${url}?format=text&at=${at}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`a position was answered with ${answer.status}`)
    positions += 1
  }
}

parentPort?.once('message', () => {
  stopped = true
})
await Promise.all(Array.from({ length: people }, person))
parentPort?.postMessage(positions)
