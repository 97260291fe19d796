import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { z } from 'zod'

const attribute = z.object({
  key: z.string(),
  value: z.object({
    stringValue: z.string().optional(),
    intValue: z.union([z.int(), z.string()]).optional(),
  }),
})

const span = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes: z.array(attribute),
  status: z.object({ code: z.int(), message: z.string().optional() }),
})

/** What OTLP/HTTP sends as JSON, as far as it is looked at here. */
const message = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attribute) }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
})

export type CollectedSpan = z.infer<typeof span>

/** An OTLP/HTTP receiver on this machine. */
export class Collector {
  readonly url: string
  readonly spans: CollectedSpan[] = []
  readonly resources: string[] = []
  readonly close: () => Promise<void>

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url
    this.close = close
  }

  static async open(): Promise<Collector> {
    const server = createServer(async (request, response) => {
      if (request.url !== '/v1/traces') {
        response.writeHead(404).end()
        return
      }
      for (const { resource, scopeSpans } of message.parse(JSON.parse(await text(request))).resourceSpans) {
        collector.resources.push(JSON.stringify(resource))
        for (const { spans } of scopeSpans) collector.spans.push(...spans)
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const collector = new Collector(`http://127.0.0.1:${port}`, async () => {
      server.closeAllConnections()
      server.close()
    })
    return collector
  }

  named(name: string): readonly CollectedSpan[] {
    return this.spans.filter((span) => span.name === name)
  }
}
