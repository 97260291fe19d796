import { Button, CloseButton, EmptyState, Group, Skeleton, Stack, TextInput, Title } from '@mantine/core'
import { IconFiles, IconPlus, IconSearch } from '@tabler/icons-react'
import { type RefObject, useEffect, useState } from 'react'
import type { DocumentSummary } from '../api.ts'
import { ReadFailure } from '../shell/read-failure.tsx'
import { DocumentRow, titleOf } from './document-row.tsx'
import type { Documents } from './use-documents.ts'

interface DocumentsViewProps {
  readonly documents: Documents
  /** `undefined` where this person may not create documents. */
  readonly onCreate: (() => void) | undefined
  readonly searchRef: RefObject<HTMLInputElement | null>
}

export function DocumentsView({ documents, onCreate, searchRef }: DocumentsViewProps) {
  const [search, setSearch] = useState('')
  const { list, error, reload } = documents

  useEffect(() => {
    document.title = 'Documents · Syncline'
  }, [])

  return (
    <Stack className="page" gap="lg">
      <Group justify="space-between" wrap="nowrap">
        <Title order={1} size="h2">
          Documents
        </Title>
        {onCreate === undefined ? null : (
          <Button leftSection={<IconPlus size={18} />} onClick={onCreate}>
            New
          </Button>
        )}
      </Group>
      {error === undefined ? null : (
        <ReadFailure
          title={list === undefined ? 'The list cannot be read' : 'This list may be out of date'}
          says={`${error.message}. Documents that you opened here before are kept on this device.`}
          retry={reload}
        />
      )}
      {list === undefined && error === undefined ? <Loading /> : null}
      {list === undefined || list.length > 0 ? null : <Empty onCreate={onCreate} />}
      {list === undefined || list.length === 0 ? null : (
        <>
          <TextInput
            ref={searchRef}
            type="search"
            size="md"
            aria-label="Search documents"
            placeholder="Search"
            leftSection={<IconSearch size={18} />}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
            rightSection={
              search === '' ? null : (
                <CloseButton aria-label="Clear the search" onClick={() => setSearch('')} />
              )
            }
          />
          <Found list={list} search={search} onClear={() => setSearch('')} />
        </>
      )}
    </Stack>
  )
}

interface FoundProps {
  readonly list: readonly DocumentSummary[]
  readonly search: string
  readonly onClear: () => void
}

function Found({ list, search, onClear }: FoundProps) {
  const wanted = search.trim().toLocaleLowerCase()
  const found = list.filter(
    ({ name, title }) => titleOf(title).toLocaleLowerCase().includes(wanted) || name.includes(wanted),
  )
  if (found.length === 0) {
    return (
      <EmptyState
        icon={<IconSearch />}
        title="Nothing found"
        description={`No document is called “${search.trim()}”.`}
      >
        <EmptyState.Actions>
          <Button variant="default" onClick={onClear}>
            Show all
          </Button>
        </EmptyState.Actions>
      </EmptyState>
    )
  }
  return (
    <ul className="rows" aria-label="Documents">
      {found.map((document) => (
        <li key={document.name}>
          <DocumentRow document={document} />
        </li>
      ))}
    </ul>
  )
}

function Empty({ onCreate }: Pick<DocumentsViewProps, 'onCreate'>) {
  if (onCreate === undefined) {
    return (
      <EmptyState
        py={64}
        icon={<IconFiles />}
        title="No documents yet"
        description="What others share with you is listed here."
      />
    )
  }
  return (
    <EmptyState
      py={64}
      icon={<IconFiles />}
      title="No documents yet"
      description="Write code or text here, together and offline. What says “Saved” is in the database."
    >
      <EmptyState.Actions>
        <Button leftSection={<IconPlus size={18} />} onClick={onCreate}>
          New document
        </Button>
      </EmptyState.Actions>
    </EmptyState>
  )
}

function Loading() {
  return (
    <Stack gap="sm" role="status" aria-label="Loading the documents">
      <Skeleton height={42} />
      {[0, 1, 2, 3].map((row) => (
        <Skeleton key={row} height={60} />
      ))}
    </Stack>
  )
}
