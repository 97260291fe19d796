/** One list of keys: the help shows it, and the hotkeys bind it. */
export const KEYS = [
  { keys: ['mod', 'K'], does: 'Find documents and commands' },
  { keys: ['?'], does: 'Show these keys' },
  { keys: ['C'], does: 'Create a document' },
  { keys: ['G'], does: 'Go to the documents' },
  { keys: ['B'], does: 'Go to the builds' },
  { keys: ['A'], does: 'Go to the activity' },
  { keys: ['T'], does: 'Go to the chats' },
  { keys: ['I'], does: 'Show what you are told, and back' },
  { keys: ['H'], does: 'Show the history of this document, and back' },
  { keys: ['mod', 'Alt', 'M'], does: 'In a document: comment on what is selected' },
  { keys: ['M'], does: 'In a document: show and hide the comments' },
  { keys: ['J', 'K'], does: 'In the history: older, newer; Enter shows it' },
  { keys: ['P'], does: 'In the history: play and pause' },
  { keys: ['N'], does: 'In the history: name this version' },
  { keys: ['N', 'P', 'R'], does: 'While comparing: next change, the one before, take it back' },
  { keys: ['N', 'P'], does: 'In a log: next line that was found, the one before' },
  { keys: ['E'], does: 'In a log: go to the end and follow it' },
  { keys: ['J', 'K'], does: 'In the entries of a room: the next, the one before' },
  { keys: ['P'], does: 'In the entries of a room: pause and go on' },
  { keys: ['/'], does: 'Search the list, or the log' },
  { keys: ['Ctrl', 'M'], does: 'In code: let Tab leave the editor' },
  { keys: ['Esc'], does: 'Close what is open' },
] as const

const isApple = /mac|iphone|ipad/i.test(navigator.platform)

export const keyLabel = (key: string): string => (key === 'mod' ? (isApple ? '⌘' : 'Ctrl') : key)
