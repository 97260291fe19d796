import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { launchBrowser, type TestBrowser } from '../support/browser.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

it('[UI73] takes no key in code that was refused, also where something of the room is told then', async () => {
  const room = `doc:${randomUUID()}`
  const bob = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token('bob') })
  onTestFinished(() => bob.destroy())
  bob.document.getText('content').insert(0, 'words')
  await bob.saved()
  const context = await browser.context()
  onTestFinished(() => context.close())
  const eve = await context.newPage()
  await eve.goto(`${server.url}/d/${room}`)
  await eve.getByRole('button', { name: 'Use a token instead' }).click()
  await eve.getByLabel('Your token', { exact: true }).fill(await server.token('eve'))
  await eve.getByRole('button', { name: 'Start writing' }).click()
  const code = eve.locator('.view-lines')
  await code.click()
  await eve.keyboard.type('eve ')
  await eve
    .locator('.save-long')
    .and(eve.getByText('Saved', { exact: true }))
    .waitFor()
  await code.getByText('eve').waitFor()
  const revoked = await fetch(`${server.url}/api/v1/access/revoke`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await server.token('root', { '*:*': 'admin' })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ user: 'eve', room }),
  })
  expect(revoked.status).toBe(200)
  await eve.locator('.code-bar select:disabled').waitFor()
  // As when another tab is chosen: it says that its reader is away, and people's list changes.
  await eve.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await code.click()
  await eve.keyboard.type('more')
  // Said in the frame in which the letters would be drawn.
  await eve.getByText('Cannot edit in read-only editor').first().waitFor()
  expect(await code.textContent()).not.toContain('more')
})
