import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { axe } from '../support/axe.ts'
import { launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

let server: TestServer
let browser: TestBrowser
let bobs: BrowserContext
let ada: Page
let bob: Page
let publisher: string

const soon = { timeout: 20_000, interval: 50 }

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  publisher = await server.token('Build server', { 'build:*': 'write', 'deployment:*': 'write' })
  bobs = await browser.context()
  const enter = async (context: BrowserContext, name: string) => openStudio(context, server.url, name)
  ;[ada, bob] = await Promise.all([enter(await browser.context(), 'Ada'), enter(bobs, 'Bob')])
}, 90_000)

afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

interface Said {
  readonly type: string
  readonly payload: unknown
}

/** Publishes as a build server does, over HTTP. */
async function publish(room: string, ...events: readonly Said[]): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/rooms/${room}/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${publisher}`, 'content-type': 'application/json' },
    body: JSON.stringify(events),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

const created = (title: string): Said => ({
  type: 'build.created',
  payload: {
    title,
    ref: 'main',
    revision: '4f2a91c0ffee',
    steps: [
      { id: 'compile', title: 'Compile' },
      { id: 'test', title: 'Test' },
    ],
  },
})
const progress = (share: number, step: string, state: string): Said => ({
  type: 'build.progress',
  payload: { share, step, state },
})
const lines = (first: number, count: number, step = 'compile', text = 'line'): Said => ({
  type: 'build.log',
  payload: { first, step, lines: Array.from({ length: count }, (_, index) => `${text} ${first + index}`) },
})

/** What the page says of a build: its share, its steps, how many lines there are and the last ones that are drawn. */
const told = (page: Page) =>
  page.evaluate(() => {
    const text = (selector: string) => document.querySelector(selector)?.textContent ?? ''
    return {
      percent: text('.build-percent'),
      words: text('.build-message'),
      count: text('.log-count'),
      steps: [...document.querySelectorAll('.build-step')].map((step) =>
        step.textContent?.replace(/[\d.]+ s$/, ''),
      ),
      end: [...document.querySelectorAll('.log-text')].slice(-3).map((line) => line.textContent),
    }
  })

const isAtEnd = (page: Page) =>
  page
    .locator('.log-lines')
    .evaluate((log) => log.scrollHeight - log.clientHeight - log.scrollTop < 8 && log.scrollTop > 0)

const numberLink = (page: Page, line: number) =>
  page.getByRole('link', { name: `Copy the address of line ${line}`, exact: true })

describe('two people on a build', () => {
  it('[UI50] [UI51] see the same share, steps and lines, each once, also the one who was offline', async () => {
    const room = 'build:together'
    await publish(room, created('Together'), { type: 'build.started', payload: { worker: 'runner 3' } })
    await Promise.all([ada, bob].map((page) => page.goto(`${server.url}/builds/together`)))
    await publish(room, progress(0.25, 'compile', 'running'), lines(1, 400))
    const half = {
      percent: '25 %',
      words: 'Runs on runner 3',
      count: '400 lines',
      steps: ['Running: Compile', 'Waiting: Test'],
      end: ['line 398', 'line 399', 'line 400'],
    }
    for (const page of [ada, bob]) await expect.poll(() => told(page), soon).toEqual(half)

    await bobs.setOffline(true)
    await bob.getByText('You are offline.').waitFor()
    for (let first = 401; first <= 1_400; first += 100) await publish(room, lines(first, 100))
    await publish(
      room,
      progress(0.5, 'compile', 'done'),
      progress(0.75, 'test', 'running'),
      lines(1_401, 50, 'test'),
    )
    const later = {
      percent: '75 %',
      words: 'Runs on runner 3',
      count: '1,450 lines',
      steps: ['Done: Compile', 'Running: Test'],
      end: ['line 1448', 'line 1449', 'line 1450'],
    }
    await expect.poll(() => told(ada), soon).toEqual(later)
    expect(await told(bob)).toEqual(half)
    await bobs.setOffline(false)
    await expect.poll(() => told(bob), soon).toEqual(later)

    await publish(room, progress(1, 'test', 'done'), { type: 'build.completed', payload: { warnings: 2 } })
    for (const page of [ada, bob]) {
      await expect
        .poll(() => told(page), soon)
        .toMatchObject({ percent: '100 %', words: 'Succeeded with 2 warnings', count: '1,450 lines' })
      expect(await isAtEnd(page)).toBe(true)
    }
    // Whoever comes late has all of it.
    await bob.reload()
    await expect.poll(() => told(bob), soon).toMatchObject({ percent: '100 %', count: '1,450 lines' })
    await ada.goto(`${server.url}/builds`)
    await ada.getByRole('link', { name: /Together.*Succeeded/ }).waitFor()
  })

  it('[UI51] stay where they read, are told how many lines came, and go back to the end', async () => {
    const room = 'build:follow'
    await publish(room, created('Follow'), { type: 'build.started', payload: {} }, lines(1, 500))
    await ada.goto(`${server.url}/builds/follow`)
    await expect.poll(() => told(ada), soon).toMatchObject({ count: '500 lines' })
    await expect.poll(() => isAtEnd(ada), soon).toBe(true)
    await ada.locator('.log-lines').hover()
    await ada.mouse.wheel(0, -2_000)
    await ada.getByRole('button', { name: 'To the end' }).waitFor()
    const top = () => ada.locator('.log-lines').evaluate((log) => log.scrollTop)
    const before = await top()
    await publish(room, lines(501, 25))
    await ada.getByRole('button', { name: '25 new lines' }).waitFor()
    expect(await top()).toBe(before)
    await ada.getByRole('button', { name: '25 new lines' }).click()
    await numberLink(ada, 525).waitFor()
    await expect.poll(() => isAtEnd(ada), soon).toBe(true)
    await publish(room, lines(526, 100))
    await numberLink(ada, 625).waitFor()
    await expect.poll(() => isAtEnd(ada), soon).toBe(true)
    // What other lines there are is not new.
    await publish(room, lines(626, 100, 'test'))
    await expect.poll(() => told(ada), soon).toMatchObject({ count: '725 lines' })
    await ada.getByLabel('Step', { exact: true }).selectOption('Compile')
    await expect.poll(() => told(ada), soon).toMatchObject({ count: '625 lines' })
    await ada.locator('.log-lines').hover()
    await ada.mouse.wheel(0, -2_000)
    await ada.getByRole('button', { name: 'To the end' }).waitFor()
    await ada.getByLabel('Step', { exact: true }).selectOption('All steps')
    await expect.poll(() => told(ada), soon).toMatchObject({ count: '725 lines' })
    expect(await ada.locator('.log-end').textContent()).toBe('To the end')
  })
})

describe('a log of twenty thousand lines', () => {
  beforeAll(async () => {
    await publish('build:long', created('Long'), { type: 'build.started', payload: {} })
    for (let first = 1; first <= 20_000; first += 1_000) {
      const { type, payload } = lines(first, 1_000)
      const all = (payload as { lines: string[] }).lines
      for (const at of [5, 12_345, 19_998])
        if (at >= first && at < first + 1_000) all[at - first] = `a Needle ${at}`
      await publish('build:long', { type, payload })
    }
    await publish('build:long', {
      type: 'build.log',
      payload: { first: 20_001, lines: ['warning: old option'], stream: 'stderr', step: 'test' },
    })
    await ada.goto(`${server.url}/builds/long`)
    await ada.getByText('20,001 lines').waitFor()
  }, 60_000)

  it('[UI52] draws what is seen, and finds a word in all of it, forwards and backwards', async () => {
    expect(await ada.locator('.log-row').count()).toBeLessThan(200)
    await ada.locator('.log-lines').evaluate((log) => log.scrollTo({ top: 0 }))
    await numberLink(ada, 1).waitFor()
    await ada.locator('h1').click()
    await ada.keyboard.press('/')
    await ada.keyboard.type('needle')
    const count = () => ada.locator('.log-count').textContent()
    await expect.poll(count, soon).toBe('in 3 lines')
    const found = ada.locator('.log-row[data-mark="found"] mark')
    for (const [key, place, line] of [
      ['Enter', 1, 5],
      ['Enter', 2, 12_345],
      ['Enter', 3, 19_998],
      ['Enter', 1, 5],
      ['Shift+Enter', 3, 19_998],
    ] as const) {
      await ada.keyboard.press(key)
      await expect.poll(count, soon).toBe(`${place} of 3 lines`)
      await expect.poll(() => numberLink(ada, line).count(), soon).toBe(1)
      await expect.poll(() => found.textContent(), soon).toBe('Needle')
    }
    // It goes on while lines come, and back in the log single keys do the same.
    await publish('build:long', lines(20_002, 1, 'test', 'one more needle'))
    await expect.poll(count, soon).toBe('3 of 4 lines')
    await ada.locator('.log-lines').focus()
    await ada.keyboard.press('n')
    await expect.poll(count, soon).toBe('4 of 4 lines')
    await ada.keyboard.press('p')
    await expect.poll(count, soon).toBe('3 of 4 lines')
    await ada.getByLabel('Search the log').fill('nowhere')
    await expect.poll(count, soon).toBe('Nothing found')
    await ada.getByLabel('Search the log').press('Escape')
    await expect.poll(count, soon).toBe('20,002 lines')
  })

  it('[UI52] shows the lines of one step, and tells the two streams apart', async () => {
    await ada.getByRole('button', { name: /Waiting: Test/ }).click()
    await expect.poll(() => told(ada), soon).toMatchObject({ count: '2 lines' })
    const warning = ada.locator('.log-row', { hasText: 'warning: old option' })
    expect(await warning.getAttribute('data-stream')).toBe('stderr')
    expect(await warning.locator('.log-stream').textContent()).toBe('err')
    await ada.getByLabel('Step', { exact: true }).selectOption('Errors')
    await expect.poll(() => told(ada), soon).toMatchObject({ count: '1 line' })
    expect(await ada.locator('.log-count').getAttribute('aria-live')).toBe('off')
    await ada.getByLabel('Step', { exact: true }).selectOption('All steps')
    await expect.poll(() => told(ada), soon).toMatchObject({ count: '20,002 lines' })
  })

  it('[UI53] opens a line by its address, and gives each line its own', async () => {
    await bob.goto(`${server.url}/builds/long#L12345`)
    await bob.locator('.log-row[data-mark="addressed"]', { hasText: 'a Needle 12345' }).waitFor()
    const seen = () =>
      bob.locator('.log-row[data-mark="addressed"]').evaluate((row) => {
        const { top, bottom } = row.getBoundingClientRect()
        return top > 0 && bottom < innerHeight
      })
    expect(await seen()).toBe(true)
    // A line of the chosen step leaves the choice as it is; any other shows all of them.
    const shown = bob.locator('.log-count')
    await bob.getByLabel('Step', { exact: true }).selectOption('Test')
    await numberLink(bob, 20_001).click()
    await bob.locator('.log-row[data-mark="addressed"]').waitFor()
    expect(await shown.textContent()).toMatch(/^[12] lines?$/)
    await bob.evaluate(() => location.replace('#L12345'))
    await bob.locator('.log-row[data-mark="addressed"]', { hasText: 'a Needle 12345' }).waitFor()
    expect(await shown.textContent()).toMatch(/^20,00[12] lines$/)
    expect(await seen()).toBe(true)
    const copied = bob.getByText(/^The address of line 12,347 is/).waitFor()
    await numberLink(bob, 12_347).click()
    expect(new URL(bob.url()).hash).toBe('#L12347')
    await bob.locator('.log-row[data-mark="addressed"]', { hasText: 'line 12347' }).waitFor()
    await copied
  })
})

