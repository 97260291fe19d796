import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { axe } from '../support/axe.ts'
import { launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { erases, isCalled, type PastEdit, types, writePast, writesParagraph } from '../support/past.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Noon, so that no test begins a session on one day and ends it on the next. */
const NOON = new Date().setHours(12, 0, 0, 0) - 3 * DAY
const PEOPLE = { ada1: 'Ada', bob1: 'Bob' }

let server: TestServer
let browser: TestBrowser
let ada: Page
const contexts: BrowserContext[] = []

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  ada = await openStudio(await browser.context(), server.url, 'Ada')
}, 90_000)

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()))
})

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

const soon = { timeout: 20_000, interval: 50 }

/** Two people, three sessions on two days: the first writes, the second adds, the first takes away. */
const letter: readonly PastEdit[] = [
  { at: NOON, actor: 'ada1', change: isCalled('Plan', 'code') },
  { at: NOON + 1_000, actor: 'ada1', change: types('Dear all, ') },
  { at: NOON + 2_000, actor: 'ada1', change: types('hello.') },
  { at: NOON + HOUR, actor: 'bob1', change: types(' Greetings from Bob.') },
  { at: NOON + DAY, actor: 'ada1', change: erases(10) },
  { at: NOON + DAY + 1_000, actor: 'bob1', change: types(' The end.') },
]

async function openPast(room: string, edits: readonly PastEdit[], search = '', page = ada): Promise<void> {
  if (edits.length > 0) await writePast(server, room, edits, PEOPLE)
  await page.goto(`${server.url}/documents/${room}/history${search}`)
}

const timeline = (page = ada) => page.getByRole('region', { name: 'Sessions, newest first' })
const sessions = (page = ada) => timeline(page).locator('.timeline-session button')
const days = (page = ada) => timeline(page).getByRole('heading')
const content = async (page = ada) =>
  (await page.locator('.history-content .view-lines').textContent())?.replaceAll('\u00a0', ' ')

const shows = (text: string, page = ada) =>
  expect.poll(() => content(page).catch(() => undefined), soon).toBe(text)

describe('the timeline', () => {
  it('[UI10] shows who wrote and deleted how much, day by day', async () => {
    await openPast('doc:who', letter)
    await sessions().nth(2).waitFor()
    expect(await days().count()).toBe(2)
    await expect
      .poll(() => sessions().allTextContents(), soon)
      .toEqual([
        expect.stringMatching(/Ada and Bob.*9 characters added, 10 removed/),
        expect.stringMatching(/Bob.*20 characters added, 0 removed/),
        expect.stringMatching(/Ada.*16 characters added, 0 removed/),
      ])
    await ada.getByLabel('Person', { exact: true }).selectOption({ label: 'Bob' })
    await expect.poll(() => sessions().count(), soon).toBe(2)
    await ada.getByText('Named versions only').click()
    await ada.getByText('No session is like that').waitFor()
    await ada.getByRole('button', { name: 'Show everything' }).click()
    await expect.poll(() => sessions().count(), soon).toBe(3)
  })

  it('[UI10] goes on while people write, and so does what is newest', async () => {
    await openPast('doc:tail', letter)
    await shows('hello. Greetings from Bob. The end.')
    const replica = connectProvider({
      wsUrl: server.wsUrl,
      room: 'doc:tail',
      token: await server.token('Cleo'),
    })
    await replica.saved()
    replica.document.getText('content').insert(0, 'Now: ')
    await replica.saved()
    replica.destroy()
    await days().getByText('Today').waitFor()
    await sessions().first().getByText('Cleo').waitFor()
    await shows('Now: hello. Greetings from Bob. The end.')
  })

  it('[UI10] draws only what is seen of a thousand sessions, and reaches the first', async () => {
    const edits = Array.from({ length: 1000 }, (_, at) => ({
      at: NOON - (1000 - at) * HOUR,
      actor: at % 2 === 0 ? 'ada1' : 'bob1',
      change: types(`${at} `),
    }))
    await openPast('doc:long', edits)
    await sessions().first().waitFor()
    const atEnd = async () => {
      await timeline().evaluate((list) => list.scrollTo(0, list.scrollHeight))
      return sessions().last().textContent()
    }
    // "0 " is what the first one wrote.
    await expect.poll(atEnd, { ...soon, timeout: 25_000 }).toContain('2 characters added')
    expect(await sessions().count()).toBeLessThan(60)
  })
})

