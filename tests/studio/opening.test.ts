import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let ada: Page

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  ada = await openStudio(await browser.context(), server.url, 'Ada')
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

const soon = { timeout: 20_000, interval: 50 }
const rich = (page: Page) => page.locator('.rich-text')
const blocks = (page: Page) => rich(page).evaluate((text) => [...text.children].map(({ tagName }) => tagName))

function element(name: string, ...content: readonly (Y.XmlElement | Y.XmlText)[]): Y.XmlElement {
  const made = new Y.XmlElement(name)
  made.insert(0, [...content])
  return made
}

/** A document with these blocks, of somebody who stays in it. */
async function written(...content: readonly Y.XmlElement[]): Promise<{ bob: Replica; room: string }> {
  const room = `doc:${randomUUID()}`
  const bob = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token('bob') })
  onTestFinished(() => bob.destroy())
  bob.document.getXmlFragment('default').push([...content])
  await bob.saved()
  return { bob, room }
}

/** Where Bob's caret is in that text; whoever sees it come has drawn all that is there. */
function point(bob: Replica, text: Y.XmlText): void {
  const at = Y.createRelativePositionFromTypeIndex(text, 1)
  bob.provider.setAwarenessField('cursor', { anchor: at, head: at })
}

/** Ada's caret behind the word "last". The browser tells the editor of a key that moves it after the next one may have come. */
async function goToEnd(bob: Replica): Promise<void> {
  await rich(ada).getByText('last').click()
  await ada.keyboard.press('End')
  const at = () =>
    [...(bob.provider.awareness?.getStates().values() ?? [])].flatMap(({ cursor }) => {
      if (!cursor) return []
      const head = Y.createRelativePositionFromJSON(cursor.head)
      return [Y.createAbsolutePositionFromRelativePosition(head, bob.document)?.index]
    })
  await expect.poll(at, soon).toEqual(['last'.length])
}

async function head(room: string): Promise<unknown> {
  const answer = await fetch(`${server.url}/api/v1/rooms/${room}/entries`, {
    headers: { authorization: `Bearer ${await server.token('bob')}` },
  })
  return (await answer.json()).entries.length
}

describe('a document that ends in no paragraph', () => {
  it('[UI70] has no entry more when a writer and a reader have opened it', async () => {
    const words = new Y.XmlText('Title')
    const { bob, room } = await written(element('heading', words))
    const before = await head(room)
    expect(before).toBeGreaterThan(0)
    const context = await browser.context()
    onTestFinished(() => context.close())
    const eve = await context.newPage()
    await eve.goto(`${server.url}/d/${room}`)
    await eve.getByRole('button', { name: 'Use a token instead' }).click()
    await eve.getByLabel('Your token', { exact: true }).fill(await server.token('eve', { 'doc:*': 'read' }))
    await eve.getByRole('button', { name: 'Start writing' }).click()
    await ada.goto(`${server.url}/d/${room}`)
    point(bob, words)
    for (const page of [ada, eve]) {
      await page.locator('.collaboration-carets__label', { hasText: 'bob' }).waitFor()
      expect(await blocks(page)).toEqual(['H1'])
    }
    expect(await eve.locator('.save-long').textContent()).toBe('Read only')
    // What an editor had written would stand before this.
    await rich(ada).focus()
    await ada.keyboard.press('Control+End')
    await ada.keyboard.type('s')
    await expect.poll(() => words.toString(), soon).toBe('Titles')
    expect(bob.document.getXmlFragment('default').length).toBe(1)
    // What he sees need not be committed yet; what he has saved after it comes after it in the log.
    words.insert(0, '!')
    await bob.saved()
    expect(await head(room)).toBe(Number(before) + 2)
  })

  it.each([
    ['heading', ['Enter'], () => element('heading', new Y.XmlText('last'))],
    ['quote', ['Enter', 'Enter'], () => element('blockquote', element('paragraph', new Y.XmlText('last')))],
    [
      'list',
      ['Enter', 'Enter'],
      () => element('bulletList', element('listItem', element('paragraph', new Y.XmlText('last')))),
    ],
    ['block of code', ['ArrowDown'], () => element('codeBlock', new Y.XmlText('last'))],
    ['block of code', ['Enter', 'Enter', 'Enter'], () => element('codeBlock', new Y.XmlText('last'))],
  ] as const)('[UI70] can be written behind where it ends in a %s, by %j', async (_what, keys, make) => {
    const { bob, room } = await written(make())
    await ada.goto(`${server.url}/d/${room}`)
    await goToEnd(bob)
    for (const key of keys) await ada.keyboard.press(key)
    await ada.keyboard.type('behind')
    const last = () => bob.document.getXmlFragment('default').toArray().at(-1)?.toString()
    await expect.poll(last, soon).toBe('<paragraph>behind</paragraph>')
  })

  it('[UI70] can be written behind where it ends in a line', async () => {
    const { bob, room } = await written(
      element('paragraph', new Y.XmlText('last')),
      new Y.XmlElement('horizontalRule'),
    )
    await ada.goto(`${server.url}/d/${room}`)
    await goToEnd(bob)
    for (const key of ['ArrowDown', 'Enter']) await ada.keyboard.press(key)
    await ada.keyboard.type('behind')
    const last = () => bob.document.getXmlFragment('default').toArray().at(-1)?.toString()
    await expect.poll(last, soon).toBe('<paragraph>behind</paragraph>')
  })
})
