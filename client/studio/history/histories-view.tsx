import { Alert, Button, EmptyState, Skeleton, Stack, Text, Title } from '@mantine/core'
import { IconCloudOff, IconHistory } from '@tabler/icons-react'
import { useEffect } from 'react'
import { DocumentRow } from '../documents/document-row.tsx'
import type { Documents } from '../documents/use-documents.ts'
import { historyPath } from '../router.ts'

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
        <Stack gap="sm" role="status" aria-label="Loading the documents">
          {[0, 1, 2, 3].map((row) => (
            <Skeleton key={row} height={60} />
          ))}
        </Stack>
      ) : null}
      {error === undefined ? null : (
        <Alert
          role="status"
          color="orange"
          icon={<IconCloudOff />}
          title={list === undefined ? 'The list cannot be read' : 'This list may be out of date'}
        >
          <Stack gap="sm" align="flex-start">
            <span>{error.message}. The past is kept on the server, and nothing of it is lost.</span>
            <Button size="xs" variant="default" onClick={reload}>
              Try again
            </Button>
          </Stack>
        </Alert>
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
