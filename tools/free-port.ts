import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** The one port of those that `fetch`, and every browser, refuses to ask (Fetch standard, “bad port”). */
const REFUSED = 10_080

/**
 * A port of loopback that nobody listens on. Below 32768, where no system takes the ports of outgoing connections from:
 * while a process is down and is to come back on its port, a client that tries to reach it could be given that port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768)
    if (port !== REFUSED && (await isFree(port))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  probe.listen(port, '127.0.0.1')
  try {
    await once(probe, 'listening')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false
    throw error
  }
  probe.close()
  await once(probe, 'close')
  return true
}
