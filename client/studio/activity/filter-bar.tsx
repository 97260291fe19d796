import { ActionIcon, Group, NativeSelect, TextInput } from '@mantine/core'
import { IconSearch, IconX } from '@tabler/icons-react'
import { type RefObject, useEffect, useState } from 'react'
import type { Summary } from '../../sdk/index.ts'
import { type Choice, PERIODS, periodOf, sortOf } from './choice.ts'
import { SORTS } from './words.ts'

/** So long after the last key the words are looked for, in ms. */
const TYPED = 250

interface FilterBarProps {
  readonly choice: Choice
  readonly people: readonly Summary[]
  readonly onChange: (part: Partial<Choice>) => void
  readonly searchRef: RefObject<HTMLInputElement | null>
}

export function FilterBar({ choice, people, onChange, searchRef }: FilterBarProps) {
  const known = people.some(({ id }) => id === choice.person)
  const named = known || choice.person === '' ? people : [{ id: choice.person, name: null }, ...people]
  return (
    <search className="activity-filter">
      <SearchField q={choice.q} onChange={(q) => onChange({ q })} searchRef={searchRef} />
      <Group gap="xs" className="activity-choices">
        <NativeSelect
          aria-label="Person"
          value={choice.person}
          onChange={(event) => onChange({ person: event.currentTarget.value })}
          data={[
            { value: '', label: 'Everybody' },
            ...named.map(({ id, name }) => ({ value: id, label: name ?? id })),
          ]}
        />
        <NativeSelect
          aria-label="What"
          value={choice.sort}
          onChange={(event) => onChange({ sort: sortOf(event.currentTarget.value) })}
          data={[
            { value: '', label: 'Everything' },
            ...Object.entries(SORTS).map(([value, { label }]) => ({ value, label })),
          ]}
        />
        <NativeSelect
          aria-label="Time"
          value={choice.period}
          onChange={(event) => onChange({ period: periodOf(event.currentTarget.value) })}
          data={Object.entries(PERIODS).map(([value, label]) => ({ value, label }))}
        />
      </Group>
    </search>
  )
}

interface SearchFieldProps {
  readonly q: string
  readonly onChange: (q: string) => void
  readonly searchRef: RefObject<HTMLInputElement | null>
}

function SearchField({ q, onChange, searchRef }: SearchFieldProps) {
  const [typed, setTyped] = useState(q)
  useEffect(() => setTyped(q), [q])
  useEffect(() => {
    if (typed === q) return
    const timer = setTimeout(() => onChange(typed), TYPED)
    return () => clearTimeout(timer)
  }, [typed, q, onChange])
  return (
    <TextInput
      ref={searchRef}
      type="search"
      aria-label="Search the activity"
      placeholder="Search"
      className="activity-search"
      maxLength={200}
      leftSection={<IconSearch size={16} aria-hidden="true" />}
      rightSection={
        typed === '' ? null : (
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Clear the search"
            onClick={() => onChange('')}
          >
            <IconX size={16} />
          </ActionIcon>
        )
      }
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        setTyped('')
        onChange('')
      }}
    />
  )
}
