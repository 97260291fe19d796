import type { Page } from 'playwright-core'
import { afterAll, beforeAll, it } from 'vitest'
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
