import type { Page, Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Grants } from '../../server/protocol.ts'
import { axe } from '../support/axe.ts'
import { query } from '../support/blocked-database.ts'
import { launchBrowser, type TestBrowser } from '../support/browser.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { type Receiver, startReceiver } from '../webhooks/receiver.ts'
import { measured } from './measured.ts'

let server: TestServer
let browser: TestBrowser
let page: Page
/** Stays on the overview, from its beginning. */
let overview: Page
/** How often that page has asked for what it draws. */
let asked = 0
let bob: Replica
let receiver: Receiver

const soon = { timeout: 20_000, interval: 50 }

beforeAll(async () => {
  const env = { WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8' }
  ;[server, browser, receiver] = await Promise.all([
    startServer({ studio: true, env }),
    launchBrowser(),
    startReceiver(),
  ])
  for (const room of ['doc:bad', 'doc:well']) {
    const replica = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token('ada') })
    for (const words of ['one ', 'two ', 'three ']) {
      replica.document.getText('content').insert(0, words)
      await replica.saved()
    }
    replica.destroy()
  }
  await server.kill9()
  await query(
    server.databaseUrl,
    `update room_updates set bytes = '\\x01020304'
     where seq = 3 and room_id = (select id from rooms where name = 'doc:bad')`,
  )
  await server.restart()
  const opened = connectProvider({ wsUrl: server.wsUrl, room: 'doc:bad', token: await server.token('ada') })
  await until(() => opened.denials.includes('room-damaged'))
  opened.destroy()
  bob = connectProvider({ wsUrl: server.wsUrl, room: 'doc:well', token: await server.token('bob') })
  await bob.synced()
  page = await enter('root', { '*:*': 'admin' }, '/operations')
  overview = await enter('ops', { '*:*': 'admin' }, '/operations', (request) => {
    if (/metrics\?.*names=connections/.test(request.url())) asked += 1
  })
}, 90_000)

afterAll(async () => {
  bob?.destroy()
  await browser?.close()
  await receiver?.close()
  await server?.dispose()
})

async function enter(
  user: string,
  grants: Grants,
  path: string,
  onRequest: (request: Request) => void = () => undefined,
): Promise<Page> {
  const entered = await (await browser.context()).newPage()
  entered.on('request', onRequest)
  await entered.goto(server.url + path)
  await entered.getByRole('button', { name: 'Use a token instead' }).click()
  await entered.getByLabel('Your token', { exact: true }).fill(await server.token(user, grants))
  await entered.getByRole('button', { name: 'Start writing' }).click()
  return entered
}

const section = (name: string) =>
  page.getByRole('navigation', { name: 'Operations' }).getByRole('link', { name }).click()

async function picture(name: string): Promise<void> {
  const folder = process.env.PICTURES
  if (folder !== undefined) await page.screenshot({ path: `${folder}/operations-${name}.png` })
}

