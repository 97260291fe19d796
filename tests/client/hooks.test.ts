import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect } from '../../client/sdk/index.ts'
import { launchBrowser, type TestBrowser } from '../support/browser.ts'
import { scriptOf, servePage } from '../support/page-script.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let browser: TestBrowser
let page: Page

beforeAll(async () => {
  let script: string
  ;[server, browser, script] = await Promise.all([
    startServer(),
    launchBrowser(),
    scriptOf(new URL('./hooks-page.ts', import.meta.url)),
  ])
  const context = await browser.context()
  await servePage(context, `${server.url}/page`, script)
  page = await context.newPage()
  await page.goto(`${server.url}/page`)
  const grants = {
    'doc:a': 'write',
    'doc:b': 'write',
    'doc:each': 'write',
    'project:each': 'write',
    'analytics:each': 'write',
  } as const
  const token = await server.token('ada', grants)
  await page.evaluate(
    ([url = '', given = '']) => {
      window.hooks = window.openHooks(url, given)
    },
    [server.url, token],
  )
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

/** Somebody who was in that room, and has gone. */
async function visited(id: string, room: string): Promise<void> {
  const client = connect({ url: server.url, token: await server.token(id), user: { id, name: id } })
  await client.room(room).whenSynced()
  await client.destroy()
}

/** What is asked by this query is not answered any more. */
const leaveUnanswered = (query: string, value: RegExp) =>
  page.route(
    (url) => url.pathname.endsWith('/presence') && value.test(url.searchParams.get(query) ?? ''),
    () => undefined,
  )

it('[SDK40] who is in a room is shown of the room that a component is given now, and of no other', async () => {
  await visited('bob', 'doc:a')
  await page.evaluate(() => window.hooks.people.give({ room: 'doc:a' }))
  await page.waitForFunction(() => window.hooks.people.newest()?.people?.includes('bob') === true)
  await leaveUnanswered('room', /^doc:b$/)
  const ofB = () =>
    page.evaluate(async () => {
      const { give, renders } = window.hooks.people
      const before = renders.length
      await give({ room: 'doc:b' })
      return renders.slice(before).map(({ shown }) => shown)
    })
  const first = await ofB()
  expect(first.length).toBeGreaterThan(0)
  for (const shown of first) expect(shown).toEqual({ people: undefined, error: undefined })
  // Of one that is closed to the reader there is a reason, and not for the next.
  await page.evaluate(() => window.hooks.people.give({ room: 'doc:closed' }))
  await page.waitForFunction(() => window.hooks.people.newest()?.error !== undefined)
  for (const shown of await ofB()) expect(shown).toEqual({ people: undefined, error: undefined })
})

it('[SDK40] whoever stays in a list of people keeps the status that was known', async () => {
  await visited('bob', 'doc:a')
  await page.evaluate(() => window.hooks.people.give({ room: 'doc:a' }))
  await page.evaluate(() => window.hooks.statuses.give({ users: ['bob'] }))
  await page.waitForFunction(() => window.hooks.statuses.newest()?.length === 1)
  await leaveUnanswered('users', /carl/)
  const shown = await page.evaluate(async () => {
    const { give, renders } = window.hooks.statuses
    const before = renders.length
    await give({ users: ['bob', 'carl'] })
    return renders.slice(before).map((render) => render.shown)
  })
  expect(shown.length).toBeGreaterThan(0)
  for (const known of shown) expect(known).toEqual(['bob offline'])
})

it('[SDK41] what a hook returns is the same while nothing in it changes', async () => {
  await page.evaluate(() => window.hooks.showEach())
  expect(await page.evaluate(() => window.hooks.unstable())).toEqual([])
})
