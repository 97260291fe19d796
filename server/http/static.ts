import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'
import { API_PREFIX, SYNC_PATH } from '../protocol.ts'

/** Addresses below these are never a page of the studio. */
const NOT_PAGES = [API_PREFIX, SYNC_PATH, '/health', '/metrics', '/assets']

const isPage = (path: string): boolean =>
  !NOT_PAGES.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))

/** The built studio: files as they are, and its index for every address that it routes itself. */
export function studioRoutes(studioDir: string): Hono {
  const router = new Hono()
  // An application that embeds the server may run it without a studio.
  if (!existsSync(join(studioDir, 'index.html'))) return router
  router.use(async (c, next) => {
    await next()
    // Vite names assets by their content; all else must be asked for again.
    const hashed = c.req.path.startsWith('/assets/')
    if (c.res.ok) c.header('Cache-Control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache')
  })
  router.use(serveStatic({ root: studioDir, precompressed: true }))
  const index = serveStatic({ root: studioDir, path: 'index.html', precompressed: true })
  router.use((c, next) => {
    const wantsHtml = c.req.header('accept')?.includes('text/html') ?? false
    return wantsHtml && isPage(c.req.path) ? index(c, next) : next()
  })
  return router
}