describe('the operations', () => {
  it('[OPV3] are for administrators alone, who find them in the navigation', async () => {
    await page.getByRole('link', { name: 'Operations' }).first().waitFor()
    for (const path of ['/operations', '/operations/audit']) {
      const eve = await enter('eve', { 'doc:*': 'admin', '*:*': 'write' }, path)
      await eve.getByText('Operations are for administrators').waitFor()
      expect(await eve.getByRole('link', { name: 'Operations' }).count()).toBe(0)
      await eve.context().close()
    }
  })

  it('[OPV4] say in one line how the server does, and what is wrong', async () => {
    await page.getByText('It works, but one room is quarantined').waitFor()
    await picture('troubled')
    await page.getByRole('link', { name: 'See the quarantine' }).click()
    await page.getByRole('heading', { name: 'Quarantine' }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { name: 'Operations' }).waitFor()
  })

  it('[OPV6] draw what was measured, and say it in words and figures', async () => {
    await page.route('**/analytics%3Asystem/metrics?*', measured)
    await page.getByText('Day', { exact: true }).click()
    for (const said of [
      'Connections and people: Connections 1, People 0.58',
      'Edits and events, per second: Edits 0.67, Events 0',
      'Until a batch of edits is committed: p50 4 ms, p99 12 ms',
      'Open rooms: Rooms –',
    ])
      await page.getByRole('img', { name: said, exact: true }).waitFor()
    await page.getByText('Figures of “Until a batch of edits is committed”').click()
    const rows = page
      .getByLabel('Figures of “Until a batch of edits is committed”, newest first')
      .locator('tbody tr')
    // The newest of which there is something: another bucket may have begun since.
    const newest = rows.filter({ hasText: 'ms' }).first()
    expect(await newest.locator('td').allTextContents()).toEqual(['4 ms', '12 ms'])
    await page.reload()
    expect(new URL(page.url()).search).toBe('?last=1d')
    await page.getByRole('img', { name: 'Connections and people: Connections 1, People 0.58' }).waitFor()
  })

  it('[OPV2] show who is online, since when and where', async () => {
    await section('People')
    const row = page.getByRole('list', { name: 'People' }).locator('.online', { hasText: 'bob' })
    await row.getByText('doc:well').waitFor()
    await page.getByLabel('Search people').fill('nobody')
    await page.getByText('Nobody is like this').waitFor()
    await page.reload()
    expect(await page.getByLabel('Search people').inputValue()).toBe('nobody')
    await page.getByRole('button', { name: 'Show all' }).click()
    await row.waitFor()
  })

  it('[OPV1] open a copy of a quarantined room up to the last good entry, and let people in again', async () => {
    await section('Quarantine')
    const room = page.getByRole('list', { name: 'Quarantined rooms' }).locator('.quarantined')
    await room.getByRole('button', { name: 'Open a copy up to the last good entry' }).click()
    await room.getByText('The copy has 2 of 3 entries').waitFor()
    await picture('copied')
    await room.getByRole('link', { name: 'Open doc:bad-copy-2' }).click()
    await page.getByText('two one').waitFor()
    await page.goBack()
    await room.getByRole('button', { name: 'Let people in again' }).click()
    const dialog = page.getByRole('dialog', { name: 'Let people in again' })
    await dialog.getByRole('button', { name: 'Let people in', exact: true }).click()
    await page.getByText('No room is quarantined').waitFor()
  })

  it('[OPV7] make a webhook, show its secret once, try it, send a delivery again, pause it and renew its secret', async () => {
    await section('Webhooks')
    await page.getByRole('button', { name: 'New webhook' }).click()
    const form = page.getByRole('dialog', { name: 'New webhook' })
    await form.getByLabel('Address').fill('http://10.1.2.3/')
    await form.getByLabel('A room was deleted').check()
    await form.getByRole('button', { name: 'Create' }).click()
    await form.getByText(/private network.*Nothing was changed/).waitFor()
    await picture('new-webhook')
    await form.getByLabel('Address').fill(receiver.url)
    await form.getByRole('button', { name: 'Create' }).click()
    const secret = page.getByRole('dialog', { name: 'The secret, shown this once' })
    await secret.getByText(/^whsec_/).waitFor()
    await picture('secret')
    await secret.getByRole('button', { name: 'I have noted it' }).click()
    await page.getByRole('list', { name: 'Webhooks' }).getByRole('button', { name: receiver.url }).click()
    expect(await page.getByText(/whsec_/).count()).toBe(0)

    await page.getByRole('button', { name: 'Send a test' }).click()
    const deliveries = page.getByRole('list', { name: 'Deliveries' })
    const ping = deliveries.getByRole('button', { name: /^ping.*answered 200.*Delivered/ })
    await ping.waitFor()
    await page.reload()
    await ping.click()
    const dialog = page.getByRole('dialog', { name: 'A delivery' })
    await dialog.getByText('"type": "ping"').waitFor()
    await picture('delivery')
    await dialog.getByRole('button', { name: 'Send again' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await deliveries.getByRole('button', { name: /sent again.*Delivered/ }).waitFor()

    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: 'Switch on' }).waitFor()
    await page.getByRole('button', { name: 'More for this webhook' }).click()
    await page.getByRole('menuitem', { name: 'New secret…' }).click()
    await page.getByRole('button', { name: 'Make a new secret' }).click()
    await secret.getByRole('button', { name: 'I have noted it' }).click()
    await page.getByText(/Signed with the secret before, too/).waitFor()
    expect(await axe(page)).toEqual([])
    await picture('webhook')
    await page.getByRole('button', { name: 'Back to the webhooks' }).click()
    await page.getByRole('list', { name: 'Webhooks' }).getByText('Paused').waitFor()
  })

  it('[OPV10] make an alert, say how it stands and why that is not known, change it and delete it', async () => {
    const memory = { metric: 'memory.bytes', of: 'max', over: 60, is: 'above', threshold: 4e9, level: 'info' }
    const route = `${server.url}/api/v1/rooms/analytics:system/alerts/Memory`
    const authorization = `Bearer ${await server.token('root', { '*:*': 'admin' })}`
    const headers = { authorization, 'content-type': 'application/json' }
    await fetch(route, { method: 'PUT', headers, body: JSON.stringify(memory) })
    await section('Alerts')
    const row = (name: string) =>
      page.getByRole('list', { name: 'Alerts' }).locator('.alert', { hasText: name })
    await row('Memory').getByText('greatest of memory.bytes over 1 minute is above 4 GB').waitFor()
    await page.getByRole('button', { name: 'New alert' }).click()
    const form = page.getByRole('dialog', { name: 'New alert' })
    await form.getByLabel('Name').fill('Memory')
    await form.getByText('There is one of this name').waitFor()
    await form.getByLabel('Name').fill('Slow commits')
    await form.getByLabel('Metric').fill('9 commit')
    await form.getByLabel('Threshold').fill('250')
    await form.getByRole('button', { name: 'Create' }).click()
    await form.getByText(/must be a letter.*Nothing was changed/).waitFor()
    await form.getByLabel('Metric').fill('commit.ms')
    await form.getByLabel('Labels').fill('region')
    await page.keyboard.press('Enter')
    await form.getByText('Write each as name=text').waitFor()
    await page.keyboard.press('Backspace')
    await form.getByLabel('Labels').fill('region=eu')
    await page.keyboard.press('Enter')
    await form.getByLabel('Level').selectOption('Critical')
    await form.getByLabel('Whom it notifies').fill('ada')
    await page.keyboard.press('Enter')
    await picture('new-alert')
    await form.getByRole('button', { name: 'Create' }).click()
    await row('Slow').getByText('p95 of commit.ms (region=eu) over 5 minutes is above 250').waitFor()
    // Nobody looks at them any more, and so they stand as they are put.
    await query(
      server.databaseUrl,
      `update analytics_alerts set looked_at = 'infinity', raised = name = 'Slow commits', value = 312.4,
         raised_at = case name when 'Slow commits' then now() - interval '150 min' end,
         failure = case name when 'Memory' then 'too many series' end`,
    )
    await page.reload()
    await row('Slow').getByText('Raised: critical, 2 hours ago').waitFor()
    await row('Slow').getByText('It is 312 · notifies ada').waitFor()
    await row('Memory').getByText('Not known').waitFor()
    await row('Memory').getByText('It could not be looked at: too many series').waitFor()
    await picture('alerts')

    await row('Memory').getByRole('button', { name: 'More for “Memory”' }).click()
    await page.getByRole('menuitem', { name: 'Change…' }).click()
    const change = page.getByRole('dialog', { name: 'Change “Memory”' })
    await change.getByLabel('And stays so for').selectOption('1 minute')
    await change.getByRole('button', { name: 'Save' }).click()
    await row('Memory').getByText('is above 4 GB, for 1 minute').waitFor()
    await row('Slow').getByRole('button', { name: 'More for “Slow commits”' }).click()
    await page.getByRole('menuitem', { name: 'Delete…' }).click()
    await page
      .getByRole('dialog', { name: 'Delete this alert' })
      .getByRole('button', { name: 'Delete' })
      .click()
    await row('Slow').waitFor({ state: 'detached' })
    await row('Memory').waitFor()
  })

  it('[OPV5] have an audit log that is filtered by act and person, as its address says', async () => {
    await section('Audit log')
    const acts = () => page.locator('.act-words').allTextContents()
    const all = ['root let people into doc:bad again', 'root copied doc:bad up to entry 2, as doc:bad-copy-2']
    await expect.poll(async () => (await acts()).slice(-2), soon).toEqual(all)
    await page.getByLabel('Act', { exact: true }).selectOption('Copied a room')
    await expect.poll(acts, soon).toEqual(all.slice(1))
    await page.getByLabel('Person').fill('eve')
    await page.getByText('No act is like this').waitFor()
    expect(new URL(page.url()).search).toBe('?act=room.copy&person=eve')
    await page.getByRole('button', { name: 'Show all' }).click()
    await expect.poll(async () => (await acts()).length, soon).toBeGreaterThan(2)
  })

  it('[OPV5] draw of ten thousand acts those that are seen, and read on where one goes down', async () => {
    await query(
      server.databaseUrl,
      `insert into audit_log (actor, act, subject)
       select 'crowd', 'room.erase', 'doc:' || n from generate_series(1, 10000) n`,
    )
    await page.goto(`${server.url}/operations/audit?person=crowd`)
    const list = page.getByLabel('Acts', { exact: true })
    const seen = () => page.locator('.act-words').allTextContents()
    await expect.poll(seen, soon).toContain('crowd deleted doc:10000 with all of its past')
    const oldest = async () =>
      Math.min(...(await seen()).map((words) => Number(/doc:(\d+)/.exec(words)?.[1])))
    await expect
      .poll(async () => {
        await list.evaluate((element) => element.scrollTo({ top: element.scrollHeight }))
        return oldest()
      }, soon)
      .toBeLessThan(9_600)
    expect((await seen()).length).toBeLessThan(100)
  })

  it('[OPV9] are told what is measured as long as they are looked at, and do not ask for it', async () => {
    const figures = overview.getByLabel('Figures of “Open rooms”, newest first')
    await overview.getByText('Figures of “Open rooms”').click()
    const before = asked
    expect(before).toBeGreaterThan(0)
    const newest = await figures.locator('tbody th').first().textContent()
    await expect.poll(() => figures.locator('tbody th').first().textContent(), soon).not.toBe(newest)
    await overview.getByRole('img', { name: /^Connections and people: Connections [1-9]/ }).waitFor()
    expect(asked).toBe(before)
    await overview.context().close()
  })

  it.each([
    { scheme: 'light', width: 1440, height: 900 },
    { scheme: 'dark', width: 390, height: 844 },
  ] as const)(
    '[UI2] axe finds nothing serious: $scheme, $width pixels',
    async ({ scheme, width, height }) => {
      await page.emulateMedia({ colorScheme: scheme })
      await page.setViewportSize({ width, height })
      for (const [name, ready] of [
        ['Overview', 'Healthy.'],
        ['Alerts', 'Memory'],
        ['People', 'bob'],
        ['Rooms', 'doc:well'],
        ['Quarantine', 'No room is quarantined'],
        ['Webhooks', receiver.url],
        ['Audit log', 'crowd'],
      ] as const) {
        await section(name)
        await page.getByText(ready, { exact: true }).first().waitFor()
        expect(await axe(page), name).toEqual([])
        expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(
          width,
        )
        await picture(`${name}-${scheme}-${width}`)
      }
    },
  )
})
