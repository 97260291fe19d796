import type { Page, Route } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let page: Page

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
}, 90_000)

/** Somebody whose clock goes on when the test says so. */
beforeEach(async () => {
  const context = await browser.context()
  onTestFinished(() => context.close())
  page = await openStudio(context, server.url, 'Ada')
  await page.clock.install()
})

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

const DOCUMENTS = '**/api/v1/rooms?kind=doc&*'
const BUILDS = '**/api/v1/rooms?kind=build&*'
const A_MINUTE = 60_000
/** Of ten seconds; an answer is waited for fifteen, and the clock goes on by itself as well. */
const PAST_THE_PAUSE = 10_100

/** Keeps what is asked there, and answers nothing. */
async function hold(address: string): Promise<Route[]> {
  const held: Route[] = []
  await page.route(address, (route) => void held.push(route))
  return held
}

/** The page anew, whose questions alone are kept: one that the page before it asked last will have no answer. */
async function reopen(address: string): Promise<Route[]> {
  await page.goto('about:blank')
  const held = await hold(address)
  await page.goto(server.url)
  return held
}

const first = async (held: Route[]): Promise<Route> => {
  await expect.poll(() => held.length).toBeGreaterThan(0)
  return held[0] as Route
}

/** A list with one room, as the server would have it. */
const listed = (name: string) => {
  const at = new Date().toISOString()
  const room = { name, kind: 'doc', title: 'Late', editor: 'code', head: 1, createdAt: at, createdBy: 'ada' }
  return { json: { rooms: [{ ...room, changedAt: at }], next: null } }
}

/** A minute that passes at once is one in which nothing came over the WebSocket either, which is then made anew. */
const is = (status: string) =>
  expect
    .poll(() => page.locator('.connection').getAttribute('data-status'), { timeout: 20_000, interval: 50 })
    .toBe(status)

describe('a list that takes longer to come than the pause before it is read again', () => {
  it('[UI5] of documents is shown', async () => {
    const held = await reopen(DOCUMENTS)
    const route = await first(held)
    await page.clock.runFor(PAST_THE_PAUSE)
    await route.fulfill(listed('doc:late'))
    await page.getByRole('link', { name: /^Late/ }).waitFor()
    // Nor is it asked for once more meanwhile: each would make the others slower.
    expect(held.length).toBe(1)
    await page.clock.runFor(PAST_THE_PAUSE)
    await expect.poll(() => held.length).toBe(2)
  })

  it('[UI5] of builds is shown', async () => {
    await page.route('**/api/v1/rooms/*/events?*', (route) =>
      route.fulfill({ json: { events: [], head: 1 } }),
    )
    const held = await hold(BUILDS)
    await page.getByRole('link', { name: 'Builds' }).first().click()
    const route = await first(held)
    await page.clock.runFor(PAST_THE_PAUSE)
    await route.fulfill(listed('build:late'))
    await page.getByRole('link', { name: /late/i }).waitFor()
    expect(held.length).toBe(1)
  })

  it('[UI5] of documents made of many pages is shown, and none of them is waited for too long', async () => {
    const held = await reopen(DOCUMENTS)
    for (const [at, name] of ['doc:one', 'doc:two', 'doc:three', 'doc:four'].entries()) {
      await expect.poll(() => held.length).toBe(at + 1)
      await page.clock.runFor(PAST_THE_PAUSE)
      const { json } = listed(name)
      await held[at]?.fulfill({ json: { ...json, next: at < 3 ? String(at) : null } })
    }
    await expect.poll(() => page.getByRole('link', { name: /^Late/ }).count()).toBe(4)
  })
})

describe('a network that drops what is sent', () => {
  it('[UI5] is said to, and the list is there as soon as it is back', async () => {
    const held = await reopen(DOCUMENTS)
    await first(held)
    await page.clock.runFor(A_MINUTE)
    await page.getByText('The server does not answer').waitFor()
    await is('offline')
    await page.unrouteAll()
    await page.clock.runFor(A_MINUTE)
    await page.getByText('No documents yet').waitFor()
    await is('online')
  })

  it('[UI5] is said to where it keeps the token back', async () => {
    const held = await reopen('**/api/v1/dev/token')
    await first(held)
    await page.clock.runFor(A_MINUTE)
    await page.getByText('The server does not answer').waitFor()
  })

  it('[UI5] is said to where it keeps the builds back', async () => {
    const held = await hold(BUILDS)
    await page.getByRole('link', { name: 'Builds' }).first().click()
    await first(held)
    await page.clock.runFor(A_MINUTE)
    await page.getByText('The server does not answer').waitFor()
  })
})
