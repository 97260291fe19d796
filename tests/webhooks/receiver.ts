import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { WebhookMessage } from '../../server/webhooks/message.ts'
import { verifyWebhook } from '../../server/webhooks/signature.ts'

/** What came to a receiver, whether or not it was taken. */
interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What it answers: a status, headers too, or nothing at all. */
type Reply = number | { readonly status: number; readonly headers: Record<string, string> } | 'silence'

/** An application that takes webhooks. */
export interface Receiver {
  readonly url: string
  readonly received: readonly Received[]
  /** Asked at each message; 200 where nothing is said. */
  answer: (message: WebhookMessage, nth: number) => Reply
  /** What came under a path, unverified. */
  messages(path?: string): readonly WebhookMessage[]
  /** What came under a path and is signed with this secret. */
  verified(secret: string, path?: string): readonly WebhookMessage[]
  close(): Promise<void>
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const silent = new Set<ServerResponse>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { url: path = '', headers } = request
    const one = { path, headers, body: Buffer.concat(chunks).toString() }
    received.push(one)
    const reply = receiver.answer(JSON.parse(one.body), received.length)
    if (reply === 'silence') silent.add(response)
    else if (typeof reply === 'number') response.writeHead(reply).end()
    else response.writeHead(reply.status, reply.headers).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const under = (path: string) => received.filter((one) => one.path === path)
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: () => 200,
    messages: (path = '/') => under(path).map(({ body }) => JSON.parse(body)),
    verified: (secret, path = '/') =>
      under(path).map(({ headers, body }) => verifyWebhook(secret, headers, body)),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return receiver
}
