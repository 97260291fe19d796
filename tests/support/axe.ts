import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly where: readonly string[]
}

/** What axe-core finds serious or critical on a page. */
export async function axe(page: Page): Promise<readonly Violation[]> {
  // Evaluated and not added as a script, which the content policy refuses.
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    // While something fades in or out, its colours are mixed with what is behind it.
    const fading = () =>
      document
        .getAnimations()
        .filter(
          ({ playState, effect }) => playState === 'running' && effect?.getTiming().iterations !== Infinity,
        )
    for (let last = fading(); last.length > 0; last = fading())
      await Promise.allSettled(last.map(({ finished }) => finished))
    const { axe } = window as unknown as { readonly axe: typeof import('axe-core') }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => ({ id, where: nodes.map(({ html }) => html.slice(0, 200)) }))
  })
}