describe('a position', () => {
  it('[UI11] shows the document as it was, by pointer', async () => {
    await openPast('doc:then', letter)
    await shows('hello. Greetings from Bob. The end.')
    await sessions().nth(1).click()
    await shows('Dear all, hello. Greetings from Bob.')
    await ada.locator('.as-of').getByText('Bob').waitFor()
    await sessions().nth(2).click()
    await shows('Dear all, hello.')
    expect(await sessions().nth(2).getAttribute('aria-current')).toBe('true')
    await ada.goBack()
    await shows('Dear all, hello. Greetings from Bob.')
    await ada.getByRole('button', { name: 'Newest' }).click()
    await shows('hello. Greetings from Bob. The end.')
  })

  it('[UI11] shows the document as it was, by keys', async () => {
    await openPast('doc:keys', letter)
    await shows('hello. Greetings from Bob. The end.')
    await sessions().nth(2).waitFor()
    for (const key of ['j', 'j', 'k', 'Enter']) await ada.locator(':focus, body').last().press(key)
    await shows('Dear all, hello. Greetings from Bob.')
    await ada.locator(':focus').press('h')
    await ada.waitForURL('**/d/doc:keys')
    await ada.locator('.save').waitFor()
    await ada.getByRole('link', { name: 'History' }).first().click()
    await ada.waitForURL('**/documents/doc:keys/history')
  })

  it('[UI11] shows rich text as it was', async () => {
    await openPast('doc:rich', [
      { at: NOON, actor: 'ada1', change: isCalled('Letter', 'rich') },
      { at: NOON + 1_000, actor: 'ada1', change: writesParagraph('News', 'heading') },
      { at: NOON + DAY, actor: 'bob1', change: writesParagraph('Later words') },
    ])
    const text = ada.locator('.history-rich')
    await expect.poll(() => text.textContent(), soon).toBe('NewsLater words')
    await sessions().nth(1).click()
    await expect.poll(() => text.textContent(), soon).toBe('News')
    expect(await text.getByRole('heading', { name: 'News', level: 2 }).count()).toBe(1)
  })

  it('[UI11] shows what another application keeps in a room, and the document says that it is none', async () => {
    const change: PastEdit['change'] = (doc) => doc.getMap('settings').set('colour', 'green')
    await openPast('doc:data', [{ at: NOON, actor: 'ada1', change }])
    await ada.getByRole('region', { name: 'What the room holds' }).getByText('“green”').waitFor()
    await ada.getByRole('link', { name: 'Back to the document' }).click()
    await ada.getByText('This is no document of the studio').waitFor()
  })

  it('[UI14] opens from its address, which is a seq, a time or a version’s', async () => {
    await openPast('doc:link', letter, '?at=4')
    await shows('Dear all, hello. Greetings from Bob.')
    const bob = await openStudio(await guest(), server.url, 'Bob')
    await bob.goto(ada.url())
    await shows('Dear all, hello. Greetings from Bob.', bob)
    const time = new Date(NOON + 10_000).toISOString()
    await openPast('doc:link', [], `?at=${time}`, bob)
    await shows('Dear all, hello.', bob)
    await openPast('doc:link', [], '?at=99', bob)
    await bob.getByText('This position cannot be shown').waitFor()
    await bob.getByRole('button', { name: 'Show the newest' }).click()
    await shows('hello. Greetings from Bob. The end.', bob)
  })

  it('[UI14] is refused to those who may only read, in words', async () => {
    await writePast(server, 'doc:closed', letter, PEOPLE)
    const eve = await (await guest()).newPage()
    await eve.goto(`${server.url}/documents/doc:closed/history`)
    await eve.getByRole('button', { name: 'Use a token instead' }).click()
    await eve.getByLabel('Your token', { exact: true }).fill(await server.token('eve', { 'doc:*': 'read' }))
    await eve.getByRole('button', { name: 'Start writing' }).click()
    await eve.getByText('The past is for those who may write here').waitFor()
    await eve.getByRole('link', { name: 'Open the document' }).click()
    await eve.waitForURL('**/d/doc:closed')
  })
})

