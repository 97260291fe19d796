import { Alert, Button, Skeleton, Stack, Text } from '@mantine/core'
import { useMemo, useState } from 'react'
import { useHint, WhoWhen } from '../compare/hint.tsx'
import { type Pointed, type Reading, ReadingProvider } from '../compare/reading.ts'
import { TypesRuns } from '../compare/types-runs.tsx'
import { useAnswer } from '../compare/use-answer.ts'
import { useHistory } from '../context.ts'

/** The document at a position, every character with who wrote it and when, on hover or on a tap. */
export function Blame({ at }: { readonly at: string | undefined }) {
  const { api, head, openPanel } = useHistory()
  // Of the newest position the answer changes with what people write.
  const newest = at === undefined ? head : undefined
  const { value, error, retry } = useAnswer((signal) => api.blame(at, {}, signal), [api, at, newest])
  const { hint, onPoint } = useHint('blame')
  const [chosen, setChosen] = useState<Pointed>()
  const reading = useMemo<Reading>(() => ({ mode: 'blame', onPoint, onChoose: setChosen }), [onPoint])
  if (error !== undefined) {
    return (
      <Alert m="md" color="orange" variant="light" role="alert" title="Who wrote this cannot be read">
        <Stack gap="sm" align="flex-start">
          {error.message}. Nothing of the document is lost.
          <Button variant="default" onClick={retry}>
            Try again
          </Button>
        </Stack>
      </Alert>
    )
  }
  return (
    <div className="blame">
      <div className="change-bar">
        <Text component="span" aria-live="polite" className="change-words">
          {chosen === undefined ? (
            'Point at the text, or tap it, to see who wrote it and when.'
          ) : (
            <WhoWhen mode="blame" pointed={chosen} />
          )}
        </Text>
        <Button variant="default" onClick={() => openPanel(undefined)}>
          Done
        </Button>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: only hides what the pointer showed */}
      <div className="compare-body" onMouseLeave={() => onPoint(undefined, { x: 0, y: 0 })}>
        {value === undefined ? (
          <Stack p="md" gap="sm" role="status" aria-label="Looking up who wrote this">
            <Skeleton height={14} />
            <Skeleton height={14} width="80%" />
          </Stack>
        ) : (
          <ReadingProvider value={reading}>
            <TypesRuns types={value.types} />
          </ReadingProvider>
        )}
      </div>
      {hint}
    </div>
  )
}