describe('a build that has not begun', () => {
  it('[UI50] is not said to be so before the server said that there is nothing', async () => {
    const context = await browser.context()
    onTestFinished(() => context.close())
    const page = await openStudio(context, server.url, 'Eve')
    const held: (() => void)[] = []
    // Not after that: whoever is slow connects once more, and is told once more.
    let holding = true
    await page.routeWebSocket('**/sync*', (socket) => {
      const upstream = socket.connectToServer()
      upstream.onMessage((message) => {
        if (holding && message.includes('"resumed"')) held.push(() => socket.send(message))
        else socket.send(message)
      })
    })
    await page.goto(`${server.url}/builds/nothing`)
    await expect.poll(() => held.length, soon).toBeGreaterThan(0)
    await page.evaluate(
      () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
    )
    expect(await page.getByRole('status', { name: 'Opening the build' }).count()).toBe(1)
    holding = false
    for (const send of held) send()
    await page.getByText('This build has not begun').waitFor()
  })
})

describe('what others say', () => {
  it('[UI54] in a title, a step, a line or a result is shown and never run', async () => {
    const markup = '<img src=x onerror=pwned=1><script>pwned=1</script>'
    const context = await browser.context({ bypassCSP: true })
    onTestFinished(() => context.close())
    const page = await openStudio(context, server.url, 'Eve')
    await publish(
      'build:hostile',
      { type: 'build.created', payload: { title: markup, ref: markup, steps: [{ id: 'a', title: markup }] } },
      {
        type: 'build.log',
        payload: { first: 1, lines: [markup, `\u001b[31m${markup}\u001b[0m`, `\u001b]0;x\u0007${markup}`] },
      },
      { type: 'build.failed', payload: { message: markup, step: 'a' } },
    )
    await publish('deployment:hostile', {
      type: 'deployment.started',
      payload: { environment: markup, build: 'hostile', version: markup },
    })
    await page.goto(`${server.url}/builds/hostile`)
    await expect
      .poll(() => page.locator('.log-text').allTextContents(), soon)
      .toEqual([markup, markup, markup])
    expect(await page.locator('h1').textContent()).toBe(markup)
    await page.getByText(`Failed in ${markup}: ${markup}`).waitFor()
    await page.locator('.deployment').getByText(markup).first().waitFor()
    await page.getByLabel('Search the log').fill('<img')
    await expect
      .poll(() => page.locator('.log-text mark').allTextContents(), soon)
      .toEqual(['<img', '<img', '<img'])
    await page.goto(`${server.url}/rooms/build:hostile/entries`)
    await page.getByRole('button', { name: /build\.failed/ }).click()
    await page.locator('.tree').getByText(JSON.stringify(markup)).waitFor()
    await page.getByText('JSON', { exact: true }).click()
    await page.locator('.entry-json').getByText(markup).waitFor()
    expect(await page.locator('img[src="x"]').count()).toBe(0)
    expect(await page.evaluate(() => 'pwned' in window)).toBe(false)
  })
})

