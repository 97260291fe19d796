import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Traces } from '../observe/traces.ts'

export interface RequestWatch {
  readonly traces: Traces
  /**
   * Whether its `traceparent` counts. Whoever may say that could have every request of theirs recorded, and in traces of others.
   */
  continues(request: IncomingMessage): boolean
  /** Hears of each answer, as it begins, after so many ms. */
  answered(method: string, status: number, ms: number): void
}

/** Asked every other second by whoever watches: they would be most of what is measured. */
const isWatching = (path: string): boolean => path === '/metrics' || path.startsWith('/health/')

/** Measures each request, and makes a span of it under the name of its route. */
export const watchRequests =
  ({ traces, continues, answered }: RequestWatch): MiddlewareHandler =>
  async (c, next) => {
    if (isWatching(c.req.path)) return next()
    const started = performance.now()
    const { method } = c.req
    const { incoming } = c.env as Partial<HttpBindings>
    const continued = incoming !== undefined && continues(incoming)
    await traces.span(
      method,
      { 'http.request.method': method },
      async (span) => {
        await next()
        const { status } = c.res
        // As it is written in the code: the room that was asked for is not in it.
        const route = routePath(c)
        span.rename(`${method} ${route}`)
        span.set({ 'http.route': route, 'http.response.status_code': status })
        answered(method, status, performance.now() - started)
      },
      continued ? c.req.header('traceparent') : undefined,
    )
  }
