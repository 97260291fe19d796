import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Role } from '../../server/protocol.ts'
import { launchBrowser, type TestBrowser } from '../support/browser.ts'
import { scriptOf, servePage } from '../support/page-script.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let script: string

beforeAll(async () => {
  server = await startServer()
  browser = await launchBrowser()
  script = await scriptOf(new URL('./page.ts', import.meta.url))
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

/** Somebody's device, whose pages of the server's origin hold nothing but the client. */
const device = async (): Promise<BrowserContext> => {
  const context = await browser.context()
  await servePage(context, `${server.url}/page`, script)
  return context
}

const visit = async (
  context: BrowserContext,
  room: string,
  user = 'ada',
  role: Role = 'write',
): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(`${server.url}/page`)
  const token = await server.token(user, { '*:*': role })
  await page.evaluate(
    ([url = '', given = '', name = '', id = '']) => {
      window.here = window.open_(url, given, name, id)
    },
    [server.url, token, room, user],
  )
  return page
}

const unsent = (page: Page, count: number) =>
  page.waitForFunction((wanted) => window.here.state().unsent === wanted, count)
const online = (page: Page) => page.waitForFunction(() => window.here.state().status === 'online')
const goOffline = async (context: BrowserContext, page: Page) => {
  await context.setOffline(true)
  await page.waitForFunction(() => window.here.state().status === 'offline')
}
/** What is published is shown while it is being put away, which a page that is closed does not finish; another one finds what was. */
const putAway = async (context: BrowserContext, room: string, count: number) => {
  const page = await visit(context, room)
  await unsent(page, count)
  await page.close()
}
/** Reads what is said in its room, kept up to date from then on. */
const said = (page: Page, wanted: readonly string[]) =>
  page.waitForFunction((all) => window.here.said().join() === all, wanted.join())
const shares = (page: Page, count: number) => page.evaluate((all) => window.here.shares(all), count)

describe('events published in a browser', { timeout: 90_000 }, () => {
  it('[EVT46] wait offline over a closed tab, and are sent on return: once, in order, with all other tabs’', async () => {
    const context = await device()
    const page = await visit(context, 'build:outbox')
    await page.evaluate(() => window.here.publish(0))
    await goOffline(context, page)
    await page.evaluate(() => window.here.publishAll([0.1, 0.2, 0.3]))
    await unsent(page, 3)
    const second = await visit(context, 'build:outbox')
    await unsent(second, 3)
    await second.evaluate(() => window.here.publishAll([0.4]))
    await unsent(page, 4)
    await page.close()

    const again = await visit(context, 'build:outbox')
    await unsent(again, 4)
    await again.evaluate(() => window.here.publishAll([0.5, 2]))
    await again.evaluate(() => {
      window.refused = window.here.refused()
    })
    await unsent(second, 6)
    await context.setOffline(false)
    await Promise.all([unsent(again, 0), unsent(second, 0)])
    expect(await again.evaluate(() => window.refused)).toEqual(['event-invalid'])
    const reader = await visit(await device(), 'build:outbox')
    expect(await shares(reader, 6)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    await reader.evaluate(() => window.here.publish(1))
    expect(await shares(reader, 7)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 1])
  })

  it('[EVT46] settle in the tab that published them, whichever tab sends them', async () => {
    const context = await device()
    const [one, two] = [await visit(context, 'build:tabs'), await visit(context, 'build:tabs')]
    await Promise.all([online(one), online(two)])
    const seqs = await Promise.all(
      [one, two, one, two].map((page) =>
        page.evaluate(async () => {
          const published = Array.from({ length: 50 }, () => window.here.publish(0.5))
          return (await Promise.all(published)).map(({ seq }) => seq)
        }),
      ),
    )
    expect(new Set(seqs.flat()).size).toBe(200)
    for (const own of seqs) expect(own).toEqual([...own].sort((a, b) => a - b))
  })

  it('[EVT46] are not published as somebody else who uses this device after them', async () => {
    const context = await device()
    const ada = await visit(context, 'build:whose')
    await online(ada)
    await goOffline(context, ada)
    await ada.evaluate(() => window.here.publishAll([0.1]))
    await putAway(context, 'build:whose', 1)
    await ada.close()
    await context.setOffline(false)
    const eve = await visit(context, 'build:whose', 'eve')
    await eve.evaluate(() => window.here.publish(0.2))
    await unsent(eve, 0)
    expect(await shares(eve, 1)).toEqual([0.2])
    await eve.close()
    const back = await visit(context, 'build:whose')
    expect(await shares(back, 2)).toEqual([0.2, 0.1])
    await unsent(back, 0)
  })

  it('[CHAT12] [EVT46] are shown as waiting after a reload, and are sent where their room is not open', async () => {
    const context = await device()
    const page = await visit(context, 'doc:talked')
    await online(page)
    await said(page, [])
    await goOffline(context, page)
    await page.evaluate(() => window.here.say('one'))
    await said(page, ['waiting: one'])
    await putAway(context, 'doc:talked', 1)
    await page.close()

    const again = await visit(context, 'doc:talked')
    await said(again, ['waiting: one'])
    await again.evaluate(() => window.here.say('two'))
    await said(again, ['waiting: one', 'waiting: two'])
    await putAway(context, 'doc:talked', 2)
    await again.close()

    await context.setOffline(false)
    const elsewhere = await visit(context, 'doc:elsewhere')
    const reader = await visit(await device(), 'doc:talked', 'bob')
    await said(reader, ['sent: one', 'sent: two'])
    expect(await elsewhere.evaluate(() => window.here.state().unsent)).toBe(0)
  })

  it('[CHAT12] stay where they are refused, also where nobody looked, over reloads until they are dropped', async () => {
    const context = await device()
    const reads = (room: string) => visit(context, room, 'eve', 'read')
    for (const room of ['doc:refused', 'doc:other']) await online(await visit(await device(), room))
    const page = await reads('doc:refused')
    await online(page)
    await goOffline(context, page)
    for (const text of ['one', 'two']) await page.evaluate((given) => window.here.say(given), text)
    await unsent(page, 2)
    const other = await reads('doc:refused')
    await unsent(other, 2)
    await Promise.all([page.close(), other.close()])

    await context.setOffline(false)
    const elsewhere = await reads('doc:other')
    await online(elsewhere)
    await elsewhere.evaluate(() => window.here.client.room('doc:refused').whenSent())
    await elsewhere.close()
    for (let visits = 0; visits < 2; visits += 1) {
      const again = await reads('doc:refused')
      await said(again, ['refused: one', 'refused: two'])
      await again.close()
    }
    const last = await reads('doc:refused')
    await said(last, ['refused: one', 'refused: two'])
    await last.evaluate(() => window.here.drop('one'))
    const beside = await reads('doc:refused')
    await said(beside, ['refused: two'])
  })

  it('[EVT46] are sent where a room before theirs cannot be entered', async () => {
    const context = await device()
    const page = await visit(context, 'build:a-stuck')
    await online(page)
    await goOffline(context, page)
    await page.evaluate(() => {
      window.here.publishAll([0.1])
      void window.here.client.room('build:b-free').publish('build.progress', { share: 0.2 })
    })
    for (const room of ['build:a-stuck', 'build:b-free']) await putAway(context, room, 1)
    await page.close()
    // What is said of that room never arrives.
    await context.routeWebSocket(/./, (socket) => {
      const far = socket.connectToServer()
      socket.onMessage((message) => {
        if (!message.includes('a-stuck')) far.send(message)
      })
    })
    await context.setOffline(false)
    await visit(context, 'doc:elsewhere')
    const reader = await visit(await device(), 'build:b-free', 'bob')
    expect(await shares(reader, 1)).toEqual([0.2])
  })

  it('[EVT46] wait in the inbox too, whoever opened it first, and no copy of it is kept', async () => {
    const context = await device()
    const page = await visit(context, 'doc:any')
    await page.evaluate(() => window.here.openInbox())
    await online(page)
    await goOffline(context, page)
    await page.evaluate(() => window.here.markRead('n1'))
    const second = await visit(context, 'doc:any')
    await second.waitForFunction(() => window.here.client.inbox()?.getState().unsent === 1)
    await second.close()
    const copies = async (there: Page) => {
      const kept = await there.evaluate(() => indexedDB.databases())
      return kept.filter(({ name }) => name?.endsWith('user:ada'))
    }
    expect(await copies(page)).toEqual([])
    await page.close()

    const again = await visit(context, 'doc:any')
    await context.setOffline(false)
    const authorization = `Bearer ${await server.token('ada', {})}`
    const read = async () => {
      const answer = await fetch(`${server.url}/api/v1/rooms/user:ada/events?types=user.read`, {
        headers: { authorization },
      })
      const { events } = (await answer.json()) as { events?: readonly { readonly payload: unknown }[] }
      return events?.map(({ payload }) => payload)
    }
    await expect.poll(read, { timeout: 20_000 }).toEqual([{ ids: ['n1'] }])
    expect(await copies(again)).toEqual([])
    await again.close()

    const shown = await visit(context, 'doc:any')
    await shown.evaluate(() => void window.here.showInbox())
    await shown.waitForFunction(() => window.here.client.inbox()?.getState().loaded)
    expect(await copies(shown)).toEqual([])
  })

  it('[EVT52] are what the hooks show, also under StrictMode, and the status says what waits', async () => {
    const context = await device()
    const page = await visit(context, 'build:shown')
    await page.evaluate(() => window.here.showBuild())
    await online(page)
    await page.evaluate(() => window.here.queue())
    for (const share of [0.1, 0.2]) await page.evaluate((given) => window.here.publish(given), share)
    const text = page.getByText('running 0.2')
    await text.waitFor()
    await page.getByText('2 events, 0 lines, dark').waitFor()
    const status = page.getByRole('status')
    expect(await status.innerText()).toContain('Connected')
    expect(await status.getAttribute('data-transport')).toBe('websocket')
    await goOffline(context, page)
    await page.evaluate(() => window.here.publishAll([0.3, 0.4]))
    await page.getByText('Offline, 2 events wait to be sent').waitFor()
    // Seen, and not read out again with each that is published.
    expect(await status.locator('[aria-live="off"]').textContent()).toBe(', 2 events wait to be sent')
    await context.setOffline(false)
    await page.getByText('running 0.4').waitFor()
    await page.getByText('Connected').waitFor()
  })

  it('[ANA7] what was measured is what useMetrics shows, and what is measured while it does', async () => {
    const page = await visit(await device(), 'doc:measured')
    await page.evaluate(() => window.here.track('acme'))
    await page.evaluate(() => window.here.showMetrics('acme'))
    await page.getByText('1 signups').waitFor()
    await page.evaluate(() => window.here.track('acme'))
    await page.getByText('2 signups').waitFor()
  })

  it('[EVT40] bring no schema into the browser', () => {
    expect(script.length).toBeGreaterThan(10_000)
    expect(script).not.toContain('ZodType')
  })
})

declare global {
  interface Window {
    refused: readonly string[]
  }
}
