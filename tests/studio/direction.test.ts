import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
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

const directionOf = (place: Locator) => place.evaluate((element) => getComputedStyle(element).direction)

/** On which side of its paragraph the text stands. */
const sideOf = (paragraph: Locator) =>
  paragraph.evaluate((element) => {
    const range = document.createRange()
    range.selectNodeContents(element)
    const [text, all] = [range.getClientRects()[0], element.getBoundingClientRect()]
    if (text === undefined) return 'nowhere'
    return text.left - all.left < all.right - text.right ? 'left' : 'right'
  })

it('[UI6] what is written from right to left runs so in a document, in the list and in the past', async () => {
  const page = await openStudio(await browser.context(), server.url, 'Ada')
  const path = await createDocument(page, 'שלום עולם', 'Rich text')
  await page.locator('.rich-text').click()
  await page.keyboard.type('שלום לכולם')
  await page.keyboard.press('Enter')
  await page.keyboard.type('Hello all')
  await page
    .locator('.save-long')
    .and(page.getByText('Saved', { exact: true }))
    .waitFor()
  const shown = async (place: Locator) =>
    Promise.all([place.getByText('שלום לכולם'), place.getByText('Hello all')].map((text) => sideOf(text)))
  expect(await directionOf(page.getByLabel('Title'))).toBe('rtl')
  expect(await shown(page.locator('.rich-text'))).toEqual(['right', 'left'])
  await page.getByRole('button', { name: 'Comments', exact: true }).click()
  await page.getByRole('button', { name: 'Comment', exact: true }).click()
  const comment = page.getByRole('textbox', { name: 'Write a comment' })
  await comment.fill('שלום')
  expect(await directionOf(comment)).toBe('rtl')
  await page.goto(`${server.url}/documents/${path.split('/').at(-1)}/history`)
  await page.locator('.history-rich').getByText('Hello all').waitFor()
  expect(await shown(page.locator('.history-rich'))).toEqual(['right', 'left'])
  expect(await directionOf(page.getByRole('heading', { name: 'שלום עולם' }))).toBe('rtl')
  await page.goto(server.url)
  expect(await directionOf(page.getByText('שלום עולם').first())).toBe('rtl')
})
