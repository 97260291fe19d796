import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { ERRORS, type ErrorCode } from '../../server/errors.ts'
import { axe } from '../support/axe.ts'
import { launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let page: Page

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  page = await openStudio(await browser.context(), server.url, 'Cleo')
}, 90_000)

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

const soon = { timeout: 20_000, interval: 50 }

const join = async (room: string, user: string): Promise<Replica> => {
  const replica = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token(user) })
  await replica.synced()
  return replica
}

/** Each edit by somebody, committed before the next: entry after entry of the room's log. */
async function write(
  room: string,
  ...edits: readonly (readonly [user: string, edit: (doc: Y.Doc) => void])[]
): Promise<void> {
  for (const [user, edit] of edits) {
    const replica = await join(room, user)
    replica.document.transact(() => edit(replica.document))
    await replica.saved()
    replica.destroy()
  }
}

const paragraph = (text: string): Y.XmlElement => {
  const element = new Y.XmlElement('paragraph')
  element.insert(0, [new Y.XmlText(text)])
  return element
}

const paragraphText = (doc: Y.Doc, index: number): Y.XmlText =>
  (doc.getXmlFragment('default').get(index) as Y.XmlElement).get(0) as Y.XmlText

/** A letter of Ada's that Bob changes: 1 Ada's, 2 a word goes, 3 one comes, 4 a paragraph goes, 5 one is bold. */
const writeLetter = (room: string) =>
  write(
    room,
    [
      'ada',
      (doc) => {
        doc.getMap('meta').set('editor', 'rich')
        doc.getMap('meta').set('title', 'Letter')
        doc
          .getXmlFragment('default')
          .insert(0, [paragraph('Dear old friend'), paragraph('The plan is secret.'), paragraph('Goodbye')])
      },
    ],
    ['bob', (doc) => paragraphText(doc, 0).delete(5, 4)],
    ['bob', (doc) => paragraphText(doc, 0).insert(5, 'new ')],
    ['bob', (doc) => doc.getXmlFragment('default').delete(1, 1)],
    ['bob', (doc) => paragraphText(doc, 1).format(0, 4, { bold: {} })],
  )

const CODE = 'one\ntwo\nthree\n'

const writeCode = (room: string) =>
  write(
    room,
    [
      'ada',
      (doc) => {
        doc.getMap('meta').set('editor', 'code')
        doc.getMap('meta').set('title', 'Code')
        doc.getText('content').insert(0, CODE)
      },
    ],
    ['bob', (doc) => doc.getText('content').delete(4, 4)],
    ['bob', (doc) => doc.getText('content').insert(4, 'zwei\ndrei\n')],
    ['ada', (doc) => doc.getMap('meta').set('title', 'Numbers')],
  )

const past = (room: string, search: string) => `${server.url}/documents/${room}/history?${search}`
const text = async (room: string): Promise<string> => {
  const response = await fetch(`${server.url}/api/v1/rooms/${room}/content?format=text`, {
    headers: { authorization: `Bearer ${await server.token('reader', { 'doc:*': 'read' })}` },
  })
  return response.text()
}
const words = async (page: Page, selector: string) =>
  (await page.locator(selector).allTextContents()).map((found) => found.replaceAll('\u00a0', ' '))

