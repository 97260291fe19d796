import { Server } from '@hocuspocus/server'

/** Hocuspocus that stores nothing: the least that the protocol costs. */
await new Server({ port: Number(process.env.PORT), address: '127.0.0.1', quiet: true }).listen()
