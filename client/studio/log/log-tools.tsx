import { ActionIcon, NativeSelect, Text, TextInput, Tooltip } from '@mantine/core'
import { IconChevronDown, IconChevronUp, IconSearch } from '@tabler/icons-react'
import type { RefObject } from 'react'
import { ERRORS } from './selection.ts'
import type { LogSearch } from './use-search.ts'

export interface StepChoice {
  readonly id: string
  readonly title: string
}

interface LogToolsProps {
  readonly search: LogSearch
  /** How many lines there are. */
  readonly total: number
  readonly steps: readonly StepChoice[]
  readonly step: string | undefined
  readonly onStep: (step: string | undefined) => void
  readonly onGo: (by: 1 | -1) => void
  readonly onLeave: () => void
  readonly searchRef: RefObject<HTMLInputElement | null>
}

export function LogTools(props: LogToolsProps) {
  const { search, total, steps, step, onStep, onGo, onLeave, searchRef } = props
  const { query, setQuery, found, current } = search
  return (
    <div className="log-tools">
      <TextInput
        ref={searchRef}
        type="search"
        className="log-search"
        aria-label="Search the log"
        placeholder="Search the log"
        leftSection={<IconSearch size={18} aria-hidden="true" />}
        value={query}
        maxLength={200}
        onChange={(event) => setQuery(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            event.preventDefault()
            onGo(event.shiftKey ? -1 : 1)
          } else if (event.key === 'Escape') {
            event.preventDefault()
            setQuery('')
            onLeave()
          }
        }}
      />
      <Text
        component="output"
        size="sm"
        c="dimmed"
        className="log-count"
        aria-live={query === '' ? 'off' : 'polite'}
      >
        {query === '' ? lines(total) : foundWords(found, current)}
      </Text>
      <div className="log-steps">
        <Tooltip label="The one before (P)">
          <ActionIcon
            variant="default"
            size={36}
            aria-label="The one before"
            disabled={found.length === 0}
            onClick={() => onGo(-1)}
          >
            <IconChevronUp size={18} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Next (N)">
          <ActionIcon
            variant="default"
            size={36}
            aria-label="Next"
            disabled={found.length === 0}
            onClick={() => onGo(1)}
          >
            <IconChevronDown size={18} />
          </ActionIcon>
        </Tooltip>
      </div>
      <NativeSelect
        className="log-step"
        aria-label="Step"
        value={step ?? ''}
        onChange={({ currentTarget: { value } }) => onStep(value === '' ? undefined : value)}
        data={[
          { value: '', label: steps.length === 0 ? 'All lines' : 'All steps' },
          { value: ERRORS, label: 'Errors' },
          ...steps.map(({ id, title }) => ({ value: id, label: title })),
        ]}
      />
    </div>
  )
}

const lines = (count: number): string => `${count.toLocaleString('en')} ${count === 1 ? 'line' : 'lines'}`

function foundWords(found: readonly number[], current: number | undefined): string {
  if (found.length === 0) return 'Nothing found'
  if (current === undefined) return `in ${lines(found.length)}`
  return `${(found.indexOf(current) + 1).toLocaleString('en')} of ${lines(found.length)}`
}
