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

async function join(room: string, id: string, right: 'read' | 'write'): Promise<Replica> {
  const token = await server.token(id, { 'doc:*': right })
  const replica = connectProvider({ wsUrl: server.wsUrl, room, token })
  onTestFinished(() => replica.destroy())
  await replica.synced()
  return replica
}

/** What may stand where a caret would, with `at` for a position that is one. */
const carets = (at: unknown, elsewhere: unknown): readonly unknown[] => [
  { x: 17, y: 4 },
  7,
  'here',
  true,
  [],
  {},
  { anchor: at },
  { head: at },
  { anchor: at, head: null },
  { anchor: at, head: {} },
  { anchor: at, head: 'x'.repeat(4000) },
  { anchor: at, head: elsewhere },
  { anchor: at, head: { tname: 'meta' } },
  { anchor: at, head: { tname: 'nothing of that name' } },
  { anchor: at, head: { tname: 7 } },
  { anchor: at, head: { item: 'x' } },
  { anchor: at, head: { item: { client: 1, clock: 1e300 } } },
  { anchor: at, head: { item: { client: 'x' } } },
  { anchor: at, head: { type: { client: -1, clock: -1 } } },
]

describe('what is said of carets that are none', () => {
  it('[UI69] in rich text: what others write comes, and stays when the next key is typed', async () => {
    const room = `doc:${randomUUID()}`
    const bob = await join(room, 'bob', 'write')
    const text = new Y.XmlText('Words:')
    bob.document.transact(() => {
      const paragraph = new Y.XmlElement('paragraph')
      paragraph.insert(0, [text])
      bob.document.getXmlFragment('default').push([paragraph])
      bob.document.getText('notes').insert(0, 'elsewhere')
    })
    await bob.saved()
    const eve = await join(room, 'eve', 'read')
    await ada.goto(`${server.url}/d/${room}`)
    const rich = ada.locator('.rich-text')
    await rich.getByText('Words:').click()
    const inText = Y.createRelativePositionFromTypeIndex(text, 2)
    const elsewhere = Y.createRelativePositionFromTypeIndex(bob.document.getText('notes'), 2)
    const { item } = inText
    const clock = item?.clock ?? 0
    const all = [
      ...carets(inText, elsewhere),
      { anchor: inText, head: { item: { client: item?.client, clock: clock + 0.5 } } },
      { anchor: inText, head: { item: { client: item?.client, clock: -1 } } },
      { anchor: inText, head: { ...inText, assoc: {} } },
    ]
    const typing = ada.getByText('eve is typing')
    for (const [number, cursor] of all.entries()) {
      eve.provider.setAwarenessField('cursor', cursor)
      // In the same state, and shown once that has come.
      eve.provider.setAwarenessField('typing', true)
      await typing.waitFor()
      text.insert(text.length, ` ${number}`)
      await expect.poll(() => rich.textContent(), soon).toContain(text.toString())
      eve.provider.setAwarenessField('typing', false)
      await typing.waitFor({ state: 'detached' })
    }
    await ada.keyboard.press('Control+End')
    await ada.keyboard.type(' and Ada')
    await expect.poll(() => text.toString(), soon).toContain('and Ada')
    for (const number of all.keys()) expect(text.toString()).toContain(` ${number}`)
    // Negative control: one that is a caret is drawn.
    eve.provider.setAwarenessField('cursor', { anchor: inText, head: inText })
    await ada.locator('.collaboration-carets__label', { hasText: 'eve' }).waitFor()
  })
})
