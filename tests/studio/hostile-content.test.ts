import { randomUUID } from 'node:crypto'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { launchBrowser, openStudio, type TestBrowser } from '../support/browser.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** Sets `pwned` wherever it is taken for HTML. */
const MARKUP = '<img src=x onerror=pwned=1><script>pwned=1</script>'
/** Ends a string, a rule and a style sheet. */
const STYLE = '"}*{display:none}</style>'

let server: TestServer
let browser: TestBrowser
let page: Page
let context: BrowserContext

beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ studio: true }), launchBrowser()])
  // Without the content policy, which would stop what comes through: here it must not come so far.
  context = await browser.context({ bypassCSP: true })
  page = await openStudio(context, server.url, 'Ada')
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await server?.dispose()
})

/** A document that somebody hostile has written, who is still in it. */
async function hostile(
  write: (doc: Y.Doc) => void,
): Promise<{ readonly eve: Replica; readonly path: string }> {
  const room = `doc:${randomUUID()}`
  const eve = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token(`${MARKUP}${STYLE}`) })
  onTestFinished(() => eve.destroy())
  eve.document.transact(() => {
    eve.document.getMap('meta').set('title', `Title ${MARKUP}`)
    write(eve.document)
  })
  await eve.saved()
  return { eve, path: `/d/${room}` }
}

const pwned = () => page.evaluate(() => 'pwned' in window)
const soon = { timeout: 20_000, interval: 50 }

const ADDRESSES = [
  'javascript:pwned=1',
  'JaVaScRiPt:pwned=1',
  ' javascript:pwned=1',
  'java\tscript:pwned=1',
  'java\nscript:pwned=1',
  '\u0001javascript:pwned=1',
  'java\u00adscript:pwned=1',
  'data:text/html,<script>opener.pwned=1</script>',
  'vbscript:pwned=1',
  'blob:pwned',
]

function link(text: string, attributes: Record<string, unknown>): Y.XmlElement {
  const paragraph = new Y.XmlElement('paragraph')
  const words = new Y.XmlText()
  words.insert(0, text, { link: attributes })
  paragraph.insert(0, [words])
  return paragraph
}

