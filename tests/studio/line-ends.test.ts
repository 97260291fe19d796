import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type * as Y from 'yjs'
import { launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let ada: Page
let windows: Page

const ON_WINDOWS =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36'

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  ada = await openStudio(await browser.context(), server.url, 'Ada')
  windows = await openStudio(await browser.context({ userAgent: ON_WINDOWS }), server.url, 'Wilma')
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

const soon = { timeout: 20_000, interval: 50 }

/** Code that another program wrote, as somebody has it open. */
async function opened(page: Page, content: string, write = (text: Y.Text) => text.insert(0, content)) {
  const room = `doc:${randomUUID()}`
  const program = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token('program') })
  onTestFinished(() => program.destroy())
  const text = program.document.getText('content')
  const meta = program.document.getMap('meta')
  program.document.transact(() => {
    write(text)
    meta.set('editor', 'code')
  })
  await program.saved()
  await page.goto(`${server.url}/d/${room}`)
  await shows(page, content)
  return {
    text,
    has: (expected: string) => expect.poll(() => text.toString(), soon).toBe(expected),
    /** What this page wrote before, the program has before. */
    named: async (title: string) => {
      await page.getByLabel('Title').fill(title)
      await expect.poll(() => meta.get('title'), soon).toBe(title)
    },
  }
}

const code = (page: Page) => page.getByLabel('Text of the document').first()
const told = (page: Page) => page.getByText('This document can only be read for now')
const mend = (page: Page) =>
  page.getByRole('button', { name: /^(Change its line ends|Take the mark out) for everybody$/ })

const lines = (page: Page) =>
  page.locator('.view-line').evaluateAll((shown) =>
    shown
      .map((line) => ({ top: line.getBoundingClientRect().top, text: line.textContent ?? '' }))
      .sort((a, b) => a.top - b.top)
      .map(({ text }) => text.replaceAll('\u00a0', ' ')),
  )

const shows = (page: Page, content: string) =>
  expect.poll(() => lines(page), soon).toEqual(content.replace('\ufeff', '').split(/\r\n|\r|\n/))
const refused = (page: Page) => page.getByText('Cannot edit in read-only editor').first().waitFor()

/** With each, Monaco tells the browser what is written and where the caret is. */
const frame = (page: Page) =>
  page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))

async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key)
}

