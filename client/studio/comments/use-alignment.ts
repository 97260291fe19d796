import { type RefObject, useEffect } from 'react'
import type { EditorComments } from '../../editors/comments.ts'
import { stacked } from './stacked.ts'

/** While something is typed cards are put in their places no oftener than this, in ms. */
const SETTLE = 100

interface Alignment {
  readonly editor: EditorComments | undefined
  /** What is scrolled with the editor, and the element within it that holds the cards. */
  readonly area: RefObject<HTMLElement | null>
  readonly cards: RefObject<HTMLElement | null>
  readonly active: string | undefined
  readonly draftTop: number | undefined
  /** Changes with the cards. */
  readonly key: string
}

/** The card of what is being written. */
export const DRAFT = 'draft'

/** Keeps each card beside its text. Nothing of it goes through React: it follows the text as that is scrolled. */
export function useAlignment({ editor, area, cards, active, draftTop, key }: Alignment): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: other cards have other places
  useEffect(() => {
    const [outer, inner] = [area.current, cards.current]
    if (editor === undefined || outer === null || inner === null) return
    let timer: ReturnType<typeof setTimeout> | undefined
    let done = Number.NEGATIVE_INFINITY

    const scroll = () => {
      const top = editor.contentTop() - outer.getBoundingClientRect().top
      inner.style.transform = `translateY(${Math.round(top)}px)`
    }
    const align = () => {
      timer = undefined
      done = performance.now()
      const elements = [...inner.children].filter((child) => child instanceof HTMLElement)
      const measured = elements.flatMap((element) => {
        const id = element.dataset.card ?? ''
        const top = id === DRAFT ? draftTop : editor.topOf(id)
        return top === undefined ? [] : [{ id, top, height: element.offsetHeight }]
      })
      const tops = stacked(measured, measured.some(({ id }) => id === DRAFT) ? DRAFT : active)
      for (const element of elements) {
        const top = tops.get(element.dataset.card ?? '')
        element.style.visibility = top === undefined ? 'hidden' : ''
        element.style.top = `${Math.round(top ?? 0)}px`
      }
      scroll()
    }
    const alignSoon = () => {
      timer ??= setTimeout(align, Math.max(0, done + SETTLE - performance.now()))
    }
    // What is being written comes into view, and when it is done all is beside its text again.
    const leave = () => {
      outer.scrollTop = 0
    }
    outer.addEventListener('focusout', leave)
    align()
    const sizes = new ResizeObserver(alignSoon)
    sizes.observe(outer)
    for (const child of inner.children) sizes.observe(child)
    const stop = editor.onMove((what) => {
      if (what === 'scrolled') scroll()
      else if (what === 'moved') alignSoon()
    })
    return () => {
      clearTimeout(timer)
      outer.removeEventListener('focusout', leave)
      sizes.disconnect()
      stop()
    }
  }, [editor, area, cards, active, draftTop, key])
}
