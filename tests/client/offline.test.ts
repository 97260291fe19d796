import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, type TestBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'

const PAGE = fileURLToPath(new URL('./page.ts', import.meta.url))

let server: TestServer
let browser: TestBrowser
let script: string

beforeAll(async () => {
  server = await startServer()
  browser = await launchBrowser()
  const built = await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"development"' },
    build: { write: false, minify: false, lib: { entry: PAGE, formats: ['iife'], name: 'page' } },
  })
  const [bundle] = Array.isArray(built) ? built : []
  script = bundle?.output[0].code ?? ''
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

/** Somebody's browser, whose pages of the server's origin hold nothing but the client. */
const person = async (): Promise<BrowserContext> => {
  const context = await browser.context()
  // A page that the test hands out has no address, so Chromium takes it for one from the internet.
  await context.grantPermissions(['local-network-access'])
  const html = `<!doctype html><body><script>${script.replaceAll('</script', '<\\/script')}</script>`
  await context.route(`${server.url}/page`, (route) =>
    route.fulfill({ contentType: 'text/html', body: html }),
  )
  return context
}

const visit = async (context: BrowserContext, room: string): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(`${server.url}/page`)
  const token = await server.token('ada', { '*:*': 'write' })
  await page.evaluate(
    ([url, given, name]) => {
      window.here = window.open_(url ?? '', given ?? '', name ?? '')
    },
    [server.url, token, room],
  )
  return page
}

const state = (page: Page) => page.evaluate(() => window.here.state())

describe('the client in a browser', () => {
  it('[SDK2] keeps offline edits over a closed tab, says how many they are, and sends them on return', async () => {
    const context = await person()
    const page = await visit(context, 'doc:offline')
    await page.evaluate(() => window.here.write('before '))
    await page.evaluate(() => window.here.whenSaved())
    await page.waitForTimeout(1_500)
    await context.setOffline(true)
    await page.waitForFunction(() => window.here.state().status === 'offline')
    await page.evaluate(() => {
      for (const letter of 'abc') window.here.write(letter)
      window.here.erase(1)
    })
    expect(await state(page)).toMatchObject({ saved: 'offline', unsaved: 4 })
    await page.waitForFunction(() => window.here.state().kept === 4)
    await page.close()

    const again = await visit(context, 'doc:offline')
    await again.evaluate(() => window.here.whenLoaded())
    expect(await again.evaluate(() => window.here.read())).toBe('babefore ')
    expect(await state(again)).toMatchObject({ loaded: true, unsaved: 4 })
    expect((await state(again)).saved).not.toBe('saved')
    await context.setOffline(false)
    await again.evaluate(() => window.here.whenSaved())
    expect((await state(again)).unsaved).toBe(0)
    await again.waitForTimeout(1_500)
    await again.close()

    const other = await visit(await person(), 'doc:offline')
    await other.evaluate(() => window.here.whenSaved())
    expect(await other.evaluate(() => window.here.read())).toBe('babefore ')

    const known = await visit(context, 'doc:offline')
    await known.evaluate(() => window.here.whenLoaded())
    expect((await state(known)).unsaved).toBe(0)
  })

  it('[SDK2] calls nothing kept before it is written, nor where it cannot be written', async () => {
    const context = await person()
    const page = await visit(context, 'doc:kept')
    await page.evaluate(() => window.here.whenSaved())
    await context.setOffline(true)
    await page.waitForFunction(() => window.here.state().status === 'offline')
    // Somebody else writes into the copy for a while, and everybody who comes after them waits.
    await page.evaluate(async () => {
      const [{ name = '' } = {}] = (await indexedDB.databases()).filter((one) =>
        one.name?.includes('doc:kept'),
      )
      const opening = indexedDB.open(name)
      await new Promise((resolve) => opening.addEventListener('success', resolve))
      const held = opening.result.transaction('updates', 'readwrite').objectStore('updates')
      const goOn = () => {
        if (!Reflect.has(window, 'goOn')) held.getKey(0).addEventListener('success', goOn)
      }
      goOn()
    })
    await page.evaluate(() => window.here.write('a'))
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)))
    expect(await state(page)).toMatchObject({ unsaved: 1, kept: 0 })
    await page.evaluate(() => Reflect.set(window, 'goOn', true))
    await page.waitForFunction(() => window.here.state().kept === 1)
    // A disk without room: the write is taken, and aborted.
    await page.evaluate(() => {
      const { add } = IDBObjectStore.prototype
      IDBObjectStore.prototype.add = function (this: IDBObjectStore, ...what: Parameters<typeof add>) {
        const request = add.apply(this, what)
        this.transaction.abort()
        return request
      }
    })
    await page.evaluate(() => window.here.write('b'))
    await page.waitForFunction(() => window.here.state().kept === undefined)
    expect(await state(page)).toMatchObject({ unsaved: 2 })
  })

  it('[SDK4] holds a room through the double mounting of React’s StrictMode', async () => {
    const page = await visit(await person(), 'doc:strict')
    await page.evaluate(() => window.here.show())
    await page.waitForFunction(() => document.body.textContent?.includes('online saved 1'))
    await page.waitForTimeout(1_500)
    expect(await page.evaluate(() => document.body.textContent)).toContain('online saved 1')
  })
})
