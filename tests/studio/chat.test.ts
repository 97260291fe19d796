import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_EVENT_BYTES } from '../../server/protocol.ts'
import { axe } from '../support/axe.ts'
import { createDocument, launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let ada: Page
/** Another tab of hers, on another page. */
let adasOther: Page
let bob: Page

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  const [adas, bobs] = await Promise.all([browser.context(), browser.context()])
  ;[ada, bob] = await Promise.all([openStudio(adas, server.url, 'Ada'), openStudio(bobs, server.url, 'Bob')])
  adasOther = await adas.newPage()
  await adasOther.goto(server.url)
}, 90_000)

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

const places = (page: Page) => page.getByRole('navigation', { name: 'Main' })
const field = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true })
const messages = (page: Page) => page.getByRole('log', { name: 'Messages' })
const message = (page: Page, text: string) =>
  messages(page)
    .getByRole('article')
    .filter({ has: page.locator('.message-text', { hasText: text }) })

async function say(page: Page, text: string): Promise<void> {
  await field(page).fill(text)
  await field(page).press('Enter')
}

describe('two people and two tabs', () => {
  it('[CHAT13] [CHAT15] talk in a group, and see in each tab what is unread', async () => {
    const id = await bob.evaluate(() => JSON.parse(localStorage.getItem('syncline.person') ?? '{}').id)
    await places(ada).getByRole('link', { name: 'Chat' }).click()
    await ada.getByRole('button', { name: 'New chat' }).click()
    await ada.getByRole('combobox', { name: 'With whom' }).fill(id)
    await ada.keyboard.press('Enter')
    await ada.getByRole('textbox', { name: 'Title' }).fill('Plan')
    await ada.getByRole('button', { name: 'Create the group' }).click()
    // It is asked first whether that is meant: the id is of nobody whom she has met.
    await ada.getByRole('alert').getByText(`Nobody of this name is known: ${id}`).waitFor()
    await ada.getByRole('button', { name: 'Go on anyway' }).click()
    await say(ada, 'Hello <b>Bob</b>, see https://example.org')
    await message(ada, 'Hello <b>Bob</b>').waitFor()

    await places(bob).getByRole('link', { name: 'Chat 1 unread' }).click()
    await bob.getByRole('link', { name: /^Plan/ }).click()
    await message(bob, 'Hello <b>Bob</b>').getByRole('link', { name: 'https://example.org' }).waitFor()
    await places(bob).getByRole('link', { name: 'Chat', exact: true }).waitFor()
    await message(ada, 'Hello').getByRole('img', { name: 'Read by Bob' }).waitFor()

    // Elsewhere in the studio she learns of it, and, once she has read it in one tab, in the other too.
    await places(ada).getByRole('link', { name: 'Documents' }).click()
    await field(bob).pressSequentially('Hi @a')
    await bob.getByRole('option', { name: 'Ada' }).waitFor()
    await field(bob).press('Enter')
    await field(bob).press('Enter')
    for (const tab of [ada, adasOther])
      await places(tab).getByRole('link', { name: 'Chat 1 unread' }).waitFor()
    await ada.goBack()
    await message(ada, 'Hi @Ada').waitFor()
    await messages(ada).getByText('New', { exact: true }).waitFor()
    for (const tab of [ada, adasOther])
      await places(tab).getByRole('link', { name: 'Chat', exact: true }).waitFor()
  })

  it('[CHAT12] answer, react, edit and delete', async () => {
    await message(ada, 'Hi @Ada').hover()
    await message(ada, 'Hi @Ada').getByRole('button', { name: 'React' }).click()
    await ada.getByRole('menuitem', { name: 'React with 🎉' }).click()
    await message(bob, 'Hi @Ada').getByRole('button', { name: '🎉 1, by Ada' }).waitFor()
    await message(ada, 'Hi @Ada').getByRole('button', { name: 'Reply' }).click()
    await field(ada).pressSequentially('You are')
    await bob.getByText('Ada is typing').waitFor()
    await say(ada, 'You are welcome')
    await message(bob, 'You are welcome').getByRole('button', { name: 'Bob Hi @Ada' }).waitFor()
    // What one said last is edited with the arrow, once it is said.
    const lastSaid = async () => {
      await field(ada).press('ArrowUp')
      return field(ada).inputValue()
    }
    await expect.poll(lastSaid).toBe('You are welcome')
    await say(ada, 'You are very welcome')
    await message(bob, 'You are very welcome').getByText('edited').waitFor()
    expect(await axe(ada)).toEqual([])
    await message(ada, 'very welcome').hover()
    await message(ada, 'very welcome').getByRole('button', { name: 'More' }).click()
    await ada.getByRole('menuitem', { name: 'Delete' }).click()
    await ada.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await messages(bob).getByText('This message was deleted').waitFor()
    expect(await messages(bob).textContent()).not.toContain('welcome')
  })

  it('[CHAT10] find what was said, also on a phone', async () => {
    await bob.setViewportSize({ width: 390, height: 780 })
    await bob.getByRole('link', { name: 'Back to the chats' }).click()
    await bob.getByRole('textbox', { name: 'Search your messages' }).fill('hello')
    const found = bob.getByRole('list', { name: 'Messages found' })
    await found.getByText('Hello', { exact: true }).waitFor()
    expect(await axe(bob)).toEqual([])
    await found.getByRole('link').click()
    await message(bob, 'Hi @Ada').waitFor()
    expect(await bob.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  })

  it('[CHAT14] talk about a document beside it', async () => {
    const path = await createDocument(ada, 'Talked about', 'Rich text')
    await ada.getByRole('button', { name: 'Chat about this document' }).click()
    await say(ada, 'What do you think?')
    await bob.setViewportSize({ width: 1280, height: 800 })
    await bob.goto(server.url + path)
    await bob.getByRole('button', { name: 'Chat about this document, 1 unread' }).click()
    await message(bob, 'What do you think?').waitFor()
    await say(bob, 'Fine!')
    await message(ada, 'Fine!').waitFor()
    // What was not sent stays, whatever closes the chat; Escape closes only the names that are offered.
    await field(ada).pressSequentially('Not yet @b')
    await ada.getByRole('option', { name: 'Bob' }).waitFor()
    await field(ada).press('Escape')
    await ada.getByRole('option', { name: 'Bob' }).waitFor({ state: 'detached' })
    await ada.getByRole('button', { name: 'Close the chat' }).click()
    await ada.getByRole('button', { name: 'Chat about this document' }).click()
    expect(await field(ada).inputValue()).toBe('Not yet @b')
  })

  it('[UI75] what a message is changed to and is refused stands there to be changed again', async () => {
    await field(ada).fill('')
    await field(ada).press('ArrowUp')
    expect(await field(ada).inputValue()).toBe('What do you think?')
    const tooLong = 'x'.repeat(MAX_EVENT_BYTES)
    await say(ada, tooLong)
    await ada.getByText('It could not be changed').waitFor()
    await ada.getByText('Editing your message').waitFor()
    expect((await field(ada).inputValue()).length).toBe(tooLong.length)
    // Given up, it is as it was.
    await field(ada).press('Escape')
    expect(await field(ada).inputValue()).toBe('')
    await field(ada).press('ArrowUp')
    expect(await field(ada).inputValue()).toBe('What do you think?')
  })

  it('[CHAT16] a message that an application gave links keeps them when its words are changed', async () => {
    const id = await ada.evaluate(() => JSON.parse(localStorage.getItem('syncline.person') ?? '{}').id)
    const room = new URL(ada.url()).pathname.replace('/d/', '')
    const payload = { text: 'Look', links: [{ url: 'https://example.org/plan', title: 'The plan' }] }
    const sent = await fetch(`${server.url}/api/v1/rooms/${room}/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await server.token(id)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'chat.message', payload }),
    })
    expect(sent.status).toBe(200)
    await message(ada, 'Look').getByRole('link', { name: 'The plan' }).waitFor()
    await field(ada).press('Escape')
    await field(ada).press('ArrowUp')
    expect(await field(ada).inputValue()).toBe('Look')
    await say(ada, 'Look here')
    await message(bob, 'Look here').getByRole('link', { name: 'The plan' }).waitFor()
  })
})
