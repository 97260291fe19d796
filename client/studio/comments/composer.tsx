import { Button, Combobox, Group, Text, Textarea, useCombobox } from '@mantine/core'
import { type KeyboardEvent, useRef, useState } from 'react'
import type { NewComment } from '../../sdk/index.ts'
import { type Draft, forgetDraft, type Place, useWriting } from '../drafts.ts'
import { keyLabel } from '../shell/commands.ts'
import { type CommentPerson, useCommentPeople } from './people.tsx'

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
const SUGGESTED = 6
const EMPTY: Draft = { text: '' }
/** What is being typed of a name, before the caret. */
const MENTION = /(?:^|\s)@([^\s@]{0,40})$/

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
    setWanted(MENTION.exec(value.slice(0, selectionEnd))?.[1])
    combobox.selectFirstOption()
  }
  const choose = (id: string) => {
    const { value = '', selectionEnd = 0 } = field.current ?? {}
    const name = known.find((person) => person.id === id)?.name
    if (name === undefined) return
    const start = selectionEnd - (wanted?.length ?? 0)
    setText(`${value.slice(0, start)}${name} ${value.slice(selectionEnd)}`)
    setWanted(undefined)
    field.current?.focus()
  }
  const submit = () => {
    if (text.trim() === '') return
    const mentions = known.filter(({ name }) => text.includes(`@${name}`)).map(({ id }) => id)
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
            {suggested.map(({ id, name }) => (
              // What is pressed must not take the focus from the text.
              <Combobox.Option key={id} value={id} onMouseDown={(event) => event.preventDefault()}>
                {name}
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

function matching(people: readonly CommentPerson[], wanted: string): readonly CommentPerson[] {
  const begin = wanted.toLowerCase()
  return people
    .filter(({ id, name }) => [id, ...name.split(/\s+/)].some((word) => word.toLowerCase().startsWith(begin)))
    .slice(0, SUGGESTED)
}
