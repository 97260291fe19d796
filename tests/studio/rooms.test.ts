import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Grants } from '../../server/protocol.ts'
import { axe } from '../support/axe.ts'
import { launchBrowser, type TestBrowser } from '../support/browser.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let page: Page

const soon = { timeout: 20_000, interval: 50 }

beforeAll(async () => {
  const env = { RETENTION: '{"doc":{"keystrokes":1}}' }
  ;[server, browser] = await Promise.all([startServer({ studio: true, env }), launchBrowser()])
  for (const [room, entries] of [
    ['doc:small', 1],
    ['doc:large', 5],
    ['doc:middle', 3],
  ] as const) {
    const replica = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token('ada') })
    for (let i = 0; i < entries; i += 1) {
      replica.document.getText('content').insert(0, `words of ${room} `)
      await replica.saved()
    }
    replica.document.getMap('meta').set('title', `The ${room.slice(4)} one`)
    await replica.saved()
    replica.destroy()
  }
  page = await enter('root', { '*:*': 'admin' }, '/rooms')
}, 90_000)

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

async function enter(user: string, grants: Grants, path: string): Promise<Page> {
  const entered = await (await browser.context()).newPage()
  await entered.goto(server.url + path)
  await entered.getByRole('button', { name: 'Use a token instead' }).click()
  await entered.getByLabel('Your token', { exact: true }).fill(await server.token(user, grants))
  await entered.getByRole('button', { name: 'Start writing' }).click()
  return entered
}

const names = () => page.locator('.rooms-name p:last-child').allTextContents()

describe('the administrator’s list of rooms', () => {
  it('[UI37] has every room with its size, sorted as one likes, and searched', async () => {
    await expect.poll(names, soon).toEqual(['doc:middle', 'doc:large', 'doc:small'])
    await page.getByRole('button', { name: 'Entries' }).click()
    await expect.poll(names, soon).toEqual(['doc:large', 'doc:middle', 'doc:small'])
    await page.getByRole('button', { name: 'Entries' }).click()
    await expect.poll(names, soon).toEqual(['doc:small', 'doc:middle', 'doc:large'])
    await page.getByLabel('Search rooms').fill('the LARGE')
    await expect.poll(names, soon).toEqual(['doc:large'])
    const row = page.locator('.rooms tbody tr')
    expect(await row.locator('[data-label="Entries"]').textContent()).toBe('6')
    expect(await row.locator('[data-label="Health"]').textContent()).toBe('Well')
    await page.getByLabel('Search rooms').fill('')
    await expect.poll(names, soon).toHaveLength(3)
  })

  it('[UI38] says what retention would drop, and drops nothing', async () => {
    await page.getByRole('button', { name: 'Actions for doc:large' }).click()
    await page.getByRole('menuitem', { name: 'What retention would drop' }).click()
    const dialog = page.getByRole('dialog', { name: 'What retention would drop' })
    await dialog
      .getByText('Every keystroke is kept for 1 day, then sessions. Nothing of this room is due.')
      .waitFor()
    await dialog.getByText('Close', { exact: true }).click()
    await dialog.waitFor({ state: 'hidden' })
  })

  it('[UI38] deletes a room once its name is typed', async () => {
    await page.getByRole('button', { name: 'Actions for doc:small' }).click()
    await page.getByRole('menuitem', { name: 'Delete…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Delete this room' })
    const confirm = dialog.getByRole('button', { name: 'Delete for good' })
    await dialog.getByLabel('Type doc:small to confirm').fill('doc:smal')
    expect(await confirm.isDisabled()).toBe(true)
    await dialog.getByLabel('Type doc:small to confirm').fill('doc:small')
    await confirm.click()
    await dialog.waitFor({ state: 'hidden' })
    await page.locator('.rooms tr', { hasText: 'doc:small' }).getByText('Deleted').waitFor()
  })

  it('[UI37] is offered to administrators alone', async () => {
    expect(await page.getByRole('link', { name: 'Rooms' }).count()).toBeGreaterThan(0)
    const eve = await enter('eve', { 'doc:*': 'write' }, '/rooms')
    await eve.getByText('This list is for administrators').waitFor()
    expect(await eve.getByRole('link', { name: 'Rooms' }).count()).toBe(0)
    await eve.context().close()
  })

  it.each([
    { scheme: 'light', width: 1440, height: 900 },
    { scheme: 'dark', width: 390, height: 844 },
  ] as const)(
    '[UI2] axe finds nothing serious: $scheme, $width pixels',
    async ({ scheme, width, height }) => {
      await page.emulateMedia({ colorScheme: scheme })
      await page.setViewportSize({ width, height })
      await expect.poll(names, soon).toHaveLength(3)
      expect(await axe(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      if (process.env.PICTURES)
        await page.screenshot({ path: `${process.env.PICTURES}/rooms-${scheme}-${width}.png` })
    },
  )
})