describe('what others wrote', () => {
  it('[SEC1] as rich text is shown and never run: addresses, attributes', async () => {
    const { path } = await hostile((doc) => {
      const fragment = doc.getXmlFragment('default')
      fragment.push(ADDRESSES.map((href, i) => link(`address ${i}`, { href })))
      fragment.push([
        link('dressed', {
          href: 'https://example.org/',
          target: '_self',
          rel: 'opener',
          class: 'skip',
          onclick: 'pwned=1',
          style: 'position:fixed;inset:0',
        }),
      ])
      const heading = new Y.XmlElement('heading')
      heading.setAttribute('level', MARKUP)
      const block = new Y.XmlElement('codeBlock')
      block.setAttribute('language', `" onmouseover="pwned=1" ${STYLE}`)
      for (const element of [heading, block]) element.insert(0, [new Y.XmlText(MARKUP)])
      fragment.push([heading, block, link('last', { href: '/' })])
    })
    await page.goto(server.url + path)
    await page.getByText('last').waitFor()
    const text = page.locator('.rich-text')
    expect(await text.locator('img, script, style, iframe, svg, [onclick], [onmouseover]').count()).toBe(0)
    for (const anchor of await text.locator('a').all()) {
      const words = (await anchor.textContent()) ?? ''
      const protocol = await anchor.evaluate((a) => (a as HTMLAnchorElement).protocol)
      expect([words, protocol]).toEqual([words, words === 'dressed' ? 'https:' : 'http:'])
      expect(await anchor.getAttribute('rel')).toBe('noopener noreferrer nofollow')
      expect([await anchor.getAttribute('class'), await anchor.getAttribute('style')]).toEqual([null, null])
      await anchor.dispatchEvent('click')
    }
    expect(await page.title()).toContain(MARKUP)
    expect(await pwned()).toBe(false)
  })

  it('[SEC1] as elements or attributes that no editor has is named as text, and nothing of it is made', async () => {
    for (const name of ['script', 'iframe', MARKUP, 'heading']) {
      const { path } = await hostile((doc) => {
        const element = new Y.XmlElement(name)
        element.setAttribute('onclick', 'pwned=1')
        element.insert(0, [new Y.XmlText('pwned=1')])
        doc.getXmlFragment('default').push([element])
      })
      await page.goto(server.url + path)
      await page.getByText(`Another application wrote “${name.slice(0, 60)}”`).waitFor()
      expect(await page.locator('iframe, img[src="x"], [onclick]').count()).toBe(0)
      expect(await pwned()).toBe(false)
    }
  })

  it('[SEC1] as code, a title, a language or a name is shown and never run', async () => {
    const { eve, path } = await hostile((doc) => {
      doc.getText('content').insert(0, `${MARKUP}\n${STYLE}\nlast`)
      doc.getMap('meta').set('language', MARKUP)
    })
    const text = eve.document.getText('content')
    const at = Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, 3))
    eve.provider.setAwarenessField('selection', { anchor: at, head: at })
    await page.goto(server.url + path)
    await page.locator('.yRemoteSelectionHead').first().waitFor({ state: 'attached' })
    const name = page
      .locator('.yRemoteSelectionHead')
      .first()
      .evaluate((caret) => getComputedStyle(caret, '::after').content)
    expect(await name).toContain('onerror')
    // What would end a style sheet has not: nothing is hidden by its rule.
    await page.getByLabel('Title').waitFor()
    await page.locator('.person-button').first().hover()
    await page.getByText('onerror=pwned').first().waitFor()
    await page.goto(server.url)
    await page
      .getByRole('link', { name: /Title <img/ })
      .first()
      .waitFor()
    await page.keyboard.press('Control+k')
    await page.getByLabel('Find documents and commands').fill('<img')
    await page.getByText(`Title ${MARKUP}`).last().waitFor()
    await page.keyboard.press('Escape')
    expect(await page.locator('img[src="x"]').count()).toBe(0)
    expect(await pwned()).toBe(false)
  })

  it('[SEC1] pasted from another page is read as text and marks, and nothing of it is run', async () => {
    const { path } = await hostile((doc) => {
      doc.getXmlFragment('default').push([link('here', { href: '/' })])
    })
    await page.goto(server.url + path)
    const text = page.locator('.rich-text')
    await text.getByText('here').click()
    await text.evaluate((editor, html) => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/html', html)
      editor.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    }, `${MARKUP}<svg onload=pwned=1></svg><iframe srcdoc="<script>parent.pwned=1</script>"></iframe><p onclick=pwned=1 style="position:fixed">pasted <a href="javascript:pwned=1" class="skip">words</a></p>`)
    await text.getByText('pasted').waitFor()
    expect(
      await text.locator('img, script, style, iframe, svg, [onclick], [style*=fixed], a[href^=java]').count(),
    ).toBe(0)
    expect(await pwned()).toBe(false)
  })

  it('[SEC1] negative control: the same markup runs where it is taken for HTML', async () => {
    const bare = await context.newPage()
    onTestFinished(() => bare.close())
    await bare.goto(server.url)
    await bare.evaluate((html) => document.body.insertAdjacentHTML('beforeend', html), MARKUP)
    await expect.poll(() => bare.evaluate(() => 'pwned' in window), soon).toBe(true)
  })
})

describe('the content policy', () => {
  it('[SEC2] is kept by every part of the studio, and refuses an inline script and another host', async () => {
    const own = await browser.context()
    onTestFinished(() => own.close())
    await own.addInitScript(() => {
      const seen: string[] = []
      Reflect.set(window, 'refused', seen)
      document.addEventListener('securitypolicyviolation', (event) => {
        seen.push(`${event.effectiveDirective} ${event.blockedURI}`)
      })
    })
    const visitor = await openStudio(own, server.url, 'Bob')
    const refused = () => visitor.evaluate((): unknown => Reflect.get(window, 'refused'))
    const rich = await hostile((doc) => doc.getXmlFragment('default').push([link('words', { href: '/' })]))
    await visitor.goto(server.url + rich.path)
    await visitor.getByText('words').waitFor()
    await visitor
      .locator('.save-long')
      .and(visitor.getByText('Saved', { exact: true }))
      .waitFor()
    expect(await refused()).toEqual([])
    const code = await hostile((doc) => doc.getText('content').insert(0, 'const words = 1'))
    code.eve.document.getMap('meta').set('language', 'typescript')
    await visitor.goto(server.url + code.path)
    await visitor.locator('.view-lines').click()
    await visitor.keyboard.press('F1')
    await visitor
      .locator('.save-long')
      .and(visitor.getByText('Saved', { exact: true }))
      .waitFor()
    expect(await refused()).toEqual([])
    await visitor.evaluate(async () => {
      const script = document.createElement('script')
      script.textContent = 'pwned=1'
      document.body.append(script)
      await fetch('http://127.0.0.1:9/').catch(() => undefined)
    })
    expect(await visitor.evaluate(() => 'pwned' in window)).toBe(false)
    expect(await refused()).toEqual(['script-src-elem inline', 'connect-src http://127.0.0.1:9/'])
  })
})
