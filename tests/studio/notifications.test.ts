import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axe } from '../support/axe.ts'
import { createDocument, launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let context: BrowserContext
/** Two tabs of one browser, and another device of the same person. */
let first: Page
let second: Page
let phone: Page
let ada: string
let backend: string

const soon = { timeout: 20_000, interval: 50 }

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  backend = await server.token('backend', { 'user:*': 'write' })
  context = await browser.context()
  first = await openStudio(context, server.url, 'Ada')
  const person = await first.evaluate(() => localStorage.getItem('syncline.person') ?? '')
  ada = JSON.parse(person).id
  second = await context.newPage()
  const other = await browser.context({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' })
  await other.addInitScript((kept) => localStorage.setItem('syncline.person', kept), person)
  phone = await other.newPage()
  await Promise.all([second, phone].map((page) => page.goto(server.url)))
}, 90_000)

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

async function notify(title: string, more: object = {}): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/users/${ada}/notifications`, {
    method: 'POST',
    headers: { authorization: `Bearer ${backend}`, 'content-type': 'application/json' },
    body: JSON.stringify({ category: 'build', title, ...more }),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

const bell = (page: Page, unread: number) =>
  page.getByRole('button', {
    name: unread === 0 ? 'Notifications' : `Notifications: ${unread} unread`,
    exact: true,
  })
const list = (page: Page) => page.getByRole('list', { name: 'Notifications' })

describe('what one is told', () => {
  it('[NOTE30] [NOTE31] two tabs and two devices agree on what is unread, and each marks it for all', async () => {
    const pages = [first, second, phone]
    for (const page of pages) await bell(page, 0).waitFor()
    // A toast where one looks; it goes by itself.
    const toast = phone
      .getByText(/Build \d failed|new notifications/)
      .first()
      .waitFor()
    for (const n of [1, 2, 3]) await notify(`Build ${n} failed`, { group: 'main' })
    await notify('Ada, look', { category: 'mention', text: 'العربية 🎉 <b>not bold</b>' })
    for (const page of pages) await bell(page, 4).waitFor()
    await toast

    await bell(first, 4).click()
    const drawer = first.getByRole('dialog', { name: 'Notifications' })
    await list(first).waitFor()
    // One group of three, and one alone, newest first.
    await expect.poll(() => list(first).getByRole('listitem').count(), soon).toBe(2)
    await drawer.getByText('العربية 🎉 <b>not bold</b>').waitFor()
    await drawer.getByRole('button', { name: /And 2 before/ }).click()
    await drawer.getByText('Build 1 failed', { exact: true }).waitFor()
    await drawer.getByRole('button', { name: 'Mark as read: Ada, look' }).click()
    for (const page of [second, phone]) await bell(page, 3).waitFor()

    await phone.goto(`${server.url}/notifications`)
    await phone.getByRole('button', { name: 'Mark all read' }).click()
    for (const page of [second, phone]) await bell(page, 0).waitFor()
    await drawer.getByRole('button', { name: 'Mark as unread: Ada, look' }).click()
    for (const page of [second, phone]) await bell(page, 1).waitFor()
    await drawer.getByRole('button', { name: 'Archive: Ada, look' }).click()
    for (const page of [second, phone]) await bell(page, 0).waitFor()
    await expect.poll(() => list(phone).getByRole('listitem').count(), soon).toBe(1)
    await first.keyboard.press('Escape')
  })

  it('[NOTE31] what was marked offline counts when one is back', async () => {
    await notify('Seen on a train')
    for (const page of [second, phone]) await bell(page, 1).waitFor()
    await second.keyboard.press('i')
    await second.waitForURL('**/notifications')
    await second.getByRole('button', { name: 'Mark as read: Seen on a train' }).waitFor()
    await context.setOffline(true)
    await second.getByRole('button', { name: 'Mark as read: Seen on a train' }).click()
    await bell(second, 0).waitFor()
    await notify('Came meanwhile')
    await bell(phone, 2).waitFor()
    await context.setOffline(false)
    for (const page of [first, second, phone]) await bell(page, 1).waitFor()
  })

  it('[NOTE32] preferences and mutes hold on every device', async () => {
    await Promise.all([first, phone].map((page) => page.goto(`${server.url}/notifications/preferences`)))
    const shown = (page: Page) => page.getByRole('switch', { name: 'Builds in the app' })
    await expect.poll(() => shown(first).isEnabled(), soon).toBe(true)
    await shown(first).focus()
    await first.keyboard.press('Space')
    await expect.poll(() => shown(phone).isChecked(), soon).toBe(false)
    await phone.getByLabel('Room to mute').fill('doc:loud')
    await phone.getByRole('button', { name: 'Mute', exact: true }).click()
    await first.getByRole('button', { name: 'Unmute doc:loud' }).waitFor()
    // One switch for a chat, wherever it is turned.
    const chats = await fetch(`${server.url}/api/v1/chats`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await server.token(ada, { 'chat:*': 'write' })}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ title: 'Loud', members: ['bob'] }),
    })
    const { room } = (await chats.json()) as { room: string }
    await first.goto(`${server.url}/chat/${room.slice('chat:'.length)}`)
    await first.getByRole('button', { name: 'About this chat' }).click()
    await first.getByRole('menuitem', { name: 'Mute' }).click()
    await phone.getByRole('button', { name: 'Unmute Loud' }).click()
    await first.getByRole('button', { name: 'About this chat' }).click()
    await first.getByRole('menuitem', { name: 'Mute' }).waitFor()
    await first.keyboard.press('Escape')
    await notify('Not told')
    await notify('Told', { category: 'mention' })
    for (const page of [first, second, phone]) await bell(page, 2).waitFor()
  })
})

it('[NOTE33] a room that could not be read is called by its name once it can be, and by its new one later', async () => {
  const room = 'build:named'
  const said = async (type: string, payload: object, by: string) => {
    const answer = await fetch(`${server.url}/api/v1/rooms/${room}/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${by}`, 'content-type': 'application/json' },
      body: JSON.stringify([{ type, payload }]),
    })
    if (!answer.ok) throw new Error(await answer.text())
  }
  // Nobody who has said what they want to be told.
  const page = await openStudio(await browser.context(), server.url, 'Carl')
  const carl = await page.evaluate(() => JSON.parse(localStorage.getItem('syncline.person') ?? '{}').id)
  const ci = await server.token('ci', { 'build:*': 'write' })
  await said('build.created', { title: 'main' }, await server.token(carl, { 'build:*': 'write' }))
  await page.goto(`${server.url}/builds`)
  await page.clock.install()
  // What the server calls it, as far as it can be asked.
  let title: string | undefined
  await page.route('**/api/v1/rooms/build*named', (route) =>
    title === undefined ? route.abort() : route.fulfill({ json: { title } }),
  )
  const fails = async (shown: string) => {
    const told = page.getByText(`ci · ${shown}`, { exact: true })
    // What came before the page had read the inbox is not told by itself.
    const seen = async () => {
      await said('build.failed', { message: 'no' }, ci)
      return told.count()
    }
    await expect.poll(seen, { timeout: 20_000, interval: 1_000 }).toBeGreaterThan(0)
  }
  await fails(room)
  title = 'Website'
  await fails('Website')
  title = 'Shop'
  // All that is due by then happens once: step by step its WebSocket would be made anew, and given up, again and again.
  await page.clock.fastForward(120_000)
  await fails('Shop')
})

it('[UI2] axe finds nothing serious on the main pages, light and dark, wide and narrow', async () => {
  const document = await createDocument(first, 'Plan', 'Rich text')
  const pages = [
    '/',
    document,
    '/chat',
    '/activity',
    '/notifications',
    '/notifications/preferences',
    '/history',
  ]
  for (const [page, paths] of [
    [first, pages],
    [phone, ['/notifications', '/notifications/preferences']],
  ] as const) {
    for (const path of paths) {
      await page.goto(`${server.url}${path}`)
      await page.getByRole('main').waitFor()
      await expect.poll(() => page.locator('.mantine-Skeleton-root').count(), soon).toBe(0)
      expect(await axe(page), path).toEqual([])
    }
  }
  await bell(first, 2).click()
  await list(first).waitFor()
  // Until it has come all the way in, its colours are mixed with what is behind it.
  await expect.poll(() => axe(first), soon).toEqual([])
})
