import * as decoding from 'lib0/decoding'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { axe } from '../support/axe.ts'
import { createDocument, launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
/** Two people who stay for all tests: entering costs more than most of them. */
let ada: Page
let bob: Page
const contexts: BrowserContext[] = []

beforeAll(async () => {
  // The server builds the studio first where its sources are newer.
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  const enter = async (name: string) => openStudio(await browser.context(), server.url, name)
  ;[ada, bob] = await Promise.all([enter('Ada'), enter('Bob')])
}, 90_000)

afterEach(async () => {
  await ada.unrouteAll()
  await Promise.all(contexts.splice(0).map((context) => context.close()))
})

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

const code = (page: Page) => page.locator('.view-lines')
const rich = (page: Page) => page.locator('.rich-text')
const saved = (page: Page) => page.locator('.save-long')
const text = async (page: Page) => (await code(page).textContent())?.replaceAll('\u00a0', ' ')

/** Waits until the words stand there, exactly. */
const shows = (page: Page, words: string) =>
  saved(page)
    .and(page.getByText(words, { exact: true }))
    .waitFor()

async function typeCode(page: Page, words: string): Promise<void> {
  await code(page).click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type(words)
}

async function typeRich(page: Page, words: string): Promise<void> {
  await rich(page).click()
  await page.keyboard.press('Control+End')
  await page.keyboard.type(words)
}

const soon = { timeout: 20_000, interval: 50 }

describe('two people', () => {
  it('[UI1] edit code and see each other’s text, carets and names', async () => {
    const path = await createDocument(ada, 'Parser', 'Code')
    await bob.goto(server.url + path)
    await typeCode(ada, 'goto /? c') // every letter is also a key of the studio
    await expect.poll(() => text(bob), soon).toContain('goto /? c')
    await typeCode(bob, ' and Bob')
    await expect.poll(() => text(ada), soon).toContain('goto /? c and Bob')

    await ada.locator('.yRemoteSelectionHead').waitFor({ state: 'attached' })
    const name = await ada
      .locator('.yRemoteSelectionHead')
      .first()
      .evaluate((caret) => getComputedStyle(caret, '::after').content)
    expect(name).toBe('"Bob"')
    await ada.getByRole('button', { name: 'Bob: go to their cursor' }).waitFor()

    await ada.getByLabel('Title').fill('Lexer')
    await expect.poll(() => bob.getByLabel('Title').inputValue(), soon).toBe('Lexer')
    await ada.getByLabel('Language').selectOption('TypeScript')
    await expect.poll(() => bob.getByLabel('Language').inputValue(), soon).toBe('typescript')
  })

  it('[UI1] edit rich text and see each other’s text, carets and names', async () => {
    const path = await createDocument(ada, 'Letter', 'Rich text')
    await bob.goto(server.url + path)
    await typeRich(ada, 'Dear all')
    await ada.getByRole('button', { name: 'Bold' }).click()
    await ada.keyboard.type(' bold')
    await expect.poll(() => rich(bob).textContent(), soon).toContain('Dear all bold')
    await expect.poll(() => rich(bob).locator('strong').textContent(), soon).toContain('bold')
    await bob.getByText('Ada', { exact: true }).first().waitFor({ state: 'attached' })
    await typeRich(bob, ' and Bob')
    await expect.poll(() => rich(ada).textContent(), soon).toContain('and Bob')
    await expect
      .poll(() => ada.locator('.collaboration-carets__label').allTextContents(), soon)
      .toEqual(['Bob'])
  })

  it('[CONV4] have what a program sends in an open Tiptap at once, and their carets where they were', async () => {
    const path = await createDocument(ada, 'Report', 'Rich text')
    await typeRich(ada, 'Words of Ada')
    await shows(ada, 'Saved')
    const room = decodeURIComponent(path.split('/').at(-1) ?? '')
    const sent = await fetch(`${server.url}/api/v1/rooms/${room}/content?format=markdown`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${await server.token('bot')}` },
      body: '# From a program\n\nWords of Ada\n\n* one',
    })
    expect(sent.status).toBe(200)
    await expect.poll(() => rich(ada).locator('h1').textContent(), soon).toBe('From a program')
    await ada.keyboard.type(' go on')
    await expect
      .poll(() => rich(ada).locator('p').first().textContent(), soon)
      .toContain('Words of Ada go on')
    expect(await rich(ada).locator('li').textContent()).toBe('one')
  })
})

describe('the words about saving', () => {
  it('[SDK1] “Saved” waits for the server’s acknowledgement', async () => {
    const held: (() => void)[] = []
    let holding = false
    await ada.routeWebSocket(/\/sync/, (socket) => {
      const upstream = socket.connectToServer()
      upstream.onMessage((message) => {
        const pass = () => socket.send(message)
        if (holding && isAcknowledgement(message)) held.push(pass)
        else pass()
      })
    })
    await ada.reload()
    await createDocument(ada, 'Held', 'Code')
    await shows(ada, 'Saved')
    holding = true
    await typeCode(ada, 'not yet')
    await expect.poll(() => held.length, soon).toBeGreaterThan(0)
    expect(await saved(ada).textContent()).toBe('Saving…')
    holding = false
    for (const pass of held.splice(0)) pass()
    await shows(ada, 'Saved')
    await ada.locator('.save').hover()
    await ada.getByText(/^Entry \d+ of its log$/).waitFor()
  })

  it('[SDK2] with the server killed, edits are counted, kept, and saved when it is back', async () => {
    const path = await createDocument(ada, 'Killed', 'Code')
    await typeCode(ada, 'before ')
    await shows(ada, 'Saved')
    await server.kill9()
    await shows(ada, 'Offline')
    await ada.getByText('You are offline.').waitFor()
    await typeCode(ada, 'x')
    await shows(ada, 'Offline: 1 change kept on this device')
    await server.restart()
    await shows(ada, 'Saved')
    await ada.getByText('What you wrote while offline is saved.').waitFor()
    await bob.goto(server.url + path)
    await expect.poll(() => text(bob), soon).toContain('before x')
  })

  it('[SDK3] [ACC4] who may only read is told so, and cannot type', async () => {
    const path = await createDocument(ada, 'Read me', 'Rich text')
    await typeRich(ada, 'Fixed words')
    await shows(ada, 'Saved')
    const context = await browser.context()
    contexts.push(context)
    const eve = await context.newPage()
    await eve.goto(server.url + path)
    await eve.getByRole('button', { name: 'Use a token instead' }).click()
    await eve.getByLabel('Your token', { exact: true }).fill(await server.token('eve', { 'doc:*': 'read' }))
    await eve.getByRole('button', { name: 'Start writing' }).click()
    await shows(eve, 'Read only')
    await expect.poll(() => rich(eve).textContent(), soon).toContain('Fixed words')
    await expect.poll(() => rich(eve).getAttribute('contenteditable'), soon).toBe('false')
    await eve.goto(`${server.url}/d/doc:nowhere`)
    await eve.getByText('There is no such room, and you may not create it').waitFor()
    await eve.getByRole('link', { name: 'Go to documents' }).click()
    await eve.getByRole('link', { name: /Read me/ }).waitFor()
    expect(await eve.getByRole('button', { name: 'New' }).count()).toBe(0)
  })
})

describe('offline', () => {
  it('[SDK2] edits made offline survive the closed tab and merge on return; without the device’s copy they do not', async () => {
    const context = await browser.context()
    contexts.push(context)
    const eve = await openStudio(context, server.url, 'Eve')
    const path = await createDocument(eve, 'Train', 'Code')
    await typeCode(eve, 'both ')
    await bob.goto(server.url + path)
    await expect.poll(() => text(bob), soon).toContain('both')

    const writeOffline = async (page: Page, words: string) => {
      await shows(page, 'Saved')
      await context.setOffline(true)
      await shows(page, 'Offline')
      await typeCode(page, words)
      await shows(page, `Offline: ${words.length} changes kept on this device`)
      await page.close()
      await context.setOffline(false)
    }

    await writeOffline(eve, 'offline ')
    await typeCode(bob, 'meanwhile ')
    const again = await context.newPage()
    await again.goto(server.url + path)
    await expect.poll(() => text(again), soon).toMatch(/(?=.*both)(?=.*offline)(?=.*meanwhile)/)
    await shows(again, 'Saved')
    await expect.poll(() => text(bob), soon).toBe(await text(again))

    await writeOffline(again, 'forgotten')
    await forgetDevice(context)
    const empty = await context.newPage()
    await empty.goto(server.url + path)
    await expect.poll(() => text(empty), soon).toContain('meanwhile')
    await shows(empty, 'Saved')
    expect(await text(empty)).not.toContain('forgotten')
  })
})

/** A new document has taken the focus. */
const isIn = (page: Page) =>
  expect
    .poll(() => page.evaluate(() => document.activeElement?.closest('.rich-text, .code') != null), soon)
    .toBe(true)

describe('the frame', () => {
  it.each([['Rich text', rich] as const, ['Code', code] as const])(
    'a new document takes the first key: %s',
    async (kind, place) => {
      await createDocument(ada, 'Fresh', kind)
      await isIn(ada)
      await ada.keyboard.type('First')
      await expect.poll(() => place(ada).textContent(), soon).toContain('First')
    },
  )

  it.each([['Rich text', typeRich, rich] as const, ['Code', typeCode, code] as const])(
    'a click on a person goes to their caret: %s',
    async (kind, type, place) => {
      const path = await createDocument(ada, 'Long', kind)
      await isIn(ada)
      for (let line = 0; line < 80; line += 1) await ada.keyboard.press('Enter')
      await type(ada, 'the end')
      await bob.goto(server.url + path)
      await place(bob).waitFor()
      const follow = bob.getByRole('button', { name: 'Ada: go to their cursor' })
      const end = bob.getByText('the end').first()
      const inView = async () => (await end.count()) > 0 && (await end.evaluate(isInView))
      expect(await inView()).toBe(false)
      await follow.click()
      await expect.poll(inView, soon).toBe(true)
    },
  )

  it('survives reload and back, finds by keyboard, and refuses unknown addresses', async () => {
    const path = await createDocument(ada, 'Findable', 'Rich text')
    await typeRich(ada, 'Here')
    await shows(ada, 'Saved')
    await ada.reload()
    await expect.poll(() => rich(ada).textContent(), soon).toContain('Here')
    await ada.goto(server.url)
    await ada.getByRole('link', { name: /Findable/ }).waitFor()
    await ada.keyboard.press('Control+k')
    await ada.getByLabel('Find documents and commands').fill('Findable')
    await ada.keyboard.press('Enter')
    await ada.waitForURL(`**${path}`)
    await ada.getByLabel('Find documents and commands').waitFor({ state: 'hidden' })
    await ada.goBack()
    await ada.getByRole('heading', { name: 'Documents' }).waitFor()
    await ada.locator('body').press('?')
    await ada.getByRole('dialog', { name: 'Keys' }).waitFor()
    await ada.goto(`${server.url}/d/not-a-room`)
    await ada.getByText('There is nothing at this address').waitFor()
  })

  it.each([
    { scheme: 'light', width: 1280, height: 800 },
    { scheme: 'dark', width: 390, height: 844 },
  ] as const)(
    '[UI2] axe finds nothing serious: $scheme, $width pixels',
    async ({ scheme, width, height }) => {
      await ada.emulateMedia({ colorScheme: scheme })
      await ada.setViewportSize({ width, height })
      const code = await createDocument(ada, 'Axe code', 'Code')
      await typeCode(ada, '# words')
      await bob.goto(server.url + code)
      await ada.getByRole('button', { name: 'Bob: go to their cursor' }).waitFor()
      await shows(ada, 'Saved')
      expect(await axe(ada)).toEqual([])
      await ada.getByRole('link', { name: 'Syncline' }).click()
      await ada
        .getByRole('link', { name: /Axe code/ })
        .first()
        .waitFor()
      expect(await axe(ada)).toEqual([])
      expect(await ada.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      await createDocument(ada, 'Axe text', 'Rich text')
      await typeRich(ada, 'words')
      await shows(ada, 'Saved')
      expect(await axe(ada)).toEqual([])
    },
  )
})

const SYNC_STATUS = 8

/** Hocuspocus frames begin with the document's name and the kind of message. */
function isAcknowledgement(message: string | Buffer): boolean {
  if (typeof message === 'string') return false
  const decoder = decoding.createDecoder(new Uint8Array(message))
  decoding.readVarString(decoder)
  return decoding.readVarUint(decoder) === SYNC_STATUS
}

/** The negative control of everything that is kept on the device. */
async function forgetDevice(context: BrowserContext): Promise<void> {
  const page = await context.newPage()
  await page.goto(`${server.url}/mark.svg`)
  await page.evaluate(async () => {
    for (const { name } of await indexedDB.databases()) {
      if (name === undefined) continue
      await new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(name)
        request.onsuccess = resolve
        request.onerror = reject
      })
    }
  })
  await page.close()
}

const isInView = (element: Element): boolean => {
  const { top, bottom } = element.getBoundingClientRect()
  return top >= 0 && bottom <= innerHeight
}
