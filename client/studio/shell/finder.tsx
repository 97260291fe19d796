import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight'
import {
  IconActivity,
  IconFiles,
  IconHammer,
  IconHistory,
  IconKeyboard,
  IconMessages,
  IconMoon,
  IconPlus,
  IconSearch,
  IconServerCog,
} from '@tabler/icons-react'
import type { DocumentSummary } from '../api.ts'
import { kindOf, titleOf } from '../documents/document-row.tsx'
import {
  ACTIVITY,
  BUILDS,
  CHATS,
  documentPath,
  HISTORIES,
  navigate,
  operationsPath,
  SECTIONS,
} from '../router.ts'
import type { Session } from '../session.ts'
import { SECTION_NAMES } from './places.tsx'
import { useSchemeToggle } from './scheme-toggle.tsx'

interface FinderProps {
  readonly documents: readonly DocumentSummary[] | undefined
  /** The history of what is open, or where one chooses whose to read. */
  readonly past: string
  readonly session: Session
  readonly onCreate: (() => void) | undefined
  readonly onKeys: () => void
}

export function Finder({ documents, past, session, onCreate, onKeys }: FinderProps) {
  const toggleScheme = useSchemeToggle()
  const rooms = (documents ?? []).map((document) => {
    const { label, Icon } = kindOf(document.editor)
    return {
      id: document.name,
      label: titleOf(document.title),
      description: label,
      keywords: document.name,
      leftSection: <Icon size={18} stroke={1.7} />,
      onClick: () => navigate(documentPath(document.name)),
    }
  })
  const icon = { size: 18, stroke: 1.7 }
  const commands = [
    ...(onCreate === undefined
      ? []
      : [{ id: '!create', label: 'New document', leftSection: <IconPlus {...icon} />, onClick: onCreate }]),
    {
      id: '!list',
      label: 'Go to documents',
      leftSection: <IconFiles {...icon} />,
      onClick: () => navigate('/'),
    },
    {
      id: '!builds',
      label: 'Go to the builds',
      leftSection: <IconHammer {...icon} />,
      onClick: () => navigate(BUILDS),
    },
    {
      id: '!activity',
      label: 'Go to the activity',
      leftSection: <IconActivity {...icon} />,
      onClick: () => navigate(ACTIVITY),
    },
    {
      id: '!chats',
      label: 'Go to the chats',
      leftSection: <IconMessages {...icon} />,
      onClick: () => navigate(CHATS),
    },
    {
      id: '!history',
      label: past === HISTORIES ? 'Go to the history' : 'Show this document’s history',
      leftSection: <IconHistory {...icon} />,
      onClick: () => navigate(past),
    },
    ...SECTIONS.filter((section) => session.operates || (session.administers && section === 'rooms')).map(
      (section) => ({
        id: `!${section}`,
        label: `Operations: ${SECTION_NAMES[section]}`,
        leftSection: <IconServerCog {...icon} />,
        onClick: () => navigate(operationsPath(section)),
      }),
    ),
    {
      id: '!scheme',
      label: 'Switch light and dark',
      leftSection: <IconMoon {...icon} />,
      onClick: toggleScheme,
    },
    { id: '!keys', label: 'Show keys', leftSection: <IconKeyboard {...icon} />, onClick: onKeys },
  ]
  const actions: SpotlightActionGroupData[] = [
    { group: 'Commands', actions: commands },
    ...(rooms.length === 0 ? [] : [{ group: 'Documents', actions: rooms }]),
  ]
  return (
    <Spotlight
      actions={actions}
      shortcut={['mod + K']}
      // Also while a text is being edited: that is where one looks for the next one.
      tagsToIgnore={[]}
      triggerOnContentEditable
      highlightQuery
      scrollable
      maxHeight="min(60dvh, 420px)"
      limit={50}
      nothingFound="Nothing found"
      searchProps={{
        'aria-label': 'Find documents and commands',
        placeholder: 'Find documents and commands',
        leftSection: <IconSearch size={20} stroke={1.7} />,
      }}
    />
  )
}
