import type { Target } from '../../server/generate/mount.ts'

/** An application's own server, written as what is generated says at its top. */
export interface Program {
  readonly source: string
  /** The application's session check: whoever says who they are is believed. */
  readonly signedIn: string
}

const END = `
process.on('SIGTERM', async () => {
  const durable = await syncline.close()
  await closeServer()
  process.exit(durable ? 0 : 1)
})`

const LISTEN = `
const closeServer = () => new Promise((resolve) => {
  server.close(resolve)
  server.closeAllConnections()
})
server.listen(0, '127.0.0.1', () => {
  console.log(\`listening on http://127.0.0.1:\${(server.address() as AddressInfo).port}\`)
})
${END}
`

const express = `
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { mountSyncline, synclineToken } from './syncline.express.ts'

const app = express()
app.use(express.json())
app.get('/orders', (_request, response) => void response.json({ own: true }))
app.use(synclineToken)
const server = createServer(app)
const syncline = await mountSyncline(server)
${LISTEN}`

const hono = `
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { mountSyncline, synclineToken } from './syncline.hono.ts'

const app = new Hono()
app.get('/orders', (c) => c.json({ own: true }))
app.route('/', synclineToken)
const server = createServer(getRequestListener(app.fetch))
const syncline = await mountSyncline(server)
${LISTEN}`

const nest = `
import 'reflect-metadata'
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { mountSyncline, SynclineModule } from './syncline.nest.ts'

@Controller()
class Orders {
  @Get('orders')
  orders() {
    return { own: true }
  }
}

@Module({ controllers: [Orders], imports: [SynclineModule] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: false, forceCloseConnections: true })
const syncline = await mountSyncline(app)
const closeServer = () => app.close()
await app.listen(0, '127.0.0.1')
console.log(\`listening on \${await app.getUrl()}\`)
${END}
`

const person = (user: string): string =>
  `const id = ${user}
  return typeof id === 'string' ? { id, name: id, grants: { 'order:*': 'write' } } : undefined`

export const PROGRAMS: Readonly<Record<Target, Program>> = {
  express: { source: express, signedIn: person(`_request.headers['x-user']`) },
  nest: { source: nest, signedIn: person(`_request.headers['x-user']`) },
  hono: { source: hono, signedIn: person(`_request.headers.get('x-user')`) },
}

/** A page that uses a channel with its types, and one line that must not compile. */
export const PAGE = `import { connect } from 'syncline/client'
import { usePurchaseOrder } from './channels/usePurchaseOrder.ts'

export function Page() {
  const { events } = usePurchaseOrder('17')
  return <ul>{events.map(({ seq, payload }) => <li key={seq}>{payload.note?.toUpperCase()}</li>)}</ul>
}

// @ts-expect-error the schemas have no such field
export const Wrong = () => <b>{usePurchaseOrder('17').events[0]?.payload.total}</b>

connect({ url: 'ws://127.0.0.1/sync', token: 'x' })
  .room('purchase-order:17')
  .on('purchase-order.line.added', ({ payload }) => payload.note?.toUpperCase())
`
