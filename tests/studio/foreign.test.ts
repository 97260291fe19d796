import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let page: Page

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  page = await openStudio(await browser.context(), server.url, 'Ada')
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

const soon = { timeout: 20_000, interval: 50 }
const rich = () => page.locator('.rich-text')
const told = (name: string) => page.getByText(`Another application wrote “${name}”`)

/** An application with an editor of its own, which has more than the studio's, and a document of one paragraph. */
async function application() {
  const room = `doc:${randomUUID()}`
  const replica = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token('app') })
  onTestFinished(() => replica.destroy())
  const fragment = replica.document.getXmlFragment('default')
  const words = new Y.XmlText('plain highlighted words')
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [words])
  fragment.insert(0, [paragraph])
  await replica.saved()
  return {
    path: `${server.url}/d/${room}`,
    words,
    fragment,
    says: () => fragment.toString(),
    highlight: (value: object | null) => words.format(6, 11, { highlight: value }),
    addImage: () => {
      const image = new Y.XmlElement('image')
      image.setAttribute('src', 'x.png')
      fragment.insert(1, [image])
    },
    saved: () => replica.saved(),
    /** What this page wrote before, it has sent before. */
    hasTitle: async (title: string) => {
      await page.getByLabel('Title').fill(title)
      await expect.poll(() => replica.document.getMap('meta').get('title'), soon).toBe(title)
    },
  }
}

describe('a document of an application whose editor has more than the studio’s', () => {
  it('[UI71] keeps it all when it is opened', async () => {
    const app = await application()
    app.highlight({ color: 'red' })
    app.addImage()
    await app.saved()
    const before = app.says()
    await page.goto(app.path)
    await told('highlight').waitFor()
    await page.getByRole('link', { name: 'Show the history' }).waitFor()
    await app.hasTitle('Opened')
    expect(await rich().count()).toBe(0)
    expect(app.says()).toBe(before)
  })

  it('[UI71] keeps what comes while it is open, and is edited again once that is gone', async () => {
    const app = await application()
    await page.goto(app.path)
    await rich().getByText('plain').click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type(', typed')
    await expect.poll(app.says, soon).toContain('words, typed')
    for (const write of [() => app.highlight({ color: 'red' }), app.addImage]) write()
    const before = app.says()
    await told('highlight').waitFor()
    await page.keyboard.type('xxx')
    await app.hasTitle('While it was open')
    expect(app.says()).toBe(before)
    app.highlight(null)
    await told('image').waitFor()
    app.fragment.delete(1, 1)
    await rich().getByText('plain').click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type(' again')
    await expect.poll(app.says, soon).toBe('<paragraph>plain highlighted words, typed again</paragraph>')
  })

  it('[UI71] keeps it while somebody types', async () => {
    const app = await application()
    await page.goto(app.path)
    await rich().getByText('plain').click()
    await page.keyboard.press('Control+End')
    // In the very moment: the image comes between two keys, of which none is pressed after it was shown.
    const typing = page.keyboard.type(' xxxxx'.repeat(30))
    await expect.poll(app.says, soon).toContain('xxxxx')
    app.addImage()
    await told('image').waitFor()
    await typing
    await app.hasTitle('Typed')
    expect(app.says()).toMatch(/<image src="x\.png"><\/image>$/)
    expect(app.says()).toContain('plain highlighted words xxxxx')
  })
})
