import { Button, Combobox, Group, Text, Textarea, useCombobox } from '@mantine/core'
import { type KeyboardEvent, useRef, useState } from 'react'
import type { NewComment } from '../../sdk/index.ts'
import { type Draft, forgetDraft, type Place, useWriting } from '../drafts.ts'
import { choosing, labelOf, matching, mentionAt, mentionedIn } from '../mentions.ts'
import { keyLabel } from '../shell/commands.ts'
import { useCommentPeople } from './people.tsx'

interface ComposerProps {
  readonly label: string
  readonly send: string
  /** Where what is written is kept until it is sent, or given up. */
  readonly place: Place
  /** What it is written over. */
  readonly before?: Draft
  readonly autoFocus?: boolean
  readonly onSend: (comment: NewComment) => void
  readonly onCancel: () => void
}

/** As the server takes it. */
const LONGEST = 10_000
const EMPTY: Draft = { text: '', chosen: [] }

/** Where a comment is written. `@` and the beginning of a name mentions somebody. */
export function Composer({ label, send, place, before = EMPTY, autoFocus, onSend, onCancel }: ComposerProps) {
  const { known } = useCommentPeople()
  const [draft, write] = useWriting(place, before)
  const { text } = draft
  const setText = (text: string) => write({ ...draft, text })
  const [wanted, setWanted] = useState<string>()
  const field = useRef<HTMLTextAreaElement>(null)
  const combobox = useCombobox()
  const suggested = wanted === undefined ? [] : matching(known, wanted)
  const open = suggested.length > 0

  const look = () => {
    const { value = '', selectionEnd = 0 } = field.current ?? {}
    setWanted(mentionAt(value, selectionEnd)?.name)
    combobox.selectFirstOption()
  }
  const choose = (id: string) => {
    const { value = '', selectionEnd = 0 } = field.current ?? {}
    const person = known.find((one) => one.id === id)
    if (person === undefined) return
    const [before, after] = [value.slice(0, selectionEnd - (wanted?.length ?? 0)), value.slice(selectionEnd)]
    const chosen = choosing(person, `${before} ${after}`, draft.chosen)
    write({ ...draft, text: `${before}${person.name} ${after}`, chosen })
    setWanted(undefined)
    field.current?.focus()
  }
  const submit = () => {
    if (text.trim() === '') return
    const mentions = mentionedIn(text, known, draft.chosen)
    forgetDraft(place)
    onSend({ text: text.trim(), mentions })
  }
  const cancel = () => {
    forgetDraft(place)
    onCancel()
  }
  const press = (event: KeyboardEvent) => {
    // Then the keys are for what is being put together.
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape') {
      event.stopPropagation()
      if (open) setWanted(undefined)
      else cancel()
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      submit()
    } else if (event.key === 'Tab' && open) {
      event.preventDefault()
      const [first] = suggested
      if (first !== undefined) choose(first.id)
    }
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Combobox store={{ ...combobox, dropdownOpened: open }} onOptionSubmit={choose} withinPortal>
        <Combobox.Target withKeyboardNavigation={open} withAriaAttributes={open}>
          <Textarea
            ref={field}
            aria-label={label}
            attributes={{ input: { dir: 'auto' } }}
            placeholder={label}
            autosize
            minRows={1}
            maxRows={8}
            maxLength={LONGEST}
            autoFocus={autoFocus}
            value={text}
            // What Escape closes here is not the sheet around it, which listens before this does.
            data-mantine-stop-propagation
            onChange={(event) => {
              setText(event.currentTarget.value)
              look()
            }}
            onKeyDown={press}
            onBlur={() => setWanted(undefined)}
          />
        </Combobox.Target>
        <Combobox.Dropdown>
          <Combobox.Options aria-label="People">
            {suggested.map((person) => (
              // What is pressed must not take the focus from the text.
              <Combobox.Option
                key={person.id}
                value={person.id}
                onMouseDown={(event) => event.preventDefault()}
              >
                {labelOf(person, known)}
              </Combobox.Option>
            ))}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      <Group gap="xs" mt={6} justify="flex-end" wrap="nowrap">
        <Text size="xs" c="dimmed" className="comment-hint" visibleFrom="xs">
          {keyLabel('mod')} Enter
        </Text>
        <Button size="compact-sm" variant="default" onClick={cancel}>
          Cancel
        </Button>
        <Button size="compact-sm" type="submit" disabled={text.trim() === ''}>
          {send}
        </Button>
      </Group>
    </form>
  )
}
