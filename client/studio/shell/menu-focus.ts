import type { MouseEvent } from 'react'

/**
 * What an item of a menu opens gives the focus back, once it is closed, to whatever had it before. The item is gone by
 * then, so that is to be the button of its menu.
 */
export function focusMenuButton({ target, currentTarget }: MouseEvent<HTMLElement>): void {
  if (!(target instanceof Element) || target.closest('[role="menuitem"]') === null) return
  const button = document.getElementById(currentTarget.getAttribute('aria-labelledby') ?? '')
  button?.focus({ preventScroll: true })
}
