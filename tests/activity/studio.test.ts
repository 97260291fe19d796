import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { axe } from '../support/axe.ts'
import { createDocument, launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'

const soon = { timeout: 20_000, interval: 50 }

let server: TestServer
let browser: TestBrowser
let token: string

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  token = await server.token('CI', { '*:*': 'admin' })
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

const headers = () => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' })

async function publish(
  room: string,
  ...events: readonly { type: string; payload: unknown }[]
): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/rooms/${room}/events`, {
    method: 'POST',
    headers: headers(),
    body: JSON.stringify(events),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

/** What is said, a sentence a line. */
const sentences = (page: Page) =>
  page.locator('.activity-sentence').evaluateAll((lines) => lines.map((line) => line.textContent?.trim()))

const task = (name: string) => ({ type: 'project.task.created', payload: { task: name, title: name } })

it('[ACT30] [ACT31] two people see what happens in a project as it happens, and find what they look for', async () => {
  const [ada, bob] = await Promise.all(
    ['Ada', 'Bob'].map(async (name) => openStudio(await browser.context(), server.url, name)),
  )
  if (ada === undefined || bob === undefined) throw new Error('nobody is there')
  const plan = await createDocument(ada, 'Plan', 'Rich text')
  await ada.locator('.tiptap').click()
  await ada.keyboard.type('We begin on Monday.')
  await ada.getByText('Saved', { exact: true }).first().waitFor()

  // An empty list, a project, an empty page, a document in it.
  await ada.keyboard.press('Escape')
  await ada.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Activity' }).click()
  await ada.getByRole('button', { name: 'New project' }).click()
  await ada.getByLabel('Name').fill('Web Site')
  await ada.keyboard.press('Enter')
  await ada.waitForURL('**/activity/web-site')
  await expect.poll(() => sentences(ada), soon).toEqual(['Ada changed the project Web Site'])
  await ada.getByRole('heading', { name: 'Web Site' }).waitFor()
  await ada.getByRole('button', { name: 'Add documents' }).first().click()
  const dialog = ada.getByRole('dialog')
  await dialog.getByLabel('Plan').check()
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()

  // Bob looks on; history is asked for, so that it is read at once.
  await bob.goto(`${server.url}/activity/web-site`)
  const timeline = `${server.url}/api/v1/rooms/${plan.slice('/d/'.length)}/timeline`
  expect((await fetch(timeline, { headers: headers() })).status).toBe(200)
  for (const page of [ada, bob]) await expect.poll(() => sentences(page), soon).toContain('Ada edited Plan')

  await publish(
    'build:412',
    { type: 'build.created', payload: { title: 'Nightly', project: 'web-site' } },
    { type: 'build.failed', payload: { message: 'out of space' } },
  )
  await publish('project:web-site', task('paint'), task('sand'), task('glue'))
  for (const page of [ada, bob]) {
    await expect.poll(() => sentences(page), soon).toContain('CI made a task in Web Site 3 times')
    expect(await sentences(page)).toContain('Nightly failed  by CI')
  }

  // A group opens, by keyboard too; links lead to the build, and to the document as it was.
  const group = bob.getByRole('button', { name: 'Show all 3' })
  await group.focus()
  await bob.keyboard.press('Enter')
  await expect.poll(() => bob.locator('.activity-item').count(), soon).toBe(3)
  expect(await bob.getByRole('link', { name: 'Nightly' }).first().getAttribute('href')).toBe('/builds/412')
  expect(await bob.getByRole('link', { name: 'Plan' }).first().getAttribute('href')).toMatch(
    /history\?at=\d+$/,
  )
  expect(await axe(bob)).toEqual([])

  // Filters are in the address: they survive a reload. What comes is shown where it is as chosen.
  await bob.locator('#main').focus()
  await bob.keyboard.press('/')
  await bob.keyboard.type('space')
  await expect.poll(() => sentences(bob), soon).toEqual(['Nightly failed  by CI'])
  await bob.reload()
  await expect.poll(() => sentences(bob), soon).toEqual(['Nightly failed  by CI'])
  await publish('project:web-site', task('tidy up'), task('make space'))
  await expect
    .poll(() => sentences(bob), soon)
    .toEqual(['CI made a task in Web Site', 'Nightly failed  by CI'])
  await bob.getByRole('button', { name: 'Clear the search' }).click()
  await bob.getByLabel('Person').selectOption('Ada')
  await expect
    .poll(async () => (await sentences(bob)).every((line) => line?.startsWith('Ada')), soon)
    .toBe(true)

  // On a phone nothing is wider than the screen.
  await ada.setViewportSize({ width: 390, height: 800 })
  expect(await ada.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  expect(await axe(ada)).toEqual([])
}, 90_000)