describe('comparing', () => {
  it('[UI30] shows in rich text what came, what went and what is marked otherwise, and by whom', async () => {
    await writeLetter('doc:letter')
    await page.goto(past('doc:letter', 'from=1&to=5'))
    await page.locator('.runs-rich').waitFor()
    expect(await words(page, '.runs-rich ins')).toEqual(['new '])
    expect(await words(page, '.runs-rich p:not(.block-deleted) del')).toEqual(['old '])
    expect(await words(page, '.runs-rich p.block-deleted')).toEqual(['Removed: The plan is secret.'])
    expect(await words(page, '.runs-rich .run-changed')).toEqual(['Goodbold added'])
    // Lines and signs, and not the colour alone.
    const line = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => [
          getComputedStyle(element).textDecorationLine,
          getComputedStyle(element, '::before').content,
        ])
    expect(await line('.runs-rich ins')).toEqual(['underline', '"+" / ""'])
    expect(await line('.runs-rich del')).toEqual(['line-through', '"−" / ""'])
    await page.getByText('4 changes').waitFor()
    const seen: string[] = []
    for (let i = 0; i < 4; i += 1) {
      await page.locator('body').press('n')
      await page.getByText(`${i + 1} of 4 · bob`).waitFor()
      seen.push((await page.locator('.change-words').textContent()) ?? '')
    }
    expect(seen.join('\n')).toMatch(/(?=.*Removed: old)(?=.*Added: new)/s)
    expect(seen.join('\n')).toMatch(/(?=.*Removed: The plan is secret)(?=.*Changed: Good \(bold added\))/s)
    await page.locator('.runs-rich ins').hover()
    await page.getByRole('tooltip').getByText('Added by bob').waitFor()
  })

  it('[UI30] shows code in one or side by side, line beside line, and data as a tree', async () => {
    await writeCode('doc:code')
    await page.goto(past('doc:code', 'from=1&to=4'))
    await expect.poll(() => words(page, '.monaco-editor .run-inserted'), soon).toEqual(['zwei', 'drei'])
    // What was deleted stands between lines, where Monaco draws it a frame later.
    await expect.poll(() => words(page, '.monaco-editor .run-deleted'), soon).toEqual(['two'])
    expect(await words(page, '.tree-changed')).toEqual(['~Changed: title “Code” “Numbers”'])
    await page.getByText('Side by side').click()
    const lines = async (side: string, word: string) =>
      page
        .locator(`[data-side="${side}"] .view-line`, { hasText: word })
        .evaluate((line) => line.getBoundingClientRect().top)
    await expect.poll(() => words(page, '[data-side="before"] .run-deleted'), soon).toEqual(['two'])
    await expect.poll(() => words(page, '[data-side="after"] .run-inserted'), soon).toEqual(['zwei', 'drei'])
    const apart = async () => (await lines('before', 'three')) - (await lines('after', 'three'))
    await expect.poll(apart, soon).toBe(0)
  })

  it('[UI31] has a handle for each side, also by keyboard, and the address says where they are', async () => {
    await page.goto(past('doc:letter', 'from=1&to=5'))
    // Until it is known how far the room goes, there is nowhere to go.
    await page.locator('.runs-rich .run-changed').first().waitFor()
    const newer = page.getByRole('slider', { name: 'Newer position' })
    await newer.focus()
    await newer.press('ArrowLeft')
    await page.waitForURL('**from=1&to=4')
    await expect.poll(() => page.locator('.runs-rich .run-changed').count(), soon).toBe(0)
    await page.getByRole('button', { name: 'Swap' }).click()
    await page.waitForURL('**from=4&to=1')
    await expect.poll(() => words(page, '.runs-rich ins'), soon).toContain('old ')
  })

  it('[UI32] reverts one change, after a preview, and everybody has it', async () => {
    await writeLetter('doc:revert')
    const live = await join('doc:revert', 'ada')
    await page.goto(past('doc:revert', 'from=1&to=5'))
    await page.locator('.runs-rich p.block-deleted').click()
    await page.getByRole('button', { name: 'Revert this change' }).click()
    const dialog = page.getByRole('dialog', { name: 'Revert this change' })
    await dialog.getByText('This would be changed').waitFor()
    await expect.poll(() => dialog.locator('p.block-inserted').textContent(), soon).toContain('The plan')
    expect(live.document.getXmlFragment('default').toString()).not.toContain('secret')
    await dialog.getByRole('button', { name: 'Restore' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await expect
      .poll(() => live.document.getXmlFragment('default').toString(), soon)
      .toMatch(/Dear new friend.*The plan is secret\..*Goodbye|Dear new friend.*secret.*bye/)
    live.destroy()
  })
})

describe('restoring', () => {
  it('[UI33] shows beforehand what will be, keeps what is typed meanwhile, and leads to the version before', async () => {
    await writeCode('doc:restore')
    const live = await join('doc:restore', 'ada')
    await page.goto(past('doc:restore', 'at=1&panel=restore'))
    await page.getByRole('button', { name: 'Restore this version…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Restore this version' })
    await expect.poll(() => words(page, '[role="dialog"] .run-inserted'), soon).toContain('two')
    // Whoever types without having heard of it yet, types at the same time.
    live.provider.configuration.websocketProvider.disconnect()
    live.document.getText('content').insert(0, 'typed meanwhile\n')
    await dialog.getByRole('button', { name: 'Restore' }).click()
    await dialog.waitFor({ state: 'hidden' })
    // It goes by itself.
    await page.getByRole('link', { name: 'See the version before' }).click()
    await page.waitForURL('**at=4**')
    await live.provider.configuration.websocketProvider.connect()
    await expect
      .poll(() => live.document.getText('content').toString(), soon)
      .toBe(`typed meanwhile\n${CODE}`)
    live.destroy()
  })

  it('[UI33] says that it may have been done where no answer says otherwise, and else that nothing was changed', async () => {
    await writeCode('doc:unsure')
    await page.goto(past('doc:unsure', 'at=1&panel=restore'))
    await page.getByRole('button', { name: 'Restore this version…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Restore this version' })
    const refusedWith = async (code: ErrorCode): Promise<string | null> => {
      const { status, reason } = ERRORS[code]
      await page.unrouteAll()
      await page.route('**/restore', (route) =>
        route.request().postDataJSON().preview === true
          ? route.continue()
          : route.fulfill({ status, json: { error: { code, message: reason } } }),
      )
      await dialog.getByRole('button', { name: 'Restore' }).click()
      await dialog.getByText(reason).waitFor()
      return dialog.getByRole('alert').textContent()
    }
    const unsure = 'It may have been done; look before you try again.'
    for (const code of ['storage-unavailable', 'internal', 'shutting-down', 'request-abandoned'] as const)
      expect(await refusedWith(code)).toBe(`${ERRORS[code].reason}. ${unsure}`)
    for (const code of ['forbidden', 'document-too-large', 'rate-limited'] as const)
      expect(await refusedWith(code)).toBe(`${ERRORS[code].reason}. Nothing was changed.`)
    await page.unrouteAll()
  })

  it('[UI33] undoes one person’s work, and restores one block', async () => {
    await writeLetter('doc:person')
    await page.goto(past('doc:person', 'at=1&panel=restore'))
    await page.getByText('Removed since: The plan is secret.').waitFor()
    await page.locator('.block-list li', { hasText: 'secret' }).getByRole('button').click()
    const block = page.getByRole('dialog', { name: 'Restore this block' })
    await block.getByRole('button', { name: 'Restore' }).click()
    await block.waitFor({ state: 'hidden' })
    await expect.poll(() => text('doc:person'), soon).toContain('The plan is secret.')
    expect(await text('doc:person')).toContain('Dear new friend')
    await page.locator('form').getByLabel('Person', { exact: true }).selectOption('bob')
    await page.getByRole('button', { name: 'Preview…' }).click()
    const person = page.getByRole('dialog', { name: 'Undo one person’s work' })
    await person.getByRole('button', { name: 'Restore' }).click()
    await person.waitFor({ state: 'hidden' })
    await expect.poll(() => text('doc:person'), soon).toContain('Dear old friend')
  })

  it('[UI34] finds deleted text, says who took it and when, shows where, and brings it back', async () => {
    await writeLetter('doc:gone')
    await page.goto(past('doc:gone', 'panel=deleted'))
    await page.getByLabel('What did it say?').fill('plan is SECRET')
    const found = page.locator('.deleted-list li')
    await expect.poll(() => found.count(), soon).toBe(1)
    await found.getByText(/Taken by bob, .*Written by ada\./).waitFor()
    await found.getByRole('button', { name: 'Show where' }).click()
    await page.waitForURL('**from=3&to=4')
    await expect.poll(() => words(page, '.runs-rich p.block-deleted'), soon).toHaveLength(1)
    await found.getByRole('button', { name: 'Bring back' }).click()
    const dialog = page.getByRole('dialog', { name: 'Bring it back' })
    await dialog.getByRole('button', { name: 'Restore' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await expect.poll(() => text('doc:gone'), soon).toContain('The plan is secret.')
  })

  it('[UI35] says of each character who wrote it and when', async () => {
    await page.goto(past('doc:letter', 'at=3&panel=blame'))
    await page.locator('.run-blame', { hasText: 'new' }).hover()
    await page.getByRole('tooltip').getByText('Written by bob').waitFor()
    await page.locator('.run-blame', { hasText: 'friend' }).click()
    await page.locator('.change-words').getByText('Written by ada').waitFor()
    await page.goto(past('doc:code', 'panel=blame'))
    await page.locator('.monaco-editor .run-blame', { hasText: 'zwei' }).hover()
    await page.getByRole('tooltip').getByText('Written by bob').waitFor()
  })

  it('[UI36] offers nothing of it to who may not write', async () => {
    const eve = await (await browser.context()).newPage()
    await eve.goto(past('doc:letter', 'from=1&to=5&panel=restore'))
    await eve.getByRole('button', { name: 'Use a token instead' }).click()
    await eve.getByLabel('Your token', { exact: true }).fill(await server.token('eve', { 'doc:*': 'read' }))
    await eve.getByRole('button', { name: 'Start writing' }).click()
    await eve.getByText('The past is for those who may write here').waitFor()
    expect(await eve.getByRole('button', { name: /Restore|Revert/ }).count()).toBe(0)
    await eve.context().close()
  })
})

describe('for everybody', () => {
  it.each([
    { scheme: 'light', width: 1440, height: 900 },
    { scheme: 'dark', width: 390, height: 844 },
  ] as const)(
    '[UI2] axe finds nothing serious: $scheme, $width pixels',
    async ({ scheme, width, height }) => {
      await page.emulateMedia({ colorScheme: scheme })
      await page.setViewportSize({ width, height })
      const views = {
        'doc:letter compare': ['doc:letter', 'from=1&to=5', '.runs-rich'],
        'doc:code compare': ['doc:code', 'from=1&to=4', '.monaco-editor .run-inserted'],
        blame: ['doc:letter', 'at=3&panel=blame', '.run-blame'],
        deleted: ['doc:letter', 'panel=deleted', '.deleted-list li'],
        restore: ['doc:letter', 'at=1&panel=restore', '.block-list li'],
      } as const
      for (const [name, [room, search, shown]] of Object.entries(views)) {
        await page.goto(past(room, search))
        await page.locator(shown).first().waitFor()
        expect(await axe(page), name).toEqual([])
        await picture(`${name.replaceAll(/[^a-z]+/g, '-')}-${scheme}-${width}`)
        expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(
          width,
        )
      }
      await page.getByRole('button', { name: 'Restore this version…' }).click()
      await page.locator('[role="dialog"] .run-inserted').first().waitFor()
      expect(await axe(page), 'dialog').toEqual([])
      await picture(`dialog-${scheme}-${width}`)
    },
  )
})

const picture = (name: string) =>
  process.env.PICTURES && page.screenshot({ path: `${process.env.PICTURES}/${name}.png` })
