import './runs.css'
import { Skeleton, Stack, Text } from '@mantine/core'
import { lazy, Suspense } from 'react'
import type { Types } from '../api.ts'
import { useReading } from './reading.ts'
import { RichRuns } from './rich-runs.tsx'
import { TreeRuns } from './tree-runs.tsx'

const CodeRuns = lazy(async () => ({ default: (await import('./code-runs.tsx')).CodeRuns }))

interface TypesRunsProps {
  readonly types: Types
  /** Code side by side rather than in one. */
  readonly split?: boolean
  /** Leaves out data in which nothing changed. */
  readonly changedOnly?: boolean
}

/** All shared types of a document in runs: text as text, rich text as the document, the rest as trees. */
export function TypesRuns({ types, split = false, changedOnly = false }: TypesRunsProps) {
  const language = types.meta?.entries?.language?.after?.value
  const all = Object.entries(types)
  const documents = all.filter(([, { kind }]) => kind === 'text' || kind === 'fragment')
  const { mode } = useReading()
  const data = all
    // Who chose the title or the language is no more than noise beside who wrote the text.
    .filter(() => mode === 'diff' || documents.length === 0)
    .filter(([, { kind }]) => kind !== 'text' && kind !== 'fragment')
    .filter(([, type]) => !changedOnly || JSON.stringify(type).match(/"status":"(?!equal)/) !== null)
  return (
    <>
      {data.map(([name, type]) => (
        <TreeRuns key={name} name={NAMES[name] ?? name} type={type} changedOnly={changedOnly} />
      ))}
      {documents.map(([name, type]) =>
        type.kind === 'text' ? (
          <Suspense key={name} fallback={<Opening />}>
            <CodeRuns runs={type.runs ?? []} language={language} split={split} />
          </Suspense>
        ) : (
          <RichRuns key={name} type={type} />
        ),
      )}
      {all.length === 0 ? (
        <Text c="dimmed" p="md">
          There is nothing in the document here.
        </Text>
      ) : null}
    </>
  )
}

/** What this studio itself keeps in a document beside its text. */
const NAMES: Readonly<Record<string, string>> = { meta: 'Title and settings' }

const Opening = () => (
  <Stack p="md" gap="sm" role="status" aria-label="Opening the text">
    <Skeleton height={14} />
    <Skeleton height={14} width="80%" />
  </Stack>
)
