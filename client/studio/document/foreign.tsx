import { IconDatabase } from '@tabler/icons-react'
import type { Room } from '../../sdk/index.ts'
import { historyPath } from '../router.ts'
import { EmptyPage } from '../shell/empty-page.tsx'

interface ForeignProps {
  readonly room: Room
  readonly readOnly: boolean
  /** Of what a document of rich text has that the editor here has not. */
  readonly name?: string
}

/** What neither editor may open: another application keeps something here that they do not know of. */
export function Foreign({ room, readOnly, name }: ForeignProps) {
  const [title, what] =
    name === undefined
      ? ['This is no document of the studio', 'Another application keeps its data in this room.']
      : [
          'The studio has no place for all of this document',
          `Another application wrote “${name.slice(0, 60)}” in it, which editing here would delete.`,
        ]
  const past = { path: historyPath(room.name), action: 'Show the history' }
  return (
    <EmptyPage
      icon={<IconDatabase />}
      title={title}
      description={readOnly ? what : `${what} The history shows what is in it.`}
      {...(readOnly ? {} : past)}
    />
  )
}
