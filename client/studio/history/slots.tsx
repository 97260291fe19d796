import './panels.css'
import { IconEraser, IconMessage, IconRestore, IconUserSearch } from '@tabler/icons-react'
import type { ComponentType } from 'react'
import { BlamePanel } from './blame/blame-panel.tsx'
import { Blame } from './blame/blame-view.tsx'
import { CommentsPanel } from './comments/comments-panel.tsx'
import { Compare } from './compare/compare-view.tsx'
import { DeletedPanel } from './deleted/deleted-panel.tsx'
import type { PanelName } from './position.ts'
import { RestorePanel } from './restore/restore-panel.tsx'

interface PanelSlot {
  readonly name: PanelName
  readonly label: string
  readonly Icon: ComponentType<{ readonly size?: number; readonly stroke?: number }>
  readonly Panel: ComponentType
}

interface Slots {
  /** Stands in the middle while two positions are compared. */
  readonly Compare: ComponentType<{ readonly from: string; readonly to: string }>
  /** Stands in the middle, in place of the content, while it is asked who wrote it. */
  readonly Blame: ComponentType<{ readonly at: string | undefined }>
  /** Stand at the right, one at a time, each behind a button of the bar. */
  readonly panels: readonly PanelSlot[]
}

/** The parts of the history view that have files of their own; each reads `useHistory`. */
export const SLOTS: Slots = {
  Compare,
  Blame,
  panels: [
    { name: 'comments', label: 'Comments', Icon: IconMessage, Panel: CommentsPanel },
    { name: 'blame', label: 'Who wrote this', Icon: IconUserSearch, Panel: BlamePanel },
    { name: 'deleted', label: 'Deleted text', Icon: IconEraser, Panel: DeletedPanel },
    { name: 'restore', label: 'Restore', Icon: IconRestore, Panel: RestorePanel },
  ],
}
