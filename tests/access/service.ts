import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'

interface Received {
  readonly method: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

/** Answers a request; what it returns is sent as JSON, and nothing is sent for `undefined`. */
export type Answerer = (received: Received, response: ServerResponse) => unknown

export interface Service {
  readonly url: string
  readonly received: Received[]
  /** How it answers from now on. */
  answer(by: Answerer): void
  close(): Promise<void>
}

/** A service that ends with the test. */
export async function startService(first: Answerer): Promise<Service> {
  const service = await openService(first)
  onTestFinished(() => service.close())
  return service
}

/** A real http server in the place of an application or of whoever publishes keys. */
export async function openService(first: Answerer): Promise<Service> {
  let answerer = first
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const got = { method: request.method, headers: request.headers, body: text && JSON.parse(text) }
    received.push(got)
    const answer = await answerer(got, response)
    if (answer !== undefined)
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}/`,
    received,
    answer: (by) => {
      answerer = by
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The ways in which a service can fail to answer, as answerers. */
export const FAILURES: Readonly<Record<string, Answerer>> = {
  'a status of 500': (_, response) => void response.writeHead(500).end('{"role":"admin"}'),
  'a status of 404': (_, response) => void response.writeHead(404).end('{"role":"admin"}'),
  'a status of 201': (_, response) => void response.writeHead(201).end('{"role":"admin"}'),
  'a redirect': (_, response) =>
    void response.writeHead(302, { location: '/elsewhere' }).end('{"role":"admin"}'),
  'no JSON': (_, response) => void response.end('<html>'),
  'half of an answer': (_, response) =>
    void response.writeHead(200, { 'content-length': '99' }).end('{"role":"admin"}'),
  'a cut line': (_, response) => void response.destroy(),
  'too much': (_, response) => void response.end(`{"role":"admin","x":"${'x'.repeat(2 * 1024 * 1024)}"}`),
}
