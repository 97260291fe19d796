import { useEffect, useRef } from 'react'

/** Where a letter is text: fields, rich text, and Monaco, whose focused element is neither. */
export const TYPED_INTO =
  'input, textarea, select, [contenteditable=""], [contenteditable="true"], .monaco-editor, [role="dialog"]'

/** What lies over the page. The focus need not be in it: a button that is at work lets go of it. */
const OVER_THE_PAGE = '[role="dialog"][aria-modal="true"]'

/** Single keys for the whole page, as long as nothing is being typed into. */
export function useKeys(bindings: Readonly<Record<string, () => void>>): void {
  const latest = useRef(bindings)
  useEffect(() => {
    latest.current = bindings
  })
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.repeat || event.isComposing) return
      if (event.ctrlKey || event.metaKey || event.altKey) return
      if (event.target instanceof Element && event.target.closest(TYPED_INTO) !== null) return
      if (document.querySelector(OVER_THE_PAGE) !== null) return
      if (!Object.hasOwn(latest.current, event.key)) return
      event.preventDefault()
      latest.current[event.key]?.()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])
}