describe('the playback', () => {
  it('[UI12] goes through the past to its end, one request at a time', async () => {
    const words = Array.from({ length: 30 }, (_, at) => ({
      at: NOON + at * 1_000,
      actor: at % 2 === 0 ? 'ada1' : 'bob1',
      change: types(`${at} `),
    }))
    await openPast('doc:play', words)
    const all = words.map((_, at) => `${at} `).join('')
    await shows(all)
    let asking = 0
    let most = 0
    let asked = 0
    let held = true
    const paused = Promise.withResolvers<void>()
    // Counted where it is answered: the browser tells of an end after the page has asked for the next.
    await ada.route('**/diff?*', async (route) => {
      asked += 1
      if (asked === 2 && held) {
        // It is two seconds to the end, which a busy machine may take to click.
        await paused.promise
        await route.abort()
        return
      }
      asking += 1
      most = Math.max(most, asking)
      const response = await route.fetch()
      asking -= 1
      await route.fulfill({ response })
    })
    onTestFinished(() => ada.unroute('**/diff?*'))
    const traces = ada.locator('.history-content .trace-inserted')
    await ada.getByRole('button', { name: 'Play', exact: true }).click()
    await traces.first().waitFor()
    await expect.poll(() => asked, soon).toBe(2)
    await ada.getByRole('button', { name: 'Pause' }).click()
    held = false
    paused.resolve()
    expect((await content())?.length).toBeLessThan(all.length)
    await ada.getByLabel('Speed').selectOption('16 ×')
    await ada.locator('body').press('p')
    await ada.waitForURL('**/history?at=30')
    await shows(all)
    await ada.getByRole('button', { name: 'Play', exact: true }).waitFor()
    expect(most).toBe(1)
    expect(asked).toBeGreaterThan(3)
  })
})

describe('a named version', () => {
  it('[UI13] is there after a reload, renamed, pinned, and gone once deleted', async () => {
    await openPast('doc:named', letter, '?at=4')
    await shows('Dear all, hello. Greetings from Bob.')
    await ada.locator('body').press('n')
    const dialog = ada.getByRole('dialog')
    await dialog.getByLabel('Name').fill('Before the cut')
    await dialog.getByLabel('Description').fill('All greetings are in it')
    await dialog.getByRole('button', { name: 'Save' }).click()
    const mark = timeline().getByRole('button', { name: 'Before the cut', exact: true })
    await mark.waitFor()
    await openPast('doc:named', [])
    await mark.click()
    await shows('Dear all, hello. Greetings from Bob.')

    const more = (item: string) => async (label: string) => {
      await timeline()
        .getByRole('button', { name: `${label}: more` })
        .click()
      await ada.getByRole('menuitem', { name: item }).click()
    }
    await more('Rename or describe')('Before the cut')
    await dialog.getByLabel('Name').fill('Greetings')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await timeline().getByText('Greetings').waitFor()
    await more('Pin')('Greetings')
    await timeline().getByLabel('Pinned').waitFor()
    await ada.reload()
    await timeline().getByLabel('Pinned').waitFor()
    await ada.getByText('Named versions only').click()
    await expect.poll(() => sessions().count(), soon).toBe(1)
    await more('Delete')('Greetings')
    await ada.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await ada.getByText('No session is like that').waitFor()
  })
})

describe('somebody else’s named version', () => {
  it('[UI15] is shown, and not offered to be changed', async () => {
    await openPast('doc:theirs', letter, '?at=4')
    await shows('Dear all, hello. Greetings from Bob.')
    await ada.locator('body').press('n')
    await ada.getByRole('dialog').getByLabel('Name').fill('Ada’s own')
    await ada.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await timeline().getByRole('button', { name: 'Ada’s own: more' }).waitFor()
    const bob = await openStudio(await guest(), server.url, 'Bob')
    await openPast('doc:theirs', [], '', bob)
    await timeline(bob).getByRole('button', { name: 'Ada’s own', exact: true }).waitFor()
    expect(await timeline(bob).getByRole('button', { name: 'Ada’s own: more' }).count()).toBe(0)
  })
})

describe('the history view', () => {
  it.each([
    { scheme: 'light', width: 1440, height: 900 },
    { scheme: 'dark', width: 390, height: 844 },
  ] as const)(
    '[UI2] axe finds nothing serious: $scheme, $width pixels',
    async ({ scheme, width, height }) => {
      const context = await guest()
      const page = await openStudio(context, server.url, 'Ada')
      await page.emulateMedia({ colorScheme: scheme })
      await page.setViewportSize({ width, height })
      await openPast(`doc:axe-${scheme}`, letter, '', page)
      await shows('hello. Greetings from Bob. The end.', page)
      expect(await axe(page)).toEqual([])
      if (width < 800) {
        await page.getByRole('button', { name: 'Timeline' }).click()
        await sessions(page).first().waitFor()
        await expect.poll(() => axe(page), soon).toEqual([])
        await sessions(page).nth(1).click()
        await timeline(page).waitFor({ state: 'hidden' })
      } else await sessions(page).nth(1).click()
      await shows('Dear all, hello. Greetings from Bob.', page)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      await page.getByRole('link', { name: 'Documents' }).first().click()
    },
  )
})

async function guest(): Promise<BrowserContext> {
  const context = await browser.context()
  contexts.push(context)
  return context
}
