import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { axe } from '../support/axe.ts'
import { launchBrowser, type TestBrowser } from '../support/browser.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let page: Page
let token: string

const soon = { timeout: 20_000, interval: 50 }

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  token = await server.token('root', { '*:*': 'admin' })
  for (const room of ['doc:one', 'doc:two']) {
    const replica = connectProvider({ wsUrl: server.wsUrl, room, token })
    replica.document.getMap('meta').set('editor', 'code')
    replica.document.getText('content').insert(0, 'Dear all')
    await replica.saved()
    replica.document.getText('content').insert(8, ', hello')
    await replica.saved()
    replica.destroy()
  }
  await post('/rooms/doc:one/versions', { title: 'Draft' })
  for (const title of ['First', 'Second']) await post('/chats', { title, members: ['bob'] })
  page = await (await browser.context()).newPage()
  await page.goto(`${server.url}/rooms`)
  await page.getByRole('button', { name: 'Use a token instead' }).click()
  await page.getByLabel('Your token', { exact: true }).fill(token)
  await page.getByRole('button', { name: 'Start writing' }).click()
  await page.getByRole('button', { name: 'Actions for doc:one' }).waitFor()
}, 90_000)

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

async function post(path: string, body: object): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

/** Requests like this are done, and their answers lost. */
async function loseAnswers(path: string, method: string): Promise<void> {
  await page.route(path, async (route) => {
    if (route.request().method() !== method) return route.fallback()
    await route.fetch()
    await route.abort()
  })
  onTestFinished(() => page.unrouteAll())
}

const button = (name: string) => page.getByRole('button', { name, exact: true })
const isFocused = (name: string) =>
  expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')), soon).toBe(name)

async function choose(menu: string, item: string): Promise<void> {
  await button(menu).click()
  await page.getByRole('menuitem', { name: item, exact: true }).click()
}

describe('the focus', () => {
  it.each([
    { path: '/rooms', menu: 'Actions for doc:one', item: 'Delete…' },
    { path: '/rooms', menu: 'Actions for doc:one', item: 'What retention would drop' },
    { path: '/documents/doc:one/history', menu: 'Draft: more', item: 'Rename or describe' },
  ])('[UI66] goes from a dialog back to the menu that opened it: $item', async ({ path, menu, item }) => {
    await page.goto(server.url + path)
    await choose(menu, item)
    const dialog = page.getByRole('dialog')
    // Until it has it there is nothing to be given back.
    await dialog.locator(':focus').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await isFocused(menu)
  })

  it('[UI66] is in a comment as soon as that is edited, and then back at its menu', async () => {
    await page.goto(`${server.url}/d/doc:one`)
    await button('Comments').click()
    await button('Comment').click()
    await page.getByRole('textbox', { name: 'Write a comment' }).fill('Well')
    await page.keyboard.press('Control+Enter')
    await choose('More about this comment', 'Edit')
    // When the menu is gone, so is all that it does with the focus.
    await page.getByRole('menu').waitFor({ state: 'detached' })
    await isFocused('Edit the comment')
    await page.keyboard.press('Escape')
    await isFocused('More about this comment')
    await button('React').click()
    await button('🎉').click()
    await isFocused('React')
  })
})

