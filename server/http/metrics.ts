import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { createRoute, z } from '@hono/zod-openapi'
import { SynclineError } from '../errors.ts'
import { isSentBy, LOOPBACK } from './address.ts'
import { createRouter, refusals } from './router.ts'

export interface MetricsRoutesOptions {
  /** What they are asked for with; where it is undefined, only this machine may ask. */
  readonly token: string | undefined
  readonly contentType: string
  readonly text: () => Promise<string>
}

const route = createRoute({
  method: 'get',
  path: '/metrics',
  summary: "Prometheus' text format; as Bearer token METRICS_TOKEN, without one from this machine alone",
  responses: {
    200: { description: 'docs/METRICS.md lists them', content: { 'text/plain': { schema: z.string() } } },
    ...refusals,
  },
})

export const metricsRoutes = ({ token, contentType, text }: MetricsRoutesOptions) =>
  createRouter().openapi(route, async (c) => {
    if (token === undefined) requireLoopback((c.env as Partial<HttpBindings>).incoming)
    else requireToken(c.req.header('authorization'), token)
    return c.text(await text(), 200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' })
  })

/** @throws SynclineError `token-missing`, `token-invalid` */
function requireToken(header: string | undefined, token: string): void {
  const given = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1]
  if (given === undefined) throw new SynclineError('token-missing')
  // Of one length whatever was sent, so that how long it takes tells nothing.
  if (!timingSafeEqual(hash(given), hash(token))) throw new SynclineError('token-invalid')
}

const hash = (text: string): Buffer => createHash('sha256').update(text).digest()

/** With what a proxy says for whom it asks: it may stand on this machine, and speak for the whole world. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const

/** @throws SynclineError `forbidden` */
function requireLoopback(request: Pick<IncomingMessage, 'socket' | 'headers'> | undefined): void {
  const near = request !== undefined && isSentBy(request, LOOPBACK)
  if (!near || FORWARDED.some((name) => request.headers[name] !== undefined))
    throw new SynclineError('forbidden', 'metrics are for this machine alone while METRICS_TOKEN is not set')
}
