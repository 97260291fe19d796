import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { query } from '../support/blocked-database.ts'
import { launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { erases, isCalled, type PastEdit, types, writePast } from '../support/past.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

const ROOM = 'doc:old'
const SECOND = 1_000
const HOUR = 3_600 * SECOND
const DAY = 24 * HOUR
/** Two sessions that are to be one version are of one day, and those are UTC’s. */
const NOON = new Date().setUTCHours(12, 0, 0, 0)

let server: TestServer
let browser: TestBrowser
let page: Page

beforeAll(async () => {
  const env = { RETENTION: '{"doc":{"keystrokes":30,"sessions":365}}' }
  ;[server, browser] = await Promise.all([startServer({ studio: true, env }), launchBrowser()])
  await writeThinned()
  page = await openStudio(await browser.context(), server.url, 'Ada')
}, 90_000)

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

const soon = { timeout: 20_000, interval: 50 }

const typing = (at: number, actor: string, words: readonly string[]): PastEdit[] =>
  words.map((word, index) => ({ at: at + index * SECOND, actor, change: types(word) }))

const MORNING = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
const LATER = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0']
/** What is left of the room, by position. */
const LEFT = {
  0: '',
  20: 'bcdefghij1234567890',
  30: 'fghij1234567890VWXYZ?!',
  31: 'fghij1234567890VWXYZ?! now',
  32: 'fghij1234567890VWXYZ?! now and',
  33: 'fghij1234567890VWXYZ?! now and then',
} as const

/**
 * Ada at 1 to 10 and Bob at 11 to 20 on one day, which is a version by now; Bob at 21 to 30, of which the session is
 * left; then, when all of that was thinned, Cleo, every keystroke of whom is there.
 */
async function writeThinned(): Promise<void> {
  const old = NOON - 400 * DAY
  await writePast(
    server,
    ROOM,
    [
      { at: old, actor: 'ada1', change: isCalled('Old', 'code') },
      ...typing(old + SECOND, 'ada1', MORNING),
      ...typing(old + HOUR, 'bob1', LATER),
      ...Array.from({ length: 4 }, (_, at) => ({
        at: NOON - 60 * DAY + at * SECOND,
        actor: 'bob1',
        change: erases(1),
      })),
      ...typing(NOON - 60 * DAY + 4 * SECOND, 'bob1', ['V', 'W', 'X', 'Y', 'Z', '?!']),
    ],
    { ada1: 'Ada', bob1: 'Bob' },
  )
  await query(server.databaseUrl, `update rooms set changed_at = now() - interval '60 days'`)
  const headers = { authorization: `Bearer ${await server.token('root', { 'doc:*': 'admin' })}` }
  const path = `${server.url}/api/v1/rooms/${ROOM}/retention`
  const answer = await fetch(path, { method: 'POST', headers })
  expect(await answer.json()).toMatchObject({ effect: { first: 1, last: 30, positionsLost: 28 } })
  const cleo = connectProvider({ wsUrl: server.wsUrl, room: ROOM, token: await server.token('Cleo') })
  await cleo.synced()
  for (const word of [' now', ' and', ' then']) {
    types(word)(cleo.document)
    await cleo.saved()
  }
  cleo.destroy()
}

const open = (search = '') => page.goto(`${server.url}/documents/${ROOM}/history${search}`)
const content = async () =>
  (await page.locator('.history-content .view-lines').textContent())?.replaceAll('\u00a0', ' ')

/** The address says a position that is left, and what is shown is what it held. */
async function isAt(seq: keyof typeof LEFT): Promise<void> {
  await page.waitForURL(`**/history?at=${seq}`)
  if (seq === 0) await page.getByText('The document was empty then').waitFor()
  else await expect.poll(() => content().catch(() => undefined), soon).toBe(LEFT[seq])
  expect(await page.getByText('This position cannot be shown').count()).toBe(0)
}

describe('a room that retention has thinned', () => {
  it('[UI12] is played to its end, one position that is left after the other', async () => {
    const shown: unknown[] = []
    await page.route('**/diff?*', async (route) => {
      const response = await route.fetch()
      shown.push((await response.json()).to)
      await route.fulfill({ response })
    })
    onTestFinished(() => page.unroute('**/diff?*'))
    await open()
    await expect.poll(() => content().catch(() => undefined), soon).toBe(LEFT[33])
    await page.getByLabel('Speed').selectOption('1 ×')
    await page.getByRole('button', { name: 'Play', exact: true }).click()
    await isAt(33)
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor()
    expect(shown).toEqual([20, 30, 31, 32, 33])
  })

  it('[UI11] shows of every session the end that is left of it', async () => {
    await open()
    const session = page.locator('.timeline-session button')
    await session.nth(3).click()
    await isAt(20)
    await session.nth(1).click()
    await isAt(30)
    await page.getByRole('button', { name: 'Previous session' }).click()
    await isAt(20)
    await page.getByRole('button', { name: 'Next session' }).click()
    await isAt(30)
  })

  it('[UI11] is gone through by the handle, with keys and pointer, in either direction', async () => {
    await open('?at=20')
    await isAt(20)
    const handle = page.getByRole('slider', { name: 'Position' })
    for (const [key, seq] of [
      ['ArrowRight', 30],
      ['ArrowRight', 31],
      ['ArrowLeft', 30],
      ['ArrowLeft', 20],
      ['ArrowLeft', 0],
      ['End', 33],
    ] as const) {
      await handle.press(key)
      await isAt(seq)
    }
    const track = await page.locator('.player-slider').boundingBox()
    const thumb = await handle.boundingBox()
    if (track === null || thumb === null) throw new Error('there is no handle')
    await page.mouse.move(thumb.x + thumb.width / 2, thumb.y + thumb.height / 2)
    await page.mouse.down()
    await page.mouse.move(track.x + track.width * 0.8, thumb.y, { steps: 5 })
    await expect.poll(() => content().catch(() => undefined), soon).toBe(LEFT[20])
    await page.mouse.up()
    await isAt(20)
  })

  it('[UI11] [HIS19] says of a position that somebody types that it is gone', async () => {
    await open('?at=25')
    await page.getByText('the nearest that are left are 20 and 30').waitFor()
  })

  it('[UI31] is compared from one position that is left to another', async () => {
    await open('?at=30')
    await isAt(30)
    await page.getByRole('button', { name: 'Compare with what was before' }).click()
    await page.waitForURL('**/history?from=20&to=30')
    const inserted = async () =>
      (await page.locator('.compare-body .run-inserted').allTextContents()).join('').replaceAll('\u00a0', ' ')
    await expect.poll(inserted, soon).toBe('VWXYZ?!')
    const [older, newer] = ['Older position', 'Newer position'].map((name) =>
      page.getByRole('slider', { name }),
    )
    await older?.press('ArrowLeft')
    await page.waitForURL('**/history?from=0&to=30')
    await expect.poll(inserted, soon).toBe(LEFT[30])
    // Of a session of three entries, two steps are one.
    for (const key of ['ArrowRight', 'ArrowRight']) await newer?.press(key)
    await page.waitForURL('**/history?from=0&to=31')
    await expect.poll(inserted, soon).toBe(LEFT[31])
    for (const key of ['ArrowLeft', 'ArrowLeft']) await newer?.press(key)
    await page.waitForURL('**/history?from=0&to=30')
    await expect.poll(inserted, soon).toBe(LEFT[30])
    await newer?.press('ArrowLeft')
    await page.waitForURL('**/history?from=0&to=20')
    await expect.poll(inserted, soon).toBe(LEFT[20])
  })

  it('[UI34] says where deleted text was last, and brings it back', async () => {
    await open('?panel=deleted')
    await page.getByRole('button', { name: 'Bring back' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('This would be changed').waitFor()
    await expect.poll(() => dialog.locator('.run-inserted').allTextContents(), soon).toEqual(['bcde'])
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Show where' }).click()
    await page.waitForURL('**/history?panel=deleted&from=20&to=30')
    await expect
      .poll(() => page.locator('.compare-body .run-deleted').allTextContents(), soon)
      .toEqual(['bcde'])
  })
})
