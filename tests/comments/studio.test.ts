import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Grants } from '../../server/protocol.ts'
import { axe } from '../support/axe.ts'
import { launchBrowser, type TestBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let ada: Page
let bob: Page

const soon = { timeout: 20_000, interval: 50 }

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  ;[ada, bob] = await Promise.all([enter('ada', { 'doc:*': 'write' }), enter('bob', { 'doc:*': 'comment' })])
}, 90_000)

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

async function enter(user: string, grants: Grants): Promise<Page> {
  const page = await (await browser.context()).newPage()
  await page.goto(server.url)
  await page.getByRole('button', { name: 'Use a token instead' }).click()
  await page.getByLabel('Your token', { exact: true }).fill(await server.token(user, grants))
  await page.getByRole('button', { name: 'Start writing' }).click()
  await page.getByRole('heading', { name: 'Documents' }).waitFor()
  return page
}

/** What is marked as commented, as it stands on the page. */
const marked = (page: Page) =>
  page
    .locator('.syncline-comment')
    .evaluateAll((marks) => marks.map(({ textContent }) => textContent).join(''))

/** The document's text, as its editor shows it. */
const text = (page: Page) =>
  page
    .locator('.view-lines, .rich-text')
    .first()
    .evaluate((lines) => (lines as HTMLElement).innerText.replaceAll('\u00a0', ' ').trim())

async function begin(room: string, editor: 'Code' | 'Rich text', lines: readonly string[]): Promise<void> {
  await ada.goto(`${server.url}/d/${room}`)
  await ada.getByRole('button', { name: editor }).click()
  await ada.getByLabel('Text of the document').first().focus()
  await ada.keyboard.type(lines.join('\n'))
  await ada.getByText('Saved', { exact: true }).first().waitFor()
  await bob.goto(`${server.url}/d/${room}`)
  await expect.poll(() => text(bob), soon).toContain(lines.at(-1))
}

const write = async (page: Page, label: string, words: string): Promise<void> => {
  await page.getByRole('textbox', { name: label }).fill(words)
  await page.keyboard.press('Control+Enter')
}

const thread = (page: Page) => page.getByRole('article', { name: /^Comment by/ })

it.each([
  ['Code', 'doc:code'],
  ['Rich text', 'doc:rich'],
] as const)(
  '[COM20] [COM22] in %s somebody comments who may not write, the text keeps it, and what tells of it leads to it',
  async (editor, room) => {
    await begin(room, editor, ['an apple here', 'and a pear there'])
    // What he types into the text is not taken.
    await bob
      .getByText('and a pear there')
      .first()
      .dblclick({ position: { x: 56, y: 10 } })
    await bob.keyboard.press('x')
    await bob.getByRole('button', { name: 'Comment on the selection' }).waitFor()
    await bob.keyboard.press('Control+Alt+M')
    await write(bob, 'Write a comment', 'A pear or a fig?')
    await expect.poll(() => marked(bob), soon).toBe('pear')
    await expect.poll(() => marked(ada), soon).toBe('pear')
    expect(await text(ada)).not.toContain('x')

    // Ada writes before it, and looks at it by a click on its text.
    await ada.keyboard.press('Control+Home')
    await ada.keyboard.type('first ')
    await expect.poll(() => text(bob), soon).toContain('first')
    await expect.poll(() => marked(bob), soon).toBe('pear')
    await ada.locator('.syncline-comment').first().click()
    await thread(ada).getByText('A pear or a fig?').waitFor()
    await ada.getByRole('button', { name: 'Reply' }).click()
    await ada.getByRole('textbox', { name: 'Reply' }).fill('A fig, @b')
    await ada.getByRole('option', { name: 'bob' }).waitFor()
    await ada.keyboard.press('Tab')
    await ada.keyboard.press('Control+Enter')
    await thread(bob).click()
    await thread(bob).getByText('@bob').waitFor()
    await thread(bob).getByRole('button', { name: 'React' }).last().click()
    await bob.getByRole('button', { name: '🎉' }).click()
    await thread(ada).getByRole('button', { name: '🎉 1: bob' }).waitFor()

    await ada.getByRole('button', { name: 'Resolve' }).click()
    await expect.poll(() => thread(bob).count(), soon).toBe(0)
    await bob.getByLabel(/^Show what was resolved/).check()
    await thread(bob).click()
    await bob.getByRole('button', { name: 'Open again' }).click()
    await expect.poll(() => marked(ada), soon).toBe('pear')

    // What told him of it leads him to it, from elsewhere.
    await bob.goto(server.url)
    await bob.getByRole('button', { name: /^Notifications/ }).click()
    const mentioned = bob.getByRole('link', { name: 'You were mentioned' })
    await mentioned
      .and(bob.locator(`[href*="${room}"]`))
      .first()
      .click()
    await bob.waitForURL(`**/d/${room}`)
    await expect.poll(() => bob.locator('article:focus').innerText(), soon).toContain('A fig, @bob')

    await ada.getByText('and a pear there').first().click()
    await ada.keyboard.press('Control+End')
    await ada.keyboard.press('Shift+Home')
    await ada.getByRole('button', { name: 'Comment on the selection' }).waitFor()
    await ada.keyboard.press('Delete')
    await bob.getByRole('region', { name: 'Their text is gone' }).getByText('pear', { exact: true }).waitFor()
    expect(await axe(bob)).toEqual([])
  },
)

