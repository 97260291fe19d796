import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import type { Reading } from './readers.ts'

/**
 * Reads positions of a room, several at a time and none twice, until told to stop. What comes is dropped as it comes: readers
 * elsewhere would not collect their garbage on this machine. Read with `fetch`, that held up the server for 5 ms at a time.
 */
const { url, token, head, people } = workerData as Reading
const agent = new Agent({ keepAlive: true })
const headers = { authorization: `Bearer ${token}` }
let stopped = false
let positions = 0

async function person(): Promise<void> {
  while (!stopped) {
    const at = Math.ceil(Math.random() * head)
    const asked = get(`${url}?format=text&at=${at}`, { agent, headers })
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    answer.resume()
    await once(answer, 'end')
    if (answer.statusCode !== 200) throw new Error(`a position was answered with ${answer.statusCode}`)
    positions += 1
  }
}

parentPort?.once('message', () => {
  stopped = true
})
await Promise.all(Array.from({ length: people }, person))
agent.destroy()
parentPort?.postMessage(positions)