describe('beside a build', () => {
  it('[UI55] stand the deployments that name it, and no others', async () => {
    await publish('build:shipped', created('Shipped'), { type: 'build.completed', payload: {} })
    const deploy = (id: string, environment: string, build: string) =>
      publish(`deployment:${id}`, { type: 'deployment.started', payload: { environment, build } })
    await deploy('one', 'staging', 'shipped')
    await deploy('two', 'elsewhere', 'another')
    await ada.goto(`${server.url}/builds/shipped`)
    const shown = ada.locator('.deployment')
    await shown.getByText('staging').waitFor()
    await publish('deployment:one', {
      type: 'deployment.progress',
      payload: { share: 0.4, message: 'Warming up' },
    })
    await shown.getByText(/^40 % · Warming up/).waitFor()
    await publish('deployment:one', {
      type: 'deployment.completed',
      payload: { url: 'https://staging.example.org/', duration: 12_300 },
    })
    await shown.getByText('Deployed in 12 s').waitFor()
    expect(await shown.getByRole('link').getAttribute('href')).toBe('https://staging.example.org/')
    expect(await shown.count()).toBe(1)
  })

  it('[UI50] are listed page by page to the end, also while the list is read anew', async () => {
    const context = await browser.context()
    onTestFinished(() => context.close())
    const page = await openStudio(context, server.url, 'Eve')
    const at = new Date().toISOString()
    const listed = (name: string) => ({ name, head: 1, createdAt: at, createdBy: 'ada', changedAt: at })
    const held = Promise.withResolvers<void>()
    let firsts = 0
    await page.route('**/api/v1/rooms/*/events?*', (route) =>
      route.fulfill({ json: { events: [], head: 1 } }),
    )
    await page.route('**/api/v1/rooms?kind=build&*', async (route) => {
      const more = new URL(route.request().url()).searchParams.has('after')
      if (more) await held.promise
      else firsts += 1
      const json = more
        ? { rooms: [listed('build:old')], next: null }
        : { rooms: [listed('build:new')], next: 'on' }
      // The page may not wait for it any more.
      await route.fulfill({ json }).catch(() => undefined)
    })
    const readAnew = async () => {
      const before = firsts
      await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
      await expect.poll(() => firsts, soon).toBeGreaterThan(before)
    }
    await page.goto(`${server.url}/builds`)
    await page.getByRole('button', { name: 'Show more' }).click()
    await readAnew()
    held.resolve()
    await page.getByRole('link', { name: /^old/ }).waitFor()
    const anew = page.waitForResponse(/kind=build/)
    await readAnew()
    await anew
    expect(await page.getByRole('list', { name: 'Builds' }).getByRole('link').count()).toBe(2)
    expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0)
  })

  it('[UI3] a page that breaks says so, may be tried again, and leaves the others whole', async () => {
    const context = await browser.context()
    onTestFinished(() => context.close())
    const page = await openStudio(context, server.url, 'Eve')
    const builds = '**/api/v1/rooms?kind=build&*'
    // No server of ours has a room that changed at no time: what breaks is what believed it.
    const never = { name: 'build:x', head: 1, createdAt: 'never', createdBy: 'ada', changedAt: 'never' }
    await page.route(builds, (route) => route.fulfill({ json: { rooms: [never], next: null } }))
    await page.goto(`${server.url}/builds`)
    await page.getByText('This page has broken').waitFor()
    await page.getByRole('link', { name: 'Documents' }).first().click()
    await page.getByRole('heading', { name: 'Documents' }).waitFor()
    await page.unroute(builds)
    await page.goBack()
    await page.getByRole('heading', { name: 'Builds' }).waitFor()
  })

  it('[UI57] a sample build is started in development mode, and nowhere else', async () => {
    await ada.goto(`${server.url}/builds`)
    await ada.getByRole('button', { name: 'Start a sample build' }).click()
    await ada.waitForURL('**/builds/sample-*')
    await ada.getByRole('button', { name: /Install/ }).waitFor()
    await expect.poll(async () => (await told(ada)).count, soon).toMatch(/^[1-9]00 lines$/)
    if (process.env.PICTURES) await ada.screenshot({ path: `${process.env.PICTURES}/sample.png` })

    const other = await startServer({ studio: true, env: { JWT_SECRET: SECRET } })
    onTestFinished(() => other.dispose())
    const context = await browser.context()
    onTestFinished(() => context.close())
    const page = await context.newPage()
    await page.goto(`${other.url}/builds`)
    await page
      .getByLabel('Your token', { exact: true })
      .fill(tokenOf('eve', { grants: { 'build:*': 'write' } }))
    await page.getByRole('button', { name: 'Start writing' }).click()
    await page.getByText('No builds yet').waitFor()
    expect(await page.getByRole('button', { name: 'Start a sample build' }).count()).toBe(0)
  })
})

