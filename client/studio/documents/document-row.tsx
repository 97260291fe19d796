import { Text, ThemeIcon } from '@mantine/core'
import { IconAlignLeft, IconCode, IconFile } from '@tabler/icons-react'
import type { DocumentSummary } from '../api.ts'
import { documentPath, linkTo } from '../router.ts'
import { ago, exactly } from '../times.ts'

export const titleOf = (title: string | null | undefined): string => title?.trim() || 'Untitled'

const KINDS = {
  code: { label: 'Code', Icon: IconCode },
  rich: { label: 'Rich text', Icon: IconAlignLeft },
  other: { label: 'Document', Icon: IconFile },
} as const

export const kindOf = (editor: string | null) =>
  editor === 'code' || editor === 'rich' ? KINDS[editor] : KINDS.other

interface DocumentRowProps {
  readonly document: DocumentSummary
  /** Where it leads: to the document, unless something else is meant. */
  readonly path?: string
}

export function DocumentRow({ document, path = documentPath(document.name) }: DocumentRowProps) {
  const { label, Icon } = kindOf(document.editor)
  return (
    <a className="row" {...linkTo(path)}>
      <ThemeIcon variant="default" size={36} radius="md" aria-hidden="true">
        <Icon size={18} stroke={1.7} />
      </ThemeIcon>
      <span className="row-text">
        <Text component="span" fw={500} truncate display="block" dir="auto">
          {titleOf(document.title)}
        </Text>
        <Text component="span" size="sm" c="dimmed" truncate display="block">
          {label} · changed{' '}
          <time dateTime={document.changedAt} title={exactly(document.changedAt)}>
            {ago(document.changedAt)}
          </time>
        </Text>
      </span>
    </a>
  )
}
