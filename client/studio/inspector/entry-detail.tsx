import { Alert, Button, CopyButton, Group, SegmentedControl, Skeleton, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { RequestError, TokenSource } from '../api.ts'
import { toRequestError } from '../history/use-timeline.ts'
import { bytes } from '../rooms/figures.ts'
import { historyPath, linkTo } from '../router.ts'
import { getEntries, getPayload, type RoomEntry } from './api.ts'
import { PayloadTree } from './payload-tree.tsx'

interface EntryDetailProps {
  readonly token: TokenSource
  readonly room: string
  readonly seq: number
}

interface Shown {
  readonly entry: RoomEntry
  readonly actor: string
  readonly payload: unknown
}

const exactTime = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'medium',
})

/** One entry, and what an event carries. */
export function EntryDetail({ token, room, seq }: EntryDetailProps) {
  const [shown, setShown] = useState<Shown | 'gone'>()
  const [error, setError] = useState<RequestError>()
  const [form, setForm] = useState<'tree' | 'json'>('tree')

  useEffect(() => {
    setShown(undefined)
    setError(undefined)
    const controller = new AbortController()
    const read = async () => {
      const { signal } = controller
      const { entries, names } = await getEntries(token, room, { after: seq - 1, limit: 1 }, signal)
      const entry = entries.find((one) => one.seq === seq)
      if (entry === undefined) return setShown('gone')
      const payload = entry.type === null ? undefined : await getPayload(token, room, seq, signal)
      setShown({ entry, payload, actor: names[entry.actor] ?? entry.actor })
    }
    read().catch((cause: unknown) => {
      if (!controller.signal.aborted) setError(toRequestError(cause))
    })
    return () => controller.abort()
  }, [token, room, seq])

  if (error !== undefined) {
    return (
      <Alert m="md" role="alert" color="orange" title="This entry cannot be read">
        {error.message}. Choose it again to try once more.
      </Alert>
    )
  }
  if (shown === 'gone') {
    return (
      <Text p="md" c="dimmed">
        Entry {seq.toLocaleString('en')} is not kept any more.
      </Text>
    )
  }
  if (shown === undefined) {
    return (
      <Stack p="md" gap="sm" role="status" aria-label="Reading the entry">
        <Skeleton height={18} width="50%" />
        <Skeleton height={120} />
      </Stack>
    )
  }
  const { entry, actor, payload } = shown
  const json = JSON.stringify(payload, null, 2) ?? ''
  return (
    <Stack p="md" gap="md" className="entry-detail">
      <div>
        <Text
          component="h2"
          fw={600}
          ff={entry.type === null ? undefined : 'monospace'}
          className="entry-type"
        >
          {entry.type ?? 'Edit'}
        </Text>
        <dl className="entry-facts">
          <Fact name="Position">{entry.first === undefined ? seq : `${entry.first} to ${seq}, merged`}</Fact>
          <Fact name="Actor">{actor === '' ? 'Several people' : actor}</Fact>
          {actor === entry.actor ? null : <Fact name="Actor’s id">{entry.actor}</Fact>}
          <Fact name="Time">{exactTime.format(entry.at)}</Fact>
          <Fact name="Size">{bytes(entry.bytes)}</Fact>
        </dl>
      </div>
      {entry.type === null ? (
        <Stack gap="sm" align="flex-start">
          <Text size="sm" c="dimmed">
            What an edit changed is shown by the history.
          </Text>
          <Button component="a" variant="default" size="sm" {...linkTo(`${historyPath(room)}?at=${seq}`)}>
            Show this position
          </Button>
        </Stack>
      ) : (
        <>
          <Group justify="space-between" gap="sm">
            <SegmentedControl
              size="sm"
              aria-label="How the payload is shown"
              value={form}
              onChange={(value) => setForm(value === 'json' ? 'json' : 'tree')}
              data={[
                { value: 'tree', label: 'Tree' },
                { value: 'json', label: 'JSON' },
              ]}
            />
            <CopyButton value={json}>
              {({ copied, copy }) => (
                <Button variant="default" size="sm" onClick={copy}>
                  {copied ? 'Copied' : 'Copy'}
                </Button>
              )}
            </CopyButton>
          </Group>
          {form === 'tree' ? <PayloadTree value={payload} /> : <pre className="entry-json">{json}</pre>}
        </>
      )}
    </Stack>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: string | number }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}
