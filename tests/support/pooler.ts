import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'

/**
 * Which of its connections to Postgres a client is given: for a transaction the one that was used last, or the one that
 * was not for longest; or one of its own for as long as it is connected.
 */
export type Pooling = 'last' | 'longest' | 'own'

export interface Pooler {
  readonly url: string
  close(): void
}

const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49])
const WELCOME = Buffer.concat([Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]), READY])
const TERMINATE = 0x58

/** Does what PgBouncer does with whom, and nothing else of it: no passwords, no TLS, no limits. */
export async function startPooler(databaseUrl: string, pooling: Pooling): Promise<Pooler> {
  const target = new URL(databaseUrl)
  const folder = target.searchParams.get('host')
  const port = Number(target.searchParams.get('port') ?? (target.port || 5432))
  const toPostgres = () =>
    folder === null ? createConnection(port, target.hostname) : createConnection(`${folder}/.s.PGSQL.${port}`)
  const sockets = new Set<Socket>()
  const free: Backend[] = []

  const server = createServer((client) => {
    sockets.add(client.on('error', () => undefined))
    let startup: Buffer | undefined
    let lent: Backend | undefined
    const borrow = (first: Buffer): Backend => {
      const known = pooling === 'last' ? free.pop() : pooling === 'longest' ? free.shift() : undefined
      if (known !== undefined) return known
      const postgres = toPostgres()
      sockets.add(postgres.on('error', () => undefined))
      return new Backend(postgres, first)
    }
    client.on('data', (bytes) => {
      if (startup === undefined) {
        startup = bytes
        client.write(WELCOME)
      } else if (bytes[0] === TERMINATE) client.end()
      else {
        lent ??= borrow(startup)
        lent.send(bytes, client, () => {
          if (pooling === 'own') return
          if (lent !== undefined) free.push(lent)
          lent = undefined
        })
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = new URL(databaseUrl)
  url.search = ''
  if (url.host === '') url.host = '127.0.0.1'
  url.hostname = '127.0.0.1'
  url.port = String(typeof address === 'object' && address !== null ? address.port : 0)
  return {
    url: url.href,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** One connection to Postgres. */
class Backend {
  readonly #socket: Socket
  readonly #started: Promise<void>
  #answer: (bytes: Buffer) => void = () => undefined
  #done: () => void = () => undefined
  #rest: Buffer = Buffer.alloc(0)

  constructor(socket: Socket, startup: Buffer) {
    this.#socket = socket
    this.#started = new Promise((resolve) => {
      this.#done = resolve
    })
    socket.on('data', (bytes) => this.#take(bytes))
    socket.write(startup)
  }

  /** @param done the transaction is over */
  send(bytes: Buffer, client: Socket, done: () => void): void {
    void this.#started.then(() => {
      this.#answer = (answer) => client.write(answer)
      this.#done = done
      this.#socket.write(bytes)
    })
  }

  #take(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes])
    let over = false
    for (let end = this.#end(); end !== undefined; end = this.#end()) {
      over = this.#rest.subarray(0, end).equals(READY)
      this.#rest = this.#rest.subarray(end)
    }
    this.#answer(bytes)
    if (over) this.#done()
  }

  /** Where the first message ends that is there as a whole. */
  #end(): number | undefined {
    if (this.#rest.length < 5) return undefined
    const end = 1 + this.#rest.readUInt32BE(1)
    return this.#rest.length < end ? undefined : end
  }
}