describe('on every screen', () => {
  it.each([
    { scheme: 'light', width: 1440, height: 900 },
    { scheme: 'dark', width: 390, height: 844 },
  ] as const)(
    '[UI2] axe finds nothing serious: $scheme, $width pixels',
    async ({ scheme, width, height }) => {
      await bob.emulateMedia({ colorScheme: scheme })
      await bob.setViewportSize({ width, height })
      const check = async (name: string) => {
        expect(await axe(bob)).toEqual([])
        expect(await bob.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
        if (process.env.PICTURES)
          await bob.screenshot({ path: `${process.env.PICTURES}/${name}-${scheme}-${width}.png` })
      }
      await bob.goto(`${server.url}/builds`)
      await bob.getByRole('link', { name: /Together.*Succeeded/ }).waitFor()
      await check('builds')
      await bob.goto(`${server.url}/builds/long#L20001`)
      await bob.locator('.log-row[data-mark="addressed"]').waitFor()
      await bob.getByLabel('Search the log').fill('old')
      await bob.getByLabel('Search the log').press('Enter')
      await bob.locator('.log-row[data-mark="found"]').waitFor()
      await check('build')
      if (width === 390) {
        await bob.getByText('Steps', { exact: true }).first().click()
        await bob.getByRole('button', { name: /Test/ }).waitFor()
        await check('steps')
      }
      await bob.goto(`${server.url}/rooms/build:together/entries`)
      await bob.getByRole('button', { name: /build\.completed/ }).click()
      await bob.locator('.tree').waitFor()
      await check('entries')
    },
  )
})
