import { Redis } from 'ioredis'
import type { Cluster, Node } from './cluster.ts'

/** Ends what a fault does, where it does not end by itself. */
type Mend = () => Promise<void> | void

/** Does something to a cluster; `node` is the one that it is about, where it is about one. */
type Fault = (cluster: Cluster, node: Node) => Promise<Mend> | Mend

const nothing: Mend = () => undefined

/** All that can happen to a cluster. */
export const FAULTS = {
  'kill a node': async ({ mortal }, node) => {
    const { server } = mortal.includes(node) ? node : (mortal[0] ?? node)
    await server.end('SIGKILL')
    return () => server.start()
  },
  'kill all nodes': async ({ mortal }) => {
    await Promise.all(mortal.map(({ server }) => server.end('SIGKILL')))
    return async () => {
      await Promise.all(mortal.map(({ server }) => server.start()))
    }
  },
  'halt a node': (_, { server }) => {
    server.signal('SIGSTOP')
    return () => server.signal('SIGCONT')
  },
  'deploy a new version': async ({ mortal }) => {
    for (const { server } of mortal) {
      const code = await server.end('SIGTERM')
      if (code !== 0) throw new Error(`a node that was told to stop ended with ${code}:\n${server.output}`)
      await server.start()
    }
    return nothing
  },
  'jump the clock of a node': (_, { server }) => {
    server.signal('SIGUSR2')
    return () => server.signal('SIGUSR2')
  },
  'kill Redis': async ({ redis }) => {
    await redis.kill9()
    return () => redis.restart()
  },
  'halt Redis': async ({ redis }) => {
    await redis.pause()
    return () => redis.resume()
  },
  'flush Redis': async ({ redis }) => {
    const client = new Redis(redis.url)
    await client.flushall()
    client.disconnect()
    return nothing
  },
  'part a node from Redis': (_, { redis }) => {
    redis.part()
    return () => redis.mend()
  },
  'kill Postgres': async ({ postgres }) => {
    await postgres.kill9()
    return nothing
  },
  'halt Postgres': async ({ postgres }) => {
    await postgres.halt()
    return () => postgres.resume()
  },
  'part a node from Postgres': (_, { postgres }) => {
    postgres.part()
    return () => postgres.mend()
  },
  'slow Postgres': ({ nodes }) => {
    for (const { postgres } of nodes) postgres.delay = 150
    return () => {
      for (const { postgres } of nodes) postgres.mend()
    }
  },
  'fill the disk': async ({ postgres }) => {
    await postgres.fill()
    return () => postgres.empty()
  },
  'part people from a node': (_, { clients }) => {
    clients.part()
    return () => clients.mend()
  },
  'leave sockets half open': (_, { clients }) => {
    clients.strand()
    return nothing
  },
  'break all connections': ({ nodes }) => {
    for (const { clients } of nodes) clients.cut()
    return nothing
  },
  /** Rooms from which everybody goes are opened again on all nodes at once. */
  nothing: () => nothing,
} satisfies Readonly<Record<string, Fault>>

export type FaultName = keyof typeof FAULTS

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[]
