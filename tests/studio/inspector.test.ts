import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Grants } from '../../server/protocol.ts'
import { launchBrowser, type TestBrowser } from '../support/browser.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let page: Page
let ada: Replica

const ROOM = 'project:1'
const soon = { timeout: 20_000, interval: 50 }

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  const token = await server.token('ada', { 'project:*': 'write' })
  ada = connectProvider({ wsUrl: server.wsUrl, room: ROOM, token })
  await ada.synced()
  await edit('first')
  await say('project.updated', { title: 'Bridge' })
  page = await enter('root', { '*:*': 'admin' }, `/rooms/${ROOM}/entries`)
}, 90_000)

afterAll(async () => {
  ada?.destroy()
  await browser?.close()
  await server?.dispose()
})

async function edit(text: string): Promise<void> {
  ada.edits.push([text])
  await ada.saved()
}

async function say(type: string, payload: unknown): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/rooms/${ROOM}/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await server.token('bob', { 'project:*': 'write' })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ type, payload }),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

async function enter(user: string, grants: Grants, path: string): Promise<Page> {
  const entered = await (await browser.context()).newPage()
  await entered.goto(server.url + path)
  await entered.getByRole('button', { name: 'Use a token instead' }).click()
  await entered.getByLabel('Your token', { exact: true }).fill(await server.token(user, grants))
  await entered.getByRole('button', { name: 'Start writing' }).click()
  return entered
}

/** “2 project.updated bob” */
const rows = () =>
  page
    .locator('.entry')
    .evaluateAll((entries) =>
      entries.map((entry) =>
        ['.entry-seq', '.entry-what', '.entry-name']
          .map((part) => entry.querySelector(part)?.textContent)
          .join(' '),
      ),
    )

it('[UI56] lists edits and events as they are committed, newest first or last', async () => {
  await expect.poll(rows, soon).toEqual(['2 project.updated bob', '1 edit ada'])
  await edit('second')
  await expect.poll(rows, soon).toEqual(['3 edit ada', '2 project.updated bob', '1 edit ada'])
  await page.getByRole('button', { name: 'Newest last' }).click()
  await expect.poll(rows, soon).toEqual(['1 edit ada', '2 project.updated bob', '3 edit ada'])
  await page.getByRole('button', { name: 'Newest first' }).click()
})

it('[UI56] filters by type and by actor', async () => {
  await page.getByLabel('Type').selectOption('Events')
  await expect.poll(rows, soon).toEqual(['2 project.updated bob'])
  await page.getByLabel('Type').selectOption('project.updated')
  await expect.poll(rows, soon).toEqual(['2 project.updated bob'])
  await page.getByLabel('Actor').selectOption('ada')
  await page.getByText('No entry is like that').waitFor()
  await page.getByRole('button', { name: 'Show all' }).click()
  await expect.poll(rows, soon).toHaveLength(3)
})

it('[UI56] shows what an event carries, as a tree and as JSON, and that of an edit only its size', async () => {
  await page.getByRole('button', { name: /project\.updated/ }).click()
  await page.locator('.tree').getByText('"Bridge"').waitFor()
  await page.getByText('JSON', { exact: true }).click()
  await page.locator('.entry-json').getByText('"title": "Bridge"').waitFor()
  expect(new URL(page.url()).hash).toBe('#2')
  await page.reload()
  await page.locator('.tree').getByText('"Bridge"').waitFor()
  await page.locator('.entry').first().click()
  await page.getByRole('heading', { name: 'Edit' }).waitFor()
  expect(await page.locator('.tree').count()).toBe(0)
})

it('[UI56] closes on a phone what was chosen, and leaves the space bar to its buttons', async () => {
  await page.setViewportSize({ width: 390, height: 844 })
  const drawer = page.getByRole('dialog')
  await drawer.waitFor()
  await drawer.getByRole('button', { name: 'Close' }).click()
  await drawer.waitFor({ state: 'detached' })
  expect(new URL(page.url()).hash).toBe('')
  const order = page.getByRole('button', { name: 'Newest last' })
  await order.focus()
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: 'Newest first' }).waitFor()
  expect(await page.getByRole('button', { name: 'Pause' }).getAttribute('aria-pressed')).toBe('false')
  await page.getByRole('button', { name: 'Newest first' }).click()
  await page.setViewportSize({ width: 1280, height: 800 })
})

it('[UI56] waits while it is paused, and then has all that came', async () => {
  await page.keyboard.press('p')
  await page.getByText(/^Paused/).waitFor()
  await say('project.updated', { title: 'Tunnel' })
  // As long as it takes for somebody else to be shown it.
  const other = await enter('root', { '*:*': 'admin' }, `/rooms/${ROOM}/entries`)
  await other.getByText('4 in all').waitFor()
  await other.context().close()
  expect(await rows()).toHaveLength(3)
  await page.getByRole('button', { name: 'Pause' }).click()
  await expect.poll(rows, soon).toHaveLength(4)
})

it('[UI56] is for those who may write, and reached from the rooms and the documents', async () => {
  const eve = await enter('eve', { 'project:*': 'read' }, `/rooms/${ROOM}/entries`)
  await eve.getByText('The entries are for those who may write here').waitFor()
  await eve.context().close()
  await page.goto(`${server.url}/rooms`)
  await page.getByRole('button', { name: `Actions for ${ROOM}` }).click()
  await page.getByRole('menuitem', { name: 'Entries' }).click()
  await expect.poll(rows, soon).toHaveLength(4)
  await page.goto(`${server.url}/d/${ROOM}`)
  await page.getByRole('link', { name: 'Entries of this room' }).click()
  await expect.poll(rows, soon).toHaveLength(4)
})
