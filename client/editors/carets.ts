import * as Y from 'yjs'
import { userIn } from '../sdk/people.ts'

/** Where somebody's caret is, as y-monaco writes it into awareness. */
interface RemoteSelection {
  readonly anchor: Y.RelativePosition
  readonly head: Y.RelativePosition
}

/** The index of a caret in `text`; `undefined` for what is not one, or is elsewhere. Another client wrote it. */
export const headIndex = (state: unknown, text: Y.Text): number | undefined => {
  const { doc } = text
  if (doc === null || typeof state !== 'object' || state === null || !('selection' in state)) return undefined
  const selection = state.selection as Partial<RemoteSelection> | null
  if (typeof selection !== 'object' || !selection?.anchor || !selection.head) return undefined
  try {
    const anchor = Y.createAbsolutePositionFromRelativePosition(selection.anchor, doc)
    const head = Y.createAbsolutePositionFromRelativePosition(selection.head, doc)
    return anchor?.type === text && head?.type === text ? head.index : undefined
  } catch {
    // Not a position at all: a broken or hostile client's, and nobody else's trouble.
    return undefined
  }
}

export const CARET_RULES = `
.yRemoteSelectionHead { position: absolute; box-sizing: border-box; height: 100%; pointer-events: none }
.yRemoteSelectionHead::after {
  position: absolute; left: -2px; padding: 0 4px; border-radius: 3px; color: #fff; z-index: 5;
  font: 600 11px/16px system-ui, sans-serif; white-space: nowrap; opacity: 0;
  animation: syncline-caret-name 4s ease-out;
}
@keyframes syncline-caret-name { 0%, 70% { opacity: 1 } 100% { opacity: 0 } }
`

/** The style rules of one person's caret. Names and colours are other people's, so neither goes in as it came. */
export const caretRules = (client: number, state: unknown, below: boolean): string => {
  const user = userIn(state)
  if (user === undefined || !Number.isSafeInteger(client)) return ''
  const { color, name } = user
  return `
.yRemoteSelection-${client} { background-color: ${color}40 }
.yRemoteSelectionHead-${client} { border-left: 2px solid ${color} }
.yRemoteSelectionHead-${client}::after { content: "${cssText(name)}"; background: ${color}; ${below ? 'top: 100%' : 'bottom: 100%'} }
`
}

/** Text for a quoted CSS string: everything that could end it, or means anything to CSS, as a code point. */
export const cssText = (text: string): string =>
  [...text.slice(0, 40)]
    .map((character) =>
      /[\p{L}\p{N}]/u.test(character) ? character : `\\${character.codePointAt(0)?.toString(16)} `,
    )
    .join('')
