import { Text, Tooltip } from '@mantine/core'
import { IconAlertCircle, IconCheck, IconCloudOff, IconEye, IconLoader2 } from '@tabler/icons-react'
import type { RoomState } from '../../sdk/index.ts'
import { staysWhere } from './notices.tsx'

type Mood = 'saved' | 'saving' | 'offline' | 'read-only' | 'refused'

const ICONS = {
  saved: IconCheck,
  saving: IconLoader2,
  offline: IconCloudOff,
  'read-only': IconEye,
  refused: IconAlertCircle,
} as const

const MEANING: Record<Mood, string> = {
  saved: 'Everything you wrote is in the database.',
  saving: 'The server has not confirmed your last change yet.',
  offline: 'Go on writing: your changes are sent as soon as the server is reached.',
  'read-only': 'You may read this document but not change it.',
  refused: 'The server did not take this.',
}

/** The truth about what is saved, in words. */
export function SaveState({ state }: { readonly state: RoomState }) {
  const { mood, words, short } = describe(state)
  const Icon = ICONS[mood]
  const seq =
    state.savedSeq === undefined ? undefined : `Entry ${state.savedSeq.toLocaleString('en')} of its log`
  return (
    <Tooltip
      multiline
      w={260}
      label={
        <>
          {MEANING[mood]} {mood === 'refused' ? staysWhere(state) : null}
          {seq === undefined ? null : <div>{seq}</div>}
        </>
      }
      events={{ hover: true, focus: true, touch: true }}
    >
      <Text
        component="span"
        size="sm"
        className="save"
        data-mood={mood}
        tabIndex={0}
        data-seq={state.savedSeq}
      >
        <Icon size={16} stroke={2} aria-hidden="true" />
        <span className="save-words">
          <span className="save-long">{words}</span>
          <span className="save-short" aria-hidden="true">
            {short}
          </span>
        </span>
      </Text>
    </Tooltip>
  )
}

interface Description {
  readonly mood: Mood
  readonly words: string
  /** Where a phone leaves no room for more; the banner below says the rest. */
  readonly short: string
}

function describe(state: RoomState): Description {
  const { status, refusal, readOnly, saved, unsaved, kept } = state
  if (refusal !== undefined && (status === 'refused' || unsaved > 0)) {
    return { mood: 'refused', words: `Refused: ${lowerFirst(refusal.message)}`, short: 'Refused' }
  }
  if (saved === 'offline') {
    // What is typed now is on the device some ms later, and counted then.
    const waiting =
      kept === undefined ? `${count(unsaved)} in this tab alone` : `${count(kept)} kept on this device`
    const known = unsaved === 0 || kept === 0 ? '' : `: ${waiting}`
    const word = status === 'offline' ? 'Offline' : 'Connecting'
    if (unsaved === 0 && status !== 'offline')
      return { mood: 'saving', words: 'Connecting…', short: 'Connecting…' }
    return { mood: 'offline', words: `${word}${known}`, short: unsaved === 0 ? word : `${word}: ${unsaved}` }
  }
  if (readOnly) return { mood: 'read-only', words: 'Read only', short: 'Read only' }
  return saved === 'saved'
    ? { mood: 'saved', words: 'Saved', short: 'Saved' }
    : { mood: 'saving', words: 'Saving…', short: 'Saving…' }
}

const count = (changes: number): string =>
  `${changes.toLocaleString('en')} ${changes === 1 ? 'change' : 'changes'}`

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
