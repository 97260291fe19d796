import { Button, NativeSelect, Stack, Text, TextInput, Title } from '@mantine/core'
import { useState } from 'react'
import type { RestoreTarget } from '../api.ts'
import { useAnswer } from '../compare/use-answer.ts'
import { useHistory } from '../context.ts'

/** Who, from when, until when: all that they did is taken back, and what others did stays. */
export function PersonForm({ onChoose }: { readonly onChoose: (target: RestoreTarget) => void }) {
  const { api, head, nameOf } = useHistory()
  const { value: writers } = useAnswer((signal) => api.writers(signal), [api, head])
  const [chosen, setChosen] = useState<string>()
  const [range, setRange] = useState<{ since?: string; until?: string }>({})
  const writer = writers?.find(({ id }) => id === chosen) ?? writers?.[0]
  if (writer === undefined) return null
  const since = range.since ?? localTime(writer.startedAt)
  const until = range.until ?? localTime(writer.endedAt, 1)
  const problem = since > until ? 'This is before the first of the two' : undefined
  return (
    <Stack
      gap="sm"
      component="form"
      aria-label="Undo one person’s work"
      onSubmit={(event) => {
        event.preventDefault()
        if (problem !== undefined || since === '' || until === '') return
        onChoose({ kind: 'person', actor: writer.id, since: isoTime(since), until: isoTime(until) })
      }}
    >
      <Title order={3} size="h5">
        One person’s work
      </Title>
      <Text c="dimmed" size="sm">
        What they wrote goes, what they deleted comes back, and what others did stays.
      </Text>
      <NativeSelect
        label="Person"
        value={writer.id}
        onChange={(event) => {
          setChosen(event.currentTarget.value)
          setRange({})
        }}
        data={(writers ?? []).map(({ id, name }) => ({ value: id, label: name ?? nameOf(id) }))}
      />
      <TextInput
        label="From"
        type="datetime-local"
        step={1}
        value={since}
        onChange={(event) => setRange({ ...range, since: event.currentTarget.value })}
      />
      <TextInput
        label="Until"
        type="datetime-local"
        step={1}
        value={until}
        error={problem}
        onChange={(event) => setRange({ ...range, until: event.currentTarget.value })}
      />
      <Button type="submit" variant="default" style={{ alignSelf: 'flex-start' }}>
        Preview…
      </Button>
    </Stack>
  )
}

/** As the field takes it, in this device's time and whole seconds. */
function localTime(iso: string, later = 0): string {
  const date = new Date(Date.parse(iso) + later * 1000)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}

const isoTime = (local: string): string => new Date(local).toISOString()
