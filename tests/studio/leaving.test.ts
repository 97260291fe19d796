import type { BrowserContext, Dialog, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createDocument, launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
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

/** A document that its writer has open in a window where the browser denies storage, or not, without a network. */
async function offlineIn(context: BrowserContext, denied: boolean): Promise<Page> {
  onTestFinished(() => context.close())
  if (denied)
    await context.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('The operation is insecure.', 'SecurityError')
      }
    })
  const page = await openStudio(context, server.url, 'Ada')
  await createDocument(page, 'Private', 'Code')
  await shows(page, 'Saved')
  await context.setOffline(true)
  await shows(page, 'Offline')
  await page.locator('.view-lines').click()
  await page.keyboard.type('abc')
  return page
}

const shows = (page: Page, words: string) =>
  page
    .locator('.save-long')
    .and(page.getByText(words, { exact: true }))
    .waitFor()

/** What comes of closing it as a person does: it is gone, or the browser asks. */
function close(page: Page): Promise<Dialog | 'gone'> {
  const came = Promise.race([
    new Promise<Dialog>((resolve) => page.once('dialog', resolve)),
    page.waitForEvent('close').then(() => 'gone' as const),
  ])
  return page.close({ runBeforeUnload: true }).then(() => came)
}

async function leave(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Ada: account' }).click()
  await page.getByRole('menuitem', { name: 'Change name or leave' }).click()
}

describe('what is written where the browser keeps nothing', () => {
  it('[UI4] [SDK26] is asked for before its tab is closed, until it is saved', async () => {
    const context = await browser.context()
    const page = await offlineIn(context, true)
    await shows(page, 'Offline: 3 changes in this tab alone')
    await page.getByText('What is not saved is in this tab alone: leave it open.').waitFor()
    const asked = await close(page)
    if (asked === 'gone') return expect.unreachable('closed, with what was written')
    expect(asked.type()).toBe('beforeunload')
    await asked.dismiss()
    await context.setOffline(false)
    await shows(page, 'Saved')
    expect(await close(page)).toBe('gone')
  })

  it('[UI4] [SDK26] is asked for before its writer leaves, and saved where the network is back in time', async () => {
    const context = await browser.context()
    const page = await offlineIn(context, true)
    await shows(page, 'Offline: 3 changes in this tab alone')
    await leave(page)
    const dialog = page.getByRole('dialog', { name: 'Leave?' })
    await dialog.getByText('keeps no copy of it').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.waitFor({ state: 'detached' })
    await shows(page, 'Offline: 3 changes in this tab alone')
    await leave(page)
    await context.setOffline(false)
    await dialog.getByText('all that you wrote is saved').waitFor()
    await dialog.getByRole('button', { name: 'Leave', exact: true }).click()
    await page.getByLabel('Your name').waitFor()
  })

  it('[UI4] [SDK26] is lost once that was said and chosen', async () => {
    const page = await offlineIn(await browser.context(), true)
    await leave(page)
    await page.getByRole('button', { name: 'Leave without it' }).click()
    await page.getByLabel('Your name').waitFor()
  })
})

describe('what is written where the browser keeps a copy', () => {
  it('[UI4] [SDK26] stands in nobody’s way', async () => {
    const page = await offlineIn(await browser.context(), false)
    await shows(page, 'Offline: 3 changes kept on this device')
    await page.getByText('What is not saved stays on this device.').waitFor()
    expect(await close(page)).toBe('gone')
  })

  it('[UI4] [SDK26] is left without a question', async () => {
    const page = await offlineIn(await browser.context(), false)
    await shows(page, 'Offline: 3 changes kept on this device')
    await leave(page)
    await page.getByLabel('Your name').waitFor()
  })
})
