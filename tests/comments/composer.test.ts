import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser, type TestBrowser } from '../support/browser.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let page: Page

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  page = await (await browser.context()).newPage()
  await page.goto(server.url)
  await page.getByRole('button', { name: 'Use a token instead' }).click()
  await page.getByLabel('Your token', { exact: true }).fill(await server.token('ada', { 'doc:*': 'write' }))
  await page.getByRole('button', { name: 'Start writing' }).click()
  await page.getByRole('heading', { name: 'Documents' }).waitFor()
}, 90_000)

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

let room: string
let rooms = 0

/** A document of one line. */
async function begin(): Promise<void> {
  rooms += 1
  room = `doc:${rooms}`
  const replica = connectProvider({
    wsUrl: server.wsUrl,
    room,
    token: await server.token('ada', { 'doc:*': 'write' }),
  })
  replica.document.getMap('meta').set('editor', 'code')
  replica.document.getText('content').insert(0, 'an apple here')
  await replica.saved()
  replica.destroy()
}

/** With its comments beside it. */
async function open(): Promise<void> {
  await page.goto(`${server.url}/d/${room}`)
  await page.getByText('an apple here').waitFor()
  await page.keyboard.press('m')
}

/** As somebody else; resolves to the id. */
async function publish(type: string, payload: object, user = 'bob'): Promise<string> {
  const answer = await fetch(`${server.url}/api/v1/rooms/${room}/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await server.token(user, { 'doc:*': 'comment' })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ type, payload }),
  })
  const told = await answer.text()
  if (!answer.ok) throw new Error(told)
  return JSON.parse(told).events[0].id
}

const thread = (text: string) => page.getByRole('article', { name: /^Comment by/ }).filter({ hasText: text })

it('[COM20] a thread that was resolved opens at once, by keyboard too, while another one is looked at', async () => {
  await begin()
  const resolved = await publish('comment.created', { text: 'Done?' })
  await publish('comment.replied', { thread: resolved, text: 'Long ago.' })
  await publish('comment.resolved', { thread: resolved })
  await publish('comment.created', { text: 'Still?' })
  await open()
  await page.getByLabel(/^Show what was resolved/).check()
  for (const press of [() => thread('Done?').click(), () => thread('Done?').focus()]) {
    await thread('Still?').click()
    await thread('Still?').getByRole('button', { name: 'Resolve' }).waitFor()
    await press()
    await thread('Done?').getByText('Long ago.').waitFor()
  }
})

const button = (name: string) => page.getByRole('button', { name, exact: true })
const field = (name: string) => page.getByRole('textbox', { name, exact: true })
const ended = (name: string) => field(name).waitFor({ state: 'detached' })

/** What is done without leaving the page. */
async function goAwayAndBack(): Promise<void> {
  await page.locator('.document-bar').getByRole('link', { name: 'History' }).click()
  await page.waitForURL('**/history**')
  await page.goBack()
  await page.getByText('an apple here').waitFor()
  await page.getByRole('button', { name: /^(Comments|\d comments?)$/ }).click()
}

it('[UI75] a reply stays while one looks elsewhere, and where somebody else resolves its thread', async () => {
  await begin()
  const asked = await publish('comment.created', { text: 'Which?' })
  await publish('comment.replied', { thread: asked, text: 'This one' }, 'ada')
  await publish('comment.created', { text: 'Another' })
  await open()
  await thread('Which?').click()
  await button('Reply').click()
  await field('Reply').fill('As it says: ')
  // To quote, and to look something up.
  await page.getByText('an apple here').click()
  expect(await field('Reply').inputValue()).toBe('As it says: ')
  await thread('Another').click()
  expect(await field('Reply').inputValue()).toBe('As it says: ')
  // So does what one of one's own is changed to.
  await thread('Which?').click()
  await button('More about this comment').click()
  await page.getByRole('menuitem', { name: 'Edit' }).click()
  await field('Edit the comment').fill('That one')
  await thread('Another').click()
  await goAwayAndBack()
  expect(await field('Reply').inputValue()).toBe('As it says: ')
  expect(await field('Edit the comment').inputValue()).toBe('That one')
  await publish('comment.resolved', { thread: asked })
  await page.getByRole('region', { name: 'Resolved' }).waitFor()
  expect(await field('Reply').inputValue()).toBe('As it says: ')

  // What is sent, and what is given up, is not kept.
  await field('Edit the comment').press('Control+Enter')
  await thread('Which?').getByText('That one').waitFor()
  await field('Reply').press('Escape')
  await ended('Reply')
  await goAwayAndBack()
  await page.getByLabel(/^Show what was resolved/).check()
  await thread('Which?').click()
  await thread('Which?').getByRole('button', { name: 'Open again' }).waitFor()
  expect(await field('Reply').count()).toBe(0)
  expect(await field('Edit the comment').count()).toBe(0)
})

it('[UI75] a comment that is begun stays, with what it is about, whatever closes the comments', async () => {
  await begin()
  await open()
  await page.getByText('an apple here').dblclick({ position: { x: 40, y: 8 } })
  await button('Comment on the selection').click()
  const written = async () => {
    await page.locator('blockquote').filter({ hasText: 'apple' }).waitFor()
    expect(await field('Write a comment').inputValue()).toBe('Or a pear?')
  }
  await field('Write a comment').fill('Or a pear?')
  await button('Close the comments').click()
  await ended('Write a comment')
  await button('Comments').click()
  await written()
  await button('Chat about this document').click()
  await ended('Write a comment')
  await button('Comments').click()
  await written()
  // A tablet that is turned, and what closes the sheet there.
  await page.setViewportSize({ width: 600, height: 900 })
  const sheet = page.getByRole('dialog', { name: 'Comments' })
  await sheet.waitFor()
  await written()
  await sheet.getByRole('button', { name: 'Close' }).click()
  await sheet.waitFor({ state: 'detached' })
  await button('Comments').click()
  await written()
  await page.setViewportSize({ width: 1280, height: 800 })
  await sheet.waitFor({ state: 'detached' })
  await written()
  await goAwayAndBack()
  await written()
  await field('Write a comment').press('Control+Enter')
  await thread('Or a pear?').waitFor()
  await page.locator('.syncline-comment').filter({ hasText: 'apple' }).waitFor()
  expect(await field('Write a comment').count()).toBe(0)
})

it('[UI75] an Escape that is for an input method gives up no comment', async () => {
  await begin()
  await publish('comment.created', { text: 'Which?' })
  await open()
  await thread('Which?').click()
  await button('Reply').click()
  const keys = await page.context().newCDPSession(page)
  await field('Reply').pressSequentially('To ')
  await keys.send('Input.imeSetComposition', { text: 'にほん', selectionStart: 3, selectionEnd: 3 })
  await field('Reply').evaluate((element) =>
    element.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, isComposing: true })),
  )
  await keys.send('Input.insertText', { text: '日本' })
  expect(await field('Reply').inputValue()).toBe('To 日本')
})
