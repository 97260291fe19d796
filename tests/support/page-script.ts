import { fileURLToPath } from 'node:url'
import type { BrowserContext } from 'playwright-core'
import { build } from 'vite'

/** A module as one script, with React as it is while one develops. */
export async function scriptOf(module: URL): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"development"' },
    build: {
      write: false,
      minify: false,
      lib: { entry: fileURLToPath(module), formats: ['iife'], name: 'page' },
    },
  })
  const [bundle] = Array.isArray(built) ? built : []
  return bundle?.output[0].code ?? ''
}

/** Gives that browser a page at this address that holds nothing but the script. */
export async function servePage(context: BrowserContext, address: string, script: string): Promise<void> {
  // A page that the test hands out has no address, so Chromium takes it for one from the internet.
  await context.grantPermissions(['local-network-access'])
  const html = `<!doctype html><body><script>${script.replaceAll('</script', '<\\/script')}</script>`
  await context.route(address, (route) => route.fulfill({ contentType: 'text/html', body: html }))
}
