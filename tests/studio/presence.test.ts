import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { axe } from '../support/axe.ts'
import { createDocument, launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let ada: Page
let bobs: BrowserContext
let bob: Page
let path: string

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  bobs = await browser.context({ viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true })
  ;[ada, bob] = await Promise.all([
    openStudio(await browser.context(), server.url, 'Ada Lovelace'),
    openStudio(bobs, server.url, 'Bob'),
  ])
  path = await createDocument(ada, 'Plan', 'Rich text')
  await bob.goto(server.url + path)
}, 90_000)

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

/** As the browser does when another tab is chosen. */
const look = (page: Page, visibilityState: 'visible' | 'hidden') =>
  page.evaluate((state) => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }, visibilityState)

const seen = (words: string) =>
  ada.getByRole('button', { name: `Bob${words}: go to their cursor`, exact: true }).waitFor()

it('[UI60] [UI62] shows who types until they stop, and people’s status wherever their picture stands', async () => {
  await seen('')
  await bob.locator('.rich-text').click()
  await bob.keyboard.type('Dear all')
  await ada.getByText('Bob is typing').waitFor()
  expect(await bob.getByText('is typing').count()).toBe(0)
  const reader = await ada.context().newPage()
  await reader.goto(`${server.url}${path.replace('/d/', '/documents/')}/history`)
  await reader.locator('.timeline-people .person-online').first().waitFor()
  await reader.close()
  await ada.getByText('Bob is typing').waitFor({ state: 'detached' })
})

it('[UI61] shows who is here, away and on what, over all their tabs, and who was', async () => {
  const second = await bobs.newPage()
  await second.goto(server.url + path)
  await second.getByRole('button', { name: 'Ada Lovelace: go to their cursor' }).waitFor()
  await look(bob, 'hidden')
  await seen('')
  await look(second, 'hidden')
  await seen(', away')
  expect(await ada.locator('.people .person-away').count()).toBe(1)
  await ada.getByRole('button', { name: 'Everybody' }).click()
  const list = ada.getByRole('dialog', { name: 'Everybody' })
  await list.getByText('away on a phone').waitFor()
  await list.getByText('Ada Lovelace (you)').waitFor()
  expect(await axe(ada)).toEqual([])
  // A tab that is closed is gone at once, and the other is still there.
  await second.close()
  await look(bob, 'visible')
  await list.getByText('online on a phone').waitFor()
  await bob.close()
  await list.getByText('last seen just now').waitFor()
  expect(await ada.locator('.people').count()).toBe(0)
  expect(await axe(ada)).toEqual([])
})
