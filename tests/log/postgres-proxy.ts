import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'

/** What becomes of what passes by. */
export interface Fate {
  /** Of bytes on their way to Postgres: cut the client off, and let them arrive after that many ms, or never. */
  request?(bytes: Uint8Array): 'pass' | 'lose' | { readonly lateMs: number }
  /** Of the answer: by then Postgres has committed. */
  answer?(bytes: Uint8Array): 'pass' | 'lose'
}

export interface PostgresProxy {
  readonly url: string
  fate: Fate
  /** How many have come while all were refused. */
  readonly refused: number
  /** Cuts all connections, and those that come until `restore`. */
  refuse(): void
  /** Takes everything from now on and answers nothing. */
  swallow(): void
  restore(): void
  close(): void
}

/** Stands between a client and Postgres, and does to their bytes what networks do. */
export async function startProxy(databaseUrl: string): Promise<PostgresProxy> {
  const target = new URL(databaseUrl)
  const folder = target.searchParams.get('host')
  const port = Number(target.searchParams.get('port') ?? (target.port || 5432))
  const sockets = new Set<Socket>()
  let mode: 'open' | 'refuse' | 'swallow' = 'open'
  let refused = 0

  const server = createServer((client) => {
    if (mode === 'refuse') {
      refused += 1
      client.destroy()
      return
    }
    const postgres =
      folder === null
        ? createConnection(port, target.hostname)
        : createConnection(`${folder}/.s.PGSQL.${port}`)
    for (const socket of [client, postgres]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    let cut = false
    const cutOff = () => {
      cut = true
      client.destroy()
    }
    client.on('data', (bytes) => {
      if (mode === 'swallow' || cut) return
      const fate = proxy.fate.request?.(bytes) ?? 'pass'
      if (fate === 'pass') {
        postgres.write(bytes)
        return
      }
      cutOff()
      if (fate === 'lose') postgres.destroy()
      else setTimeout(() => postgres.end(bytes), fate.lateMs)
    })
    postgres.on('data', (bytes) => {
      if (mode === 'swallow' || cut) return
      if ((proxy.fate.answer?.(bytes) ?? 'pass') === 'pass') client.write(bytes)
      else cutOff()
    })
    client.on('close', () => {
      if (!cut) postgres.end()
    })
    postgres.on('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }

  const url = new URL(databaseUrl)
  url.search = ''
  if (url.host === '') url.host = '127.0.0.1'
  url.hostname = '127.0.0.1'
  url.port = String(address.port)
  const proxy: PostgresProxy = {
    url: url.href,
    fate: {},
    get refused() {
      return refused
    },
    refuse: () => {
      mode = 'refuse'
      cutAll()
    },
    swallow: () => {
      mode = 'swallow'
    },
    restore: () => {
      mode = 'open'
      cutAll()
    },
    close: () => {
      server.close()
      cutAll()
    },
  }
  return proxy
}
