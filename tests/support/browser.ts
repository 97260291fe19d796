import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type BrowserContext, chromium as driver, type Page } from 'playwright-core'
import { inject } from 'vitest'

export interface TestBrowser {
  /** Somebody's own browser, with storage of its own. */
  context(
    options?: Parameters<Awaited<ReturnType<typeof driver.launch>>['newContext']>[0],
  ): Promise<BrowserContext>
  close(): Promise<void>
}

// As in global-setup.ts, which unpacks nothing for graphics.
chromium.setGraphicsMode = false

/**
 * The package is made for a cloud function. One process for all pages would fall with the first of them, and
 * without web security a test would not see what the content policy refuses.
 */
const UNWANTED = [
  '--single-process',
  '--no-zygote',
  '--disable-web-security',
  '--allow-running-insecure-content',
]

/** Chromium as global-setup.ts has unpacked it, with a folder for temporary files that goes with it. */
export async function launchBrowser(): Promise<TestBrowser> {
  const executablePath = inject('chromium')
  if (executablePath === '')
    throw new Error('global-setup.ts looks for who opens a browser in test files alone')
  const folder = await mkdtemp(join(tmpdir(), 'syncline-chromium-'))
  const browser = await driver.launch({
    executablePath,
    args: chromium.args.filter((arg) => !UNWANTED.includes(arg)),
    chromiumSandbox: false,
    env: { ...process.env, TMPDIR: folder },
  })
  return {
    context: async (options) => {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        // Without it a browser started where LANG is C has a language that is none (“en-US@posix”), and Intl throws.
        locale: 'en-US',
        ...options,
      })
      context.setDefaultTimeout(20_000)
      return context
    },
    close: async () => {
      await browser.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

/** The studio, entered under that name, on its list of documents. */
export async function openStudio(context: BrowserContext, url: string, name: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url)
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Start writing' }).click()
  await page.getByRole('heading', { name: 'Documents' }).waitFor()
  return page
}

/** A document made through the dialog; resolves on its page. */
export async function createDocument(
  page: Page,
  title: string,
  editor: 'Code' | 'Rich text',
): Promise<string> {
  await page.getByRole('link', { name: 'Syncline' }).click()
  await page.getByRole('button', { name: 'New', exact: true }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New document' })
  await dialog.getByLabel('Title').fill(title)
  await dialog.getByText(editor, { exact: true }).click()
  await dialog.getByRole('button', { name: 'Create' }).click()
  await page.waitForURL('**/d/**')
  return new URL(page.url()).pathname
}
