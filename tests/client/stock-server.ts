import { createServer, connect as dial, type Socket } from 'node:net'
import { type Configuration, Server } from '@hocuspocus/server'
import { onTestFinished } from 'vitest'

export interface StockServer {
  readonly url: string
  readonly server: Server
  /** Cuts every connection, as a network does: without a word. Until `restore`, new ones fail. */
  cut(): void
  restore(): void
  /** New connections are taken and never answered. */
  readonly stall: (stalled: boolean) => void
  connections(): number
}

/** An unchanged Hocuspocus server, behind a wire that the test can cut. */
export const startStock = async (hooks: Partial<Configuration> = {}): Promise<StockServer> => {
  const server = new Server({ ...hooks, port: 0, address: '127.0.0.1', quiet: true, stopOnSignals: false })
  await server.listen()
  const sockets = new Set<Socket>()
  let broken = false
  let stalled = false
  let connections = 0
  const wire = createServer((near) => {
    if (broken) return void near.destroy()
    connections += 1
    near.on('error', () => near.destroy())
    sockets.add(near)
    if (stalled) return
    const far = dial(server.address.port, '127.0.0.1')
    sockets.add(far)
    far.on('error', () => far.destroy())
    near.pipe(far).pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve))
  const address = wire.address()
  if (address === null || typeof address === 'string') throw new Error('The wire has no port')
  const cut = (): void => {
    broken = true
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  onTestFinished(async () => {
    cut()
    await new Promise((resolve) => wire.close(resolve))
    server.httpServer.closeAllConnections()
    await new Promise((resolve) => server.httpServer.close(resolve))
  })
  return {
    url: `ws://127.0.0.1:${address.port}`,
    server,
    cut,
    restore: () => {
      broken = false
    },
    stall: (value) => {
      stalled = value
    },
    connections: () => connections,
  }
}
