/** One list of keys: the help shows it, and the hotkeys bind it. */
export const KEYS = [
  { keys: ['mod', 'K'], does: 'Find documents and commands' },
  { keys: ['?'], does: 'Show these keys' },
  { keys: ['C'], does: 'Create a document' },
  { keys: ['G'], does: 'Go to the documents' },
  { keys: ['/'], does: 'Search the list' },
  { keys: ['Ctrl', 'M'], does: 'In code: let Tab leave the editor' },
  { keys: ['Esc'], does: 'Close what is open' },
] as const

const isApple = /mac|iphone|ipad/i.test(navigator.platform)

export const keyLabel = (key: string): string => (key === 'mod' ? (isApple ? '⌘' : 'Ctrl') : key)
