import { lazy } from 'react'

const loadCode = () => import('./code-editor.tsx')
const loadRich = () => import('./rich-editor.tsx')

export const CodeEditor = lazy(async () => ({ default: (await loadCode()).CodeEditor }))
export const RichEditor = lazy(async () => ({ default: (await loadRich()).RichEditor }))

/**
 * Fetches both editors once the page is quiet, so that a document opens at once and also when the network has
 * gone meanwhile.
 */
export function preloadEditors(): () => void {
  const load = () => {
    // Failing here means nothing: opening a document asks again, and shows it if that fails too.
    loadRich().catch(() => undefined)
    loadCode().catch(() => undefined)
  }
  if (typeof requestIdleCallback === 'undefined') {
    const timer = setTimeout(load, 1500)
    return () => clearTimeout(timer)
  }
  const handle = requestIdleCallback(load, { timeout: 3000 })
  return () => cancelIdleCallback(handle)
}
