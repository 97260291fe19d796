import { Button, EmptyState, Group, Stack, Text, Title } from '@mantine/core'
import { IconListSearch } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { RequestError } from '../api.ts'
import { LoadingRows } from '../shell/loading-rows.tsx'
import { ReadFailure } from '../shell/read-failure.tsx'

interface SectionPageProps {
  readonly title: string
  readonly says: string
  /** What is done from here, beside the title. */
  readonly action?: ReactNode
  readonly children: ReactNode
}

export const SectionPage = ({ title, says, action, children }: SectionPageProps) => (
  <Stack className="page page-wide" gap="lg">
    <Group justify="space-between" align="flex-end" gap="sm">
      <Stack gap={4}>
        <Title order={1} size="h2">
          {title}
        </Title>
        <Text c="dimmed">{says}</Text>
      </Stack>
      {action}
    </Group>
    {children}
  </Stack>
)

interface ListStateProps {
  readonly items: readonly unknown[] | undefined
  readonly error: RequestError | undefined
  readonly retry: () => void
  /** Reads the next page, where there is one and a button is to do it. */
  readonly loadMore?: (() => void) | undefined
  /** What is safe while the list cannot be read. */
  readonly safe: string
  readonly loading: string
  /** In the place of a list without items. */
  readonly empty: ReactNode
  readonly children: ReactNode
}

/** The server has looked at many in vain, and would look at more. */
const NoneYet = () => (
  <EmptyState
    py={40}
    icon={<IconListSearch />}
    title="None so far"
    description="Many were looked at, and there are more to look at."
  />
)

/** A list that is on its way, or cannot be read, or is empty, or is there. */
export function ListState({ items, error, retry, loadMore, safe, loading, empty, children }: ListStateProps) {
  return (
    <>
      {error === undefined ? null : (
        <ReadFailure
          title={items === undefined ? 'The list cannot be read' : 'This list may be out of date'}
          says={`${error.message}. ${safe}`}
          retry={retry}
        />
      )}
      {items === undefined && error === undefined ? <LoadingRows label={loading} height={56} /> : null}
      {items?.length === 0 ? loadMore === undefined ? empty : <NoneYet /> : null}
      {items === undefined || items.length === 0 ? null : children}
      {loadMore === undefined ? null : (
        <Button variant="default" onClick={loadMore} style={{ alignSelf: 'center' }}>
          Show more
        </Button>
      )}
    </>
  )
}
