import type { Page, Route } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ERRORS, type ErrorCode } from '../../server/errors.ts'
import { axe } from '../support/axe.ts'
import { launchBrowser, type TestBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { type Receiver, startReceiver } from '../webhooks/receiver.ts'

let server: TestServer
let browser: TestBrowser
let page: Page
let receiver: Receiver

const HEALTH = '**/health/ready'
const ROOMS_HEALTH = '**/admin/rooms/health'
const ERRORS_LATELY = '**/analytics%3Asystem/metrics?names=errors&*'

beforeAll(async () => {
  const env = { WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' }
  ;[server, browser, receiver] = await Promise.all([
    startServer({ studio: true, env }),
    launchBrowser(),
    startReceiver(),
  ])
  page = await (await browser.context()).newPage()
  await page.goto(`${server.url}/operations`)
  await page.getByRole('button', { name: 'Use a token instead' }).click()
  await page.getByLabel('Your token', { exact: true }).fill(await server.token('root', { '*:*': 'admin' }))
  await page.getByRole('button', { name: 'Start writing' }).click()
}, 90_000)

afterEach(() => page.unrouteAll())
afterAll(async () => {
  await browser?.close()
  await receiver?.close()
  await server?.dispose()
})

const said = (code: ErrorCode) => ({ code, message: ERRORS[code].reason, retryable: ERRORS[code].retryable })
const refuse = (code: ErrorCode) => (route: Route) =>
  route.fulfill({ status: ERRORS[code].status, json: { error: said(code) } })
const degraded =
  (...codes: readonly ErrorCode[]) =>
  (route: Route) =>
    route.fulfill({ json: { ready: true, problems: [], degraded: codes.map(said) } })
/** The line, once it says this. */
const line = async (words: string) => {
  const found = page.locator('.health', { hasText: words })
  await found.waitFor()
  return found.textContent()
}

describe('the line that says how the server does', () => {
  it('[OPV4] says healthy where it is, and what is degraded where something is', async () => {
    await line('Healthy.')
    await page.route(HEALTH, degraded('nodes-apart'))
    await page.goto(`${server.url}/operations`)
    expect(await line('It works, but Redis is away.')).toContain('Edits are taken and committed.')
    await page.route(HEALTH, degraded('storage-rejects', 'nodes-apart'))
    await page.reload()
    const words = await line('the database takes no edits of some rooms, and Redis is away.')
    expect(words).toContain('kept, tried again, and not called saved')
    expect(words).not.toContain('Edits are taken and committed')
  })

  it('[OPV4] does not call good what it could not look at', async () => {
    await page.route(ROOMS_HEALTH, refuse('storage-unavailable'))
    await page.reload()
    await line('It works, but whether rooms are quarantined could not be looked at.')
    await page.route(ERRORS_LATELY, refuse('history-busy'))
    await page.reload()
    await line('whether rooms are quarantined and whether there were errors could not be looked at.')
  })

  it('[OPV4] counts rooms exactly, and errors of the last ten minutes whatever time is shown', async () => {
    await page.route(ROOMS_HEALTH, (route) => route.fulfill({ json: { quarantined: 1_234, damaged: 1 } }))
    const now = Date.now()
    const points = [0, 60, 3_600].map((ago) => {
      const at = new Date(now - ago * 1_000).toISOString()
      return { at, count: 1, sum: 3, min: 3, max: 3, p50: 3, p95: 3, p99: 3 }
    })
    const to = new Date(now).toISOString()
    await page.route(ERRORS_LATELY, (route) =>
      route.fulfill({ json: { width: 5, to, series: [{ name: 'errors', labels: {}, points }] } }),
    )
    await page.goto(`${server.url}/operations?last=30d`)
    await line(
      '1,234 rooms are quarantined, and one room is damaged, and there were 6 errors in the last ten',
    )
  })
})

it('[OPV1] a page without rooms that is not the last one can be gone on from', async () => {
  const room = { name: 'doc:deep', title: null, entries: 3, logBytes: 9, reason: 'why', quarantinedAt: null }
  await page.route('**/admin/rooms?*', (route) =>
    route.fulfill({
      json: route.request().url().includes('after=')
        ? { rooms: [room], next: null }
        : { rooms: [], next: 'deeper' },
    }),
  )
  await page.goto(`${server.url}/operations/quarantine`)
  await page.getByText('None so far').waitFor()
  expect(await page.getByText('No room is quarantined').count()).toBe(0)
  await page.getByRole('button', { name: 'Show more' }).click()
  await page.getByRole('list', { name: 'Quarantined rooms' }).getByText('doc:deep').waitFor()
})

describe('webhooks', () => {
  it('[OPV8] what got no answer may have been done: it is said, and the list is read again', async () => {
    await page.goto(`${server.url}/operations/webhooks`)
    await page.getByRole('button', { name: 'New webhook' }).click()
    await page.route('**/webhooks', async (route) => {
      if (route.request().method() !== 'POST') return route.fallback()
      await route.fetch()
      await route.abort()
    })
    await page.setViewportSize({ width: 390, height: 600 })
    const form = page.getByRole('dialog', { name: 'New webhook' })
    const address = form.getByLabel('Address')
    await address.fill(receiver.url)
    await form.getByRole('button', { name: 'Create' }).click()
    await form.getByText('It may have been done; look before you try again.').waitFor()
    // On a phone what is mended then stays in sight, though the words stand far below it.
    await address.scrollIntoViewIfNeeded()
    await address.fill(`${receiver.url}mended`)
    expect((await address.boundingBox())?.y).toBeGreaterThan(0)
    await form.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('list', { name: 'Webhooks' }).getByText(receiver.url).waitFor()
  })

  it('[OPV3] have an address each, which Back leaves, and which says so where there is none', async () => {
    await page.getByRole('list', { name: 'Webhooks' }).getByRole('button', { name: receiver.url }).click()
    await page.getByLabel('Status').selectOption('Given up')
    expect(new URL(page.url()).search).toMatch(/^\?webhook=[\w-]+&status=failed$/)
    await page.goBack()
    await page.getByRole('list', { name: 'Webhooks' }).getByRole('button', { name: receiver.url }).click()
    await page.getByLabel('Status').selectOption('Given up')
    await page.getByRole('button', { name: 'Back to the webhooks' }).click()
    await page.getByRole('button', { name: 'New webhook' }).waitFor()
    expect(new URL(page.url()).search).toBe('')
    await page.goto(`${server.url}/operations/webhooks?webhook=nobody&status=failed`)
    await page.getByText('There is no such webhook').waitFor()
    await page.getByRole('link', { name: 'See all webhooks' }).click()
    await page.getByRole('button', { name: 'New webhook' }).waitFor()
    expect(new URL(page.url()).search).toBe('')
  })

  it('[OPV8] a test that got no answer is told so, and one that was refused is told that nothing was changed', async () => {
    await page.getByRole('list', { name: 'Webhooks' }).getByRole('button', { name: receiver.url }).click()
    await page.route('**/test', (route) => route.abort())
    await page.getByRole('button', { name: 'Send a test' }).click()
    await page.getByText('Whether that was done is not known').waitFor()
    expect(await axe(page)).toEqual([])
    await page.route('**/test', refuse('rate-limited'))
    await page.getByRole('button', { name: 'Send a test' }).click()
    await page.getByText('That could not be done').waitFor()
    await page.getByText(/Nothing was changed/).waitFor()
  })
})
