import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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

/** Somebody's browser, whose pages of the server's origin hold nothing but the client. */
const person = async (): Promise<BrowserContext> => {
  const context = await browser.context()
  await servePage(context, `${server.url}/page`, script)
  return context
}

const visit = async (context: BrowserContext, room: string): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(`${server.url}/page`)
  const token = await server.token('ada', { '*:*': 'write' })
  await page.evaluate(
    ([url, given, name]) => {
      window.here = window.open_(url ?? '', given ?? '', name ?? '')
    },
    [server.url, token, room],
  )
  return page
}

/** Somebody who comes with nothing, and has what is there. */
const newcomer = async (room: string): Promise<Page> => {
  const page = await visit(await person(), room)
  await page.evaluate(() => window.here.whenSaved())
  return page
}

const state = (page: Page) => page.evaluate(() => window.here.state())

describe('the client in a browser', () => {
  it('[SDK2] keeps offline edits over a closed tab, says how many they are, and sends them on return', async () => {
    const context = await person()
    const page = await visit(context, 'doc:offline')
    await page.evaluate(() => window.here.write('before '))
    await page.evaluate(() => window.here.whenSaved())
    await expect
      .poll(() => page.evaluate(() => window.here.confirmed('doc:offline')))
      .toContain('before '.length)
    await context.setOffline(true)
    await page.waitForFunction(() => window.here.state().status === 'offline')
    await page.evaluate(() => {
      for (const letter of 'abc') window.here.write(letter)
      window.here.erase(1)
    })
    expect(await state(page)).toMatchObject({ saved: 'offline', unsaved: 4 })
    await page.waitForFunction(() => window.here.state().kept === 4)
    await page.close()

    const again = await visit(context, 'doc:offline')
    await again.evaluate(() => window.here.whenLoaded())
    expect(await again.evaluate(() => window.here.read())).toBe('babefore ')
    expect(await state(again)).toMatchObject({ loaded: true, unsaved: 4 })
    expect((await state(again)).saved).not.toBe('saved')
    await context.setOffline(false)
    await again.evaluate(() => window.here.whenSaved())
    expect((await state(again)).unsaved).toBe(0)
    await expect
      .poll(() => again.evaluate(() => window.here.confirmed('doc:offline')))
      .toContain('before abc'.length)
    await again.close()

    const other = await visit(await person(), 'doc:offline')
    await other.evaluate(() => window.here.whenSaved())
    expect(await other.evaluate(() => window.here.read())).toBe('babefore ')

    const known = await visit(context, 'doc:offline')
    await known.evaluate(() => window.here.whenLoaded())
    expect((await state(known)).unsaved).toBe(0)
  })

  it('[SDK2] calls nothing kept before it is written, nor where it cannot be written', async () => {
    const context = await person()
    const page = await visit(context, 'doc:kept')
    await page.evaluate(() => window.here.whenSaved())
    await context.setOffline(true)
    await page.waitForFunction(() => window.here.state().status === 'offline')
    // Somebody else writes into the copy for a while, and everybody who comes after them waits.
    await page.evaluate(async () => {
      const [{ name = '' } = {}] = (await indexedDB.databases()).filter((one) =>
        one.name?.includes('doc:kept'),
      )
      const opening = indexedDB.open(name)
      await new Promise((resolve) => opening.addEventListener('success', resolve))
      const held = opening.result.transaction('updates', 'readwrite').objectStore('updates')
      const goOn = () => {
        if (!Reflect.has(window, 'goOn')) held.getKey(0).addEventListener('success', goOn)
      }
      goOn()
    })
    await page.evaluate(() => window.here.write('a'))
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)))
    expect(await state(page)).toMatchObject({ unsaved: 1, kept: 0 })
    await page.evaluate(() => Reflect.set(window, 'goOn', true))
    await page.waitForFunction(() => window.here.state().kept === 1)
    // A disk without room: the write is taken, and aborted.
    await page.evaluate(() => {
      const { add } = IDBObjectStore.prototype
      IDBObjectStore.prototype.add = function (this: IDBObjectStore, ...what: Parameters<typeof add>) {
        IDBObjectStore.prototype.add = add
        const request = add.apply(this, what)
        this.transaction.abort()
        return request
      }
      window.here.write('b')
      // Written, as the first has not failed yet, and builds on it.
      window.here.write('c')
    })
    await page.waitForFunction(() => window.here.state().kept === undefined)
    expect(await state(page)).toMatchObject({ unsaved: 3 })
    await page.evaluate(() => window.here.write('d'))
    expect(await state(page)).toMatchObject({ unsaved: 4, kept: undefined })
    await page.close()

    // What was kept is sent, and what builds on the rest stops nobody.
    const again = await visit(context, 'doc:kept')
    await again.evaluate(() => window.here.whenLoaded())
    expect(await again.evaluate(() => window.here.read())).toBe('a')
    await context.setOffline(false)
    await again.evaluate(() => window.here.whenSaved())
    await again.evaluate(() => window.here.write('e'))
    await again.evaluate(() => window.here.whenSaved())
    expect(await (await newcomer('doc:kept')).evaluate(() => window.here.read())).toBe('ea')
  })

  it('[SDK1] goes on where the browser takes the copy away, and calls nothing kept from there on', async () => {
    const context = await person()
    const page = await visit(context, 'doc:taken')
    await page.evaluate(() => window.here.whenSaved())
    const other = await visit(await person(), 'doc:taken')
    await other.evaluate(() => window.here.whenSaved())
    const elsewhere = await context.newPage()
    await elsewhere.goto(`${server.url}/page`)
    await elsewhere.evaluate(async () => {
      const names = (await indexedDB.databases()).map(({ name = '' }) => name)
      const deleted = names
        .filter((name) => name.includes('doc:taken'))
        .map((name) => indexedDB.deleteDatabase(name))
      await Promise.all(
        deleted.map((request) => new Promise((resolve) => request.addEventListener('success', resolve))),
      )
    })
    await other.evaluate(() => window.here.write('b'))
    await page.waitForFunction(() => window.here.read() === 'b')
    expect(await page.evaluate(() => window.here.written('a'))).toMatchObject({
      saved: 'saving',
      kept: undefined,
    })
    await page.evaluate(() => window.here.whenSaved())
    await other.waitForFunction(() => window.here.read() === 'ab')
  })

  it('[SDK2] works where the browser denies storage, however it does, and says that nothing is kept', async () => {
    const ways = {
      throws: () => {
        IDBFactory.prototype.open = () => {
          throw new DOMException('The operation is insecure.', 'SecurityError')
        }
      },
      fails: () => {
        const { open } = IDBFactory.prototype
        IDBFactory.prototype.open = function (this: IDBFactory, name: string) {
          const opening = open.call(this, name)
          // Behind the listeners of whoever opens it.
          queueMicrotask(() => opening.addEventListener('upgradeneeded', () => opening.transaction?.abort()))
          return opening
        }
      },
    }
    for (const [way, deny] of Object.entries(ways)) {
      const context = await person()
      await context.addInitScript(deny)
      const thrown: string[] = []
      context.on('weberror', (error) => thrown.push(error.error().message))
      const page = await visit(context, `doc:denied-${way}`)
      await page.evaluate(() => window.here.whenLoaded())
      await page.evaluate(() => window.here.whenSaved())
      await context.setOffline(true)
      await page.waitForFunction(() => window.here.state().status === 'offline')
      await page.evaluate(() => window.here.write('a'))
      expect(await state(page)).toMatchObject({ unsaved: 1, kept: undefined })
      await context.setOffline(false)
      await page.evaluate(() => window.here.whenSaved())
      await page.evaluate(() => window.here.client.destroy())
      expect(await (await newcomer(`doc:denied-${way}`)).evaluate(() => window.here.read())).toBe('a')
      expect(thrown).toEqual([])
    }
  })

  it('[SDK1] goes on where a listener of the document throws', async () => {
    const page = await visit(await person(), 'doc:interrupted')
    await page.evaluate(() => window.here.whenSaved())
    await page.evaluate(() => {
      const { doc } = window.here.client.room('doc:interrupted')
      const thrower = () => {
        doc.off('update', thrower)
        throw new Error('a listener of the application')
      }
      doc.on('update', thrower)
      try {
        window.here.write('a')
      } catch {
        // The application's own.
      }
    })
    await page.evaluate(() => window.here.whenSaved())
    expect(await page.evaluate(() => window.here.written('b'))).toMatchObject({ saved: 'saving' })
    await page.evaluate(() => window.here.whenSaved())
    expect(await (await newcomer('doc:interrupted')).evaluate(() => window.here.read())).toBe('ba')
  })

  it('[SDK2] counts what others write as nothing of this device', async () => {
    const context = await person()
    const page = await visit(context, 'doc:of-others')
    await page.evaluate(() => window.here.whenSaved())
    const other = await visit(await person(), 'doc:of-others')
    await other.evaluate(() => window.here.write('b'.repeat(500)))
    await page.waitForFunction(() => window.here.read().length === 500)
    await expect.poll(() => page.evaluate(() => window.here.confirmed('doc:of-others'))).toContain(500)
    await context.setOffline(true)
    await page.close()
    const again = await visit(context, 'doc:of-others')
    await again.evaluate(() => window.here.whenLoaded())
    expect(await again.evaluate(() => window.here.read().length)).toBe(500)
    expect(await state(again)).toMatchObject({ unsaved: 0 })
  })

  it('[SDK2] counts nothing as unsaved that was saved when it closed', async () => {
    const context = await person()
    const page = await visit(context, 'doc:closed')
    await page.evaluate(() => window.here.write('a'))
    await page.evaluate(() => window.here.whenSaved())
    await expect.poll(() => page.evaluate(() => window.here.confirmed('doc:closed'))).toContain(1)
    await page.evaluate(async () => {
      window.here.write('more')
      await window.here.whenSaved()
      await window.here.client.destroy()
    })
    expect(await page.evaluate(() => window.here.confirmed('doc:closed'))).toContain(5)
    await context.setOffline(true)
    await page.close()
    const again = await visit(context, 'doc:closed')
    await again.evaluate(() => window.here.whenLoaded())
    expect(await state(again)).toMatchObject({ unsaved: 0 })
  })

  it('[SDK2] leaves what another tab has kept, though it closes while it makes one update of many', async () => {
    const context = await person()
    const page = await visit(context, 'doc:two-tabs')
    await page.evaluate(() => window.here.whenSaved())
    const other = await visit(context, 'doc:two-tabs')
    await other.evaluate(() => window.here.whenSaved())
    await context.setOffline(true)
    for (const tab of [page, other]) await tab.waitForFunction(() => window.here.state().status === 'offline')
    await other.evaluate(() => window.here.write('b'))
    await other.waitForFunction(() => window.here.state().kept === 1)
    await page.evaluate(() => {
      const closed = window.here.closeOnceItCompacts('doc:two-tabs')
      for (let i = 0; i < 520; i += 1) window.here.write('a')
      return closed
    })
    await other.close()
    await page.close()
    const again = await visit(context, 'doc:two-tabs')
    await again.evaluate(() => window.here.whenLoaded())
    const text = await again.evaluate(() => window.here.read())
    expect([text.length, text.includes('b')]).toEqual([521, true])
  })

  it('[SDK23] [SDK26] is destroyed without a word of what this device keeps', async () => {
    const context = await person()
    const page = await visit(context, 'doc:left')
    await page.evaluate(() => window.here.whenSaved())
    await context.setOffline(true)
    await page.waitForFunction(() => window.here.state().status === 'offline')
    await page.evaluate(() => window.here.write('for later'))
    await page.evaluate(() => window.here.say('for later'))
    await page.waitForFunction(() => window.here.state().kept === 1)
    await page.waitForFunction(() => !window.here.client.getState().losing)
    await page.evaluate(() => window.here.client.destroy())
    expect(await state(page)).toMatchObject({ unsaved: 1, kept: 1, unsent: 1 })
  })

  it('[SDK4] holds a room through the double mounting of React’s StrictMode', async () => {
    const page = await visit(await person(), 'doc:strict')
    await page.evaluate(() => window.here.show())
    await page.waitForFunction(() => document.body.textContent?.includes('online saved 1'))
    await page.waitForTimeout(1_500)
    expect(await page.evaluate(() => document.body.textContent)).toContain('online saved 1')
  })

  it('[SDK25] leaves a page as it is when its client is destroyed', async () => {
    const page = await visit(await person(), 'doc:signed-out')
    const thrown: string[] = []
    page.on('pageerror', ({ message }) => thrown.push(message))
    await page.evaluate(() => window.here.show())
    await page.waitForFunction(() => document.body.textContent?.includes('online saved 1'))
    await page.evaluate(() => window.here.client.destroy())
    await page.waitForFunction(() => document.body.textContent?.includes('offline offline'))
    expect(thrown).toEqual([])
  })
})
