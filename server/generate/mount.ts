import { type GeneratedFile, source } from './source.ts'

/** Frameworks whose servers Syncline can be mounted in. */
export const TARGETS = ['nest', 'express', 'hono'] as const
export type Target = (typeof TARGETS)[number]

/** The packages that what is written needs beside the framework's own. */
export const NEEDS = 'jsonwebtoken @types/jsonwebtoken'

const person = source`
  /** Who is signed in, and what they may do in which rooms. */
  interface Person {
    readonly id: string
    readonly name: string
    /** Room pattern to role, such as { 'order:*': 'write', 'project:7': 'read' }. */
    readonly grants: Grants
  }
`

const signedIn = source`
  /**
   * YOURS TO WRITE: who sends this request, by your application's own session. As it stands, nobody has a token.
   */
  async function signedIn(_request: Request): Promise<Person | undefined> {
    return undefined
  }
`

const sign = source`
  /** A token for an hour; the client asks for the next one by itself. */
  function sign({ id, name, grants }: Person): string {
    const secret = process.env.JWT_SECRET
    if (secret === undefined) throw new Error('JWT_SECRET is not set')
    return jwt.sign({ name, grants }, secret, {
      algorithm: 'HS256',
      subject: id,
      audience: 'syncline',
      expiresIn: '1h',
    })
  }
`

const attach = "attachSyncline(server, readConfig(process.env), createLogger('info'))"

const express = source`
  import type { Server } from 'node:http'
  import { type Request, Router } from 'express'
  import jwt from 'jsonwebtoken'
  import { type Attached, attachSyncline, createLogger, type Grants, readConfig } from 'syncline'

  // In your server:
  //   app.use(synclineToken)
  //   const server = createServer(app)
  //   await mountSyncline(server)
  //   server.listen(3000)

  ${person}
  ${signedIn}
  /** POST /syncline/token: what the browser gives to \`connect\` as its token. */
  export const synclineToken = Router().post('/syncline/token', async (request, response, next) => {
    try {
      const person = await signedIn(request)
      response.set('Cache-Control', 'no-store')
      if (person === undefined) response.status(401).json({ error: 'sign in first' })
      else response.json({ token: sign(person) })
    } catch (error) {
      next(error) // Express 4 would end the process
    }
  })

  /** Lets the server answer /sync and /api/v1 too. Close what it resolves with before the server. */
  export const mountSyncline = (server: Server): Promise<Attached> =>
    ${attach}

  ${sign}
`

const hono = source`
  import type { Server } from 'node:http'
  import { Hono } from 'hono'
  import jwt from 'jsonwebtoken'
  import { type Attached, attachSyncline, createLogger, type Grants, readConfig } from 'syncline'

  // In your server:
  //   app.route('/', synclineToken)
  //   const server = createServer(getRequestListener(app.fetch)) // of @hono/node-server
  //   await mountSyncline(server)
  //   server.listen(3000)

  ${person}
  ${signedIn}
  /** POST /syncline/token: what the browser gives to \`connect\` as its token. */
  export const synclineToken = new Hono().post('/syncline/token', async (c) => {
    const person = await signedIn(c.req.raw)
    c.header('Cache-Control', 'no-store')
    return person === undefined ? c.json({ error: 'sign in first' }, 401) : c.json({ token: sign(person) })
  })

  /** Lets the server answer /sync and /api/v1 too. Close what it resolves with before the server. */
  export const mountSyncline = (server: Server): Promise<Attached> =>
    ${attach}

  ${sign}
`

const nest = source`
  import type { IncomingMessage as Request } from 'node:http'
  import {
    Controller,
    Header,
    HttpCode,
    type INestApplication,
    Module,
    Post,
    Req,
    UnauthorizedException,
  } from '@nestjs/common'
  import jwt from 'jsonwebtoken'
  import { type Attached, attachSyncline, createLogger, type Grants, readConfig } from 'syncline'

  // In your server, with SynclineModule among the imports of your own module:
  //   const app = await NestFactory.create(AppModule)
  //   await mountSyncline(app)
  //   await app.listen(3000)

  ${person}
  ${signedIn}
  @Controller('syncline')
  export class SynclineController {
    /** POST /syncline/token: what the browser gives to \`connect\` as its token. */
    @Post('token')
    @HttpCode(200)
    @Header('Cache-Control', 'no-store')
    async token(@Req() request: Request): Promise<{ token: string }> {
      const person = await signedIn(request)
      if (person === undefined) throw new UnauthorizedException()
      return { token: sign(person) }
    }
  }

  @Module({ controllers: [SynclineController] })
  export class SynclineModule {}

  /** Lets the server answer /sync and /api/v1 too. Close what it resolves with before the application. */
  export async function mountSyncline(app: INestApplication): Promise<Attached> {
    await app.init() // gateways of your own listen to the server from here on, and keep their WebSockets
    const server = app.getHttpServer()
    return ${attach}
  }

  ${sign}
`

const SOURCES: Readonly<Record<Target, string>> = { nest, express, hono }

/** One file, so that no setting of a compiler's for imports matters to it. */
export const mountFile = (target: Target): GeneratedFile => ({
  path: `syncline.${target}.ts`,
  text: SOURCES[target],
})
