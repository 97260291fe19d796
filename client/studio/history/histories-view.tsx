import { EmptyState, Stack, Text, Title } from '@mantine/core'
import { IconHistory } from '@tabler/icons-react'
import { useEffect } from 'react'
import { DocumentRow } from '../documents/document-row.tsx'
import type { Documents } from '../documents/use-documents.ts'
import { historyPath } from '../router.ts'
import { LoadingRows } from '../shell/loading-rows.tsx'
import { ReadFailure } from '../shell/read-failure.tsx'

/** Whose past to read. */
export function HistoriesView({ documents }: { readonly documents: Documents }) {
  const { list, error, reload } = documents
  useEffect(() => {
    document.title = 'History · Syncline'
  }, [])
  return (
    <Stack className="page" gap="lg">
      <Stack gap={4}>
        <Title order={1} size="h2">
          History
        </Title>
        <Text c="dimmed">Choose a document to see what it said, and who wrote it.</Text>
      </Stack>
      {list === undefined && error === undefined ? (
        <LoadingRows label="Loading the documents" height={60} />
      ) : null}
      {error === undefined ? null : (
        <ReadFailure
          title={list === undefined ? 'The list cannot be read' : 'This list may be out of date'}
          says={`${error.message}. The past is kept on the server, and nothing of it is lost.`}
          retry={reload}
        />
      )}
      {list?.length === 0 ? (
        <EmptyState
          py={64}
          icon={<IconHistory />}
          title="Nothing has happened yet"
          description="As soon as somebody writes in a document, its past is here."
        />
      ) : null}
      {list === undefined || list.length === 0 ? null : (
        <ul className="rows" aria-label="Documents">
          {list.map((document) => (
            <li key={document.name}>
              <DocumentRow document={document} path={historyPath(document.name)} />
            </li>
          ))}
        </ul>
      )}
    </Stack>
  )
}