it.each([
  ['Code', 'doc:code'],
  ['Rich text', 'doc:rich'],
] as const)('[COM21] in the history of %s comments stand where they stood then', async (_, room) => {
  const [created] = await events(room, 'comment.created')
  await ada.goto(`${server.url}/documents/${room}/history?at=${created?.seq}&panel=comments`)
  await expect.poll(() => marked(ada), soon).toBe('pear')
  expect(await text(ada)).not.toContain('first')
  await thread(ada).getByText('A pear or a fig?').waitFor()
  expect(await ada.getByText('A fig, @bob').count()).toBe(0)
  const [answered] = await events(room, 'comment.replied')
  await ada.goto(`${server.url}/documents/${room}/history?at=${answered?.seq}&panel=comments`)
  await expect.poll(() => marked(ada), soon).toBe('pear')
  expect(await text(ada)).toContain('first an apple')
  await ada.goto(`${server.url}/documents/${room}/history?panel=comments`)
  await ada.getByRole('region', { name: 'Their text was gone' }).getByText('pear', { exact: true }).waitFor()
  expect(await axe(ada)).toEqual([])
})

it('[COM20] keeps a comment through what makes other elements of a text', async () => {
  await begin('doc:blocks', 'Rich text', ['one two three', 'four'])
  await ada.getByText('one two three').dblclick({ position: { x: 40, y: 10 } })
  await ada.getByRole('button', { name: 'Comment on the selection' }).click()
  await write(ada, 'Write a comment', 'here')
  await expect.poll(() => marked(bob), soon).toBe('two')
  // Before the word: what was behind it is a paragraph of its own then, and new to Yjs.
  await ada.getByText('one two three').click({ position: { x: 5, y: 10 } })
  await ada.keyboard.press('Home')
  for (let at = 0; at < 4; at += 1) await ada.keyboard.press('ArrowRight')
  await expect.poll(() => text(bob), soon).toMatch(/^one\s+ada\s+two three/)
  await ada.keyboard.press('Enter')
  await expect.poll(() => bob.locator('.rich-text p').count(), soon).toBe(3)
  await expect.poll(() => marked(bob), soon).toBe('two')
  await ada.getByRole('button', { name: 'Heading 1' }).click()
  await bob.locator('.rich-text h1').waitFor()
  await expect.poll(() => marked(bob), soon).toBe('two')
  await expect.poll(() => marked(ada), soon).toBe('two')
  // All of it away, and back.
  await ada.keyboard.press('Control+a')
  await ada.getByRole('button', { name: 'Comment on the selection' }).waitFor()
  await ada.keyboard.press('Delete')
  await bob.getByRole('button', { name: '1 comment' }).click()
  await bob.getByRole('region', { name: 'Their text is gone' }).waitFor()
  await ada.keyboard.press('Control+z')
  await expect.poll(() => marked(bob), soon).toBe('two')
})

it('[COM20] [COM22] has the comments in a sheet where a phone has no room beside the text', async () => {
  await ada.setViewportSize({ width: 390, height: 844 })
  await ada.goto(`${server.url}/d/doc:blocks`)
  await ada.locator('.syncline-comment').first().click()
  const sheet = ada.getByRole('dialog', { name: 'Comments' })
  await sheet.getByText('here', { exact: true }).waitFor()
  await sheet.getByRole('button', { name: 'Reply' }).click()
  await write(ada, 'Reply', 'from a phone')
  await sheet.getByText('from a phone').waitFor()
  expect(await ada.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await sheet.getByRole('button', { name: 'Close' }).click()
  await sheet.waitFor({ state: 'detached' })
  await ada.getByText('four').dblclick({ position: { x: 12, y: 10 } })
  await ada.getByRole('button', { name: 'Comment on the selection' }).click()
  await write(ada, 'Write a comment', 'on a phone')
  await expect.poll(() => bob.locator('.syncline-comment').count(), soon).toBe(2)
  // Led to a comment, one has it before one, and the focus stays there once the sheet is open.
  const [first] = await events('doc:blocks', 'comment.created')
  await ada.goto(`${server.url}/d/doc:blocks?comment=${first?.id}`)
  await ada.locator('article:focus').getByText('from a phone').waitFor()
})

interface Told {
  readonly id: string
  readonly seq: number
}

async function events(room: string, type: string): Promise<readonly Told[]> {
  const headers = { authorization: `Bearer ${await server.token('ada', { 'doc:*': 'write' })}` }
  const response = await fetch(`${server.url}/api/v1/rooms/${room}/events?types=${type}`, { headers })
  return ((await response.json()) as { readonly events: readonly Told[] }).events
}