describe('code that Monaco cannot hold as it is', () => {
  it.each([
    ['with several kinds of line ends', 'one\r\ntwo\nthree\rfour\r\nfive', 'one\ntwo\nthree\nfour\nfive'],
    ['that begins with a byte order mark', '\ufeffone\r\ntwo', 'one\r\ntwo'],
  ])('[UI72] %s is shown as it is, and edited once it is mended', async (_what, before, after) => {
    const { has, text, named } = await opened(ada, before)
    await told(ada).waitFor()
    await code(ada).focus()
    await press(ada, 'Control+End', 'Shift+Home')
    await frame(ada)
    expect(await ada.getByRole('button', { name: 'Comment on the selection' }).count()).toBe(0)
    await press(ada, '!')
    await refused(ada)
    await press(ada, 'Backspace')
    await named('Read')
    expect(text.toString()).toBe(before)
    await shows(ada, before)
    await mend(ada).click()
    await has(after)
    await told(ada).waitFor({ state: 'detached' })
    await code(ada).focus()
    await press(ada, 'Control+End')
    await frame(ada)
    await press(ada, '!', 'Control+Home', 'End', 'Enter', '?')
    await has(`${after.replace('one', after.includes('\r') ? 'one\r\n?' : 'one\n?')}!`)
    await shows(ada, text.toString())
  })

  it('[UI72] with what is no text in it is shown, and left as it is', async () => {
    const { text, named } = await opened(ada, 'onetwo', (written) => {
      written.insert(0, 'onetwo')
      written.insertEmbed(3, { image: 'x.png' })
    })
    await told(ada).waitFor()
    expect(await mend(ada).count()).toBe(0)
    await code(ada).focus()
    await press(ada, 'Control+End', '!', 'Control+f')
    await ada.keyboard.type('two')
    await ada.getByText('1 of 1').first().waitFor()
    await named('Read')
    expect(text.toDelta()).toEqual([{ insert: 'one' }, { insert: { image: 'x.png' } }, { insert: 'two' }])
  })

  it('[UI74] takes nothing away, once it can be edited, for what was typed before', async () => {
    const { text, has } = await opened(ada, 'onetwo', (written) => {
      written.insert(0, 'onetwo')
      written.insertEmbed(3, { image: 'x.png' })
    })
    await told(ada).waitFor()
    await code(ada).focus()
    await press(ada, 'Control+End', 'Shift+Home')
    await frame(ada)
    await press(ada, '!')
    await refused(ada)
    text.delete(3, 1)
    await told(ada).waitFor({ state: 'detached' })
    await press(ada, 'Control+End')
    await frame(ada)
    await press(ada, '!')
    await has('onetwo!')
  })

  it('[UI74] takes nothing away for what an input method wrote, once it can be edited', async () => {
    const { text, has, named } = await opened(ada, 'one\r\ntwo\n')
    await told(ada).waitFor()
    await code(ada).focus()
    await press(ada, 'Control+Home', 'Shift+End')
    await frame(ada)
    const keyboard = await ada.context().newCDPSession(ada)
    await keyboard.send('Input.imeSetComposition', { text: 'か', selectionStart: 1, selectionEnd: 1 })
    await keyboard.send('Input.insertText', { text: 'か' })
    await frame(ada)
    await named('Composed')
    expect(text.toString()).toBe('one\r\ntwo\n')
    await mend(ada).click()
    await told(ada).waitFor({ state: 'detached' })
    await code(ada).focus()
    await press(ada, 'End')
    await frame(ada)
    await press(ada, '!')
    await has('one!\ntwo\n')
  })

  it('[UI72] is shown as it is where somebody parts a character of two halves', async () => {
    const { text, has } = await opened(ada, 'x😀y')
    await code(ada).focus()
    await press(ada, 'Control+End')
    text.insert(2, 'Q')
    await shows(ada, 'x\ufffdQ\ufffdy')
    await press(ada, 'a')
    await has('x\ufffdQ\ufffdya')
    text.delete(0, text.length)
    text.insert(0, '😀b\r\n\n')
    await shows(ada, '😀b\n\n')
    text.doc?.transact(() => {
      text.delete(0, 2)
      text.insert(0, '😁')
    })
    await shows(ada, '😁b\n\n')
  })

  it('[UI72] comes while it is open, and Ada goes on where she was once it is gone', async () => {
    const { text, has, named } = await opened(ada, 'one\ntwo\nthree')
    await code(ada).focus()
    await press(ada, 'Control+End', 'ArrowUp', 'End', 'x')
    await has('one\ntwox\nthree')
    text.insert(3, '\r')
    await told(ada).waitFor()
    text.insert(0, 'zero\r\n')
    text.insertEmbed(2, { image: 'x.png' })
    await shows(ada, 'zero\r\none\r\ntwox\nthree')
    await code(ada).focus()
    await press(ada, 'y')
    await named('While it was there')
    expect(text.toString()).toBe('zero\r\none\r\ntwox\nthree')
    text.delete(2, 1)
    await mend(ada).waitFor()
    await mend(ada).click()
    await has('zero\none\ntwox\nthree')
    await told(ada).waitFor({ state: 'detached' })
    await code(ada).focus()
    await press(ada, 'z')
    await has('zero\none\ntwoxz\nthree')
    await press(ada, 'Control+z')
    await has('zero\none\ntwox\nthree')
    await press(ada, 'Control+z')
    await has('zero\none\ntwo\nthree')
    await press(ada, 'Control+Shift+z')
    await has('zero\none\ntwox\nthree')
    text.insert(0, 'and ')
    await shows(ada, 'and zero\none\ntwox\nthree')
  })

  it('[UI72] is edited with Windows’ line ends where all are, whenever they come', async () => {
    const { text, has } = await opened(ada, 'one\ntwo')
    text.doc?.transact(() => {
      text.delete(0, text.length)
      text.insert(0, 'a\r\nb\r\nc')
    })
    await shows(ada, 'a\nb\nc')
    await code(ada).focus()
    await press(ada, 'Control+End', '!', 'Control+Home', 'End', 'Enter', '?')
    await has('a\r\n?\r\nb\r\nc!')
    await press(ada, 'Control+a', 'Delete', 'x', 'Enter')
    await has('x\r\n')
    expect(await told(ada).count()).toBe(0)
  })

  it('[UI72] has nothing written into it by opening it on Windows', async () => {
    const { text, has, named } = await opened(windows, 'one line')
    await named('Opened')
    expect(authors(text)).toHaveLength(1)
    await code(windows).focus()
    await press(windows, 'Control+End', 'Enter', '!')
    await has('one line\n!')
    expect(authors(text)).toHaveLength(2)
  })
})

const authors = (text: Y.Text): readonly number[] => {
  const clients = new Set<number>()
  for (let item = text._start; item !== null; item = item.right) clients.add(item.id.client)
  return [...clients]
}