describe('in a chat', () => {
  it('[UI67] a dialog is of the chat that is shown, and of no other', async () => {
    await page.goto(`${server.url}/chat`)
    await page.getByRole('link', { name: /^First/ }).click()
    await page.getByRole('link', { name: /^Second/ }).click()
    await choose('About this chat', 'Rename')
    await page.getByRole('dialog').getByLabel('Title').waitFor()
    await page.goBack()
    await page.getByRole('heading', { name: 'First' }).waitFor()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  it('[UI67] whom one invites stays filled in where it was refused', async () => {
    await page.goto(`${server.url}/chat`)
    await page.getByRole('link', { name: /^First/ }).click()
    await choose('About this chat', 'People')
    const dialog = page.getByRole('dialog')
    const nobody = 'x'.repeat(1_000)
    await dialog.getByLabel('Invite').fill(nobody)
    await page.keyboard.press('Enter')
    await dialog.getByRole('button', { name: 'Invite' }).click()
    await page.getByText('That could not be done').waitFor()
    await dialog.getByText(nobody).waitFor()
    expect(await dialog.getByRole('button', { name: 'Invite' }).isEnabled()).toBe(true)
  })
})

describe('a version', () => {
  it('[UI13] that got no answer may have been named: it is said, and the list is read again', async () => {
    await page.goto(`${server.url}/documents/doc:one/history`)
    await loseAnswers('**/versions', 'POST')
    await button('Name this version').click()
    const dialog = page.getByRole('dialog', { name: 'Name this version' })
    await dialog.getByLabel('Name').fill('Lost')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await dialog.getByText('It may have been done; look before you try again.').waitFor()
    expect(await dialog.getByText('Nothing was changed').count()).toBe(0)
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await button('Lost: more').waitFor()
  })

  it('[UI67] that was not deleted is asked for anew, without what was wrong before', async () => {
    await page.goto(`${server.url}/documents/doc:one/history`)
    await button('Draft: more').waitFor()
    await page.route('**/versions/*', (route) => route.abort())
    onTestFinished(() => page.unrouteAll())
    await choose('Draft: more', 'Delete')
    const dialog = page.getByRole('dialog', { name: 'Delete this version?' })
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.waitFor({ state: 'detached' })
    await choose('Draft: more', 'Delete')
    await dialog.getByRole('button', { name: 'Cancel' }).waitFor()
    expect(await dialog.getByRole('alert').count()).toBe(0)
  })
})

describe('what is being done', () => {
  it.each([
    { path: '/documents/doc:one/history', asked: '**/versions', name: 'Name this version', by: 'Save' },
    {
      path: '/documents/doc:one/history?at=1&panel=restore',
      asked: '**/restore',
      name: 'Restore this version…',
      by: 'Restore',
    },
  ])('[UI68] is not closed before it is known how it ended: $name', async ({ path, asked, name, by }) => {
    await page.goto(`${server.url}${path}`)
    const held = Promise.withResolvers<void>()
    await page.route(asked, async (route) => {
      if (route.request().method() !== 'POST' || route.request().postDataJSON().preview === true)
        return route.fallback()
      await held.promise
      await route.fulfill({ status: 403, json: { error: { code: 'forbidden', message: 'You may not' } } })
    })
    onTestFinished(() => page.unrouteAll())
    await button(name).click()
    const dialog = page.getByRole('dialog')
    if (by === 'Save') await dialog.getByLabel('Name').fill('Held')
    await dialog.getByRole('button', { name: by }).click()
    await dialog.locator('button[data-loading]').waitFor()
    expect(await dialog.getByRole('button', { name: 'Cancel' }).isDisabled()).toBe(true)
    await page.keyboard.press('Escape')
    await dialog.getByRole('button', { name: 'Close' }).click()
    held.resolve()
    await dialog.getByText('You may not. Nothing was changed.').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.waitFor({ state: 'detached' })
  })
})

describe('the list of rooms', () => {
  it('[OPV8] says of a room that it may have been deleted where no answer says it, and is read again', async () => {
    await page.goto(`${server.url}/rooms`)
    await loseAnswers('**/rooms/doc%3Atwo', 'DELETE')
    await choose('Actions for doc:two', 'Delete…')
    const dialog = page.getByRole('dialog', { name: 'Delete this room' })
    await dialog.getByLabel('Type doc:two to confirm').fill('doc:two')
    await dialog.getByRole('button', { name: 'Delete for good' }).click()
    await dialog.getByText('It may have been done; look before you try again.').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await page.locator('.rooms tr', { hasText: 'doc:two' }).getByText('Deleted').waitFor()
  })

  it('[UI67] shows no room that was found by another question, where this one gets no answer', async () => {
    await page.goto(`${server.url}/rooms`)
    await button('Actions for doc:one').waitFor()
    await page.route('**/admin/rooms?*', (route) => route.abort())
    onTestFinished(() => page.unrouteAll())
    await page.getByLabel('Health').selectOption('Quarantined')
    await page.getByText('The list cannot be read').waitFor()
    expect(await button('Actions for doc:one').count()).toBe(0)
  })
})

it('[UI2] axe finds nothing serious in preferences that cannot be read, light and dark', async () => {
  await page.route('**/notifications?*', (route) => route.abort())
  onTestFinished(() => page.unrouteAll())
  await page.goto(`${server.url}/notifications/preferences`)
  await page.getByRole('status').getByText('The server cannot be reached').waitFor()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await axe(page), colorScheme).toEqual([])
  }
})
