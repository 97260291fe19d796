import { ActionIcon, CloseButton, Text, Textarea, Tooltip } from '@mantine/core'
import { IconSend } from '@tabler/icons-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import type { ShownMessage } from '../../sdk/index.ts'
import { forgetDraft, usePlaces, useWriting } from '../drafts.ts'
import { choosing, labelOf, matching, mentionAt, mentionedIn, type Named } from '../mentions.ts'

/** What is being written about another message. */
export type Context =
  | { readonly kind: 'answer'; readonly message: ShownMessage; readonly author: string }
  | { readonly kind: 'edit'; readonly message: ShownMessage }

interface ComposerProps {
  readonly room: string
  readonly context: Context | undefined
  /** Who can be mentioned. */
  readonly people: readonly Named[]
  readonly nameOf: (user: string) => string
  readonly onSend: (text: string, mentions: readonly string[]) => void
  readonly onCancel: () => void
  readonly onTyping: () => void
  /** To edit what one said last. */
  readonly onEditLast: () => void
}

export function Composer({
  room,
  context,
  people,
  nameOf,
  onSend,
  onCancel,
  onTyping,
  onEditLast,
}: ComposerProps) {
  const editing = context?.kind === 'edit' ? context.message : undefined
  const mentioned = (editing?.mentions ?? []).map((id) => ({ id, name: nameOf(id) }))
  const place = usePlaces(room)(editing === undefined ? 'message' : `edit ${editing.id}`)
  const [draft, write] = useWriting(place, { text: editing?.text ?? '', chosen: mentioned })
  const { text } = draft
  const [caret, setCaret] = useState(0)
  const [chosen, setChosen] = useState(0)
  const field = useRef<HTMLTextAreaElement>(null)
  const asked = mentionAt(text, caret)
  const offered = asked === undefined ? [] : matching(people, asked.name)

  useEffect(() => {
    if (context !== undefined) field.current?.focus()
  }, [context])

  const send = () => {
    if (text.trim() === '') return
    forgetDraft(place)
    onSend(text.trim(), mentionedIn(text, people, draft.chosen))
  }
  const cancel = () => {
    if (editing !== undefined) forgetDraft(place)
    onCancel()
  }
  const mention = (person: Named) => {
    if (asked === undefined) return
    const [start, after] = [text.slice(0, asked.from), text.slice(caret)]
    const before = `${start}@${person.name} `
    write({ text: before + after, chosen: choosing(person, start + after, draft.chosen) })
    setCaret(before.length)
    requestAnimationFrame(() => field.current?.setSelectionRange(before.length, before.length))
  }
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    const { key } = event
    const person = offered[chosen]
    if (person !== undefined && ['ArrowDown', 'ArrowUp', 'Enter', 'Tab', 'Escape'].includes(key)) {
      event.preventDefault()
      event.stopPropagation()
      if (key === 'Escape') setCaret(-1)
      else if (key === 'Enter' || key === 'Tab') mention(person)
      else setChosen((chosen + (key === 'ArrowDown' ? 1 : offered.length - 1)) % offered.length)
      return
    }
    if (key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      send()
    } else if (key === 'Escape' && context !== undefined) {
      event.stopPropagation()
      cancel()
    } else if (key === 'ArrowUp' && text === '') {
      event.preventDefault()
      onEditLast()
    }
  }
  const changed = (value: string, at: number) => {
    write({ ...draft, text: value })
    setCaret(at)
    setChosen(0)
    if (value !== '') onTyping()
  }

  return (
    <div className="composer">
      {context === undefined ? null : (
        <div className="composer-context">
          <Text size="sm" truncate>
            {context.kind === 'edit' ? 'Editing your message' : `Replying to ${context.author}: `}
            {context.kind === 'edit' ? '' : <span dir="auto">{context.message.text}</span>}
          </Text>
          <CloseButton size="sm" aria-label="Cancel" onClick={cancel} />
        </div>
      )}
      {offered.length === 0 ? null : (
        <div className="composer-people" role="listbox" aria-label="People to mention" id="composer-people">
          {offered.map((person, index) => (
            <div
              key={person.id}
              id={`mention-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              className="composer-person"
              onMouseDown={(event) => {
                event.preventDefault()
                mention(person)
              }}
            >
              {labelOf(person, people)}
            </div>
          ))}
        </div>
      )}
      <div className="composer-row">
        <Textarea
          ref={field}
          className="composer-field"
          aria-label="Message"
          placeholder="Write a message"
          autosize
          minRows={1}
          maxRows={8}
          attributes={{ input: { dir: 'auto' } }}
          value={text}
          // What Escape closes here is not the drawer around it, which listens before this does.
          data-mantine-stop-propagation={offered.length > 0 || context !== undefined}
          aria-controls={offered.length === 0 ? undefined : 'composer-people'}
          aria-activedescendant={offered.length === 0 ? undefined : `mention-${chosen}`}
          onChange={({ currentTarget: { value, selectionStart } }) => changed(value, selectionStart)}
          onSelect={({ currentTarget }) => setCaret(currentTarget.selectionStart)}
          onKeyDown={press}
        />
        <Tooltip label="Send (Enter)">
          <ActionIcon size={36} aria-label="Send" disabled={text.trim() === ''} onClick={send}>
            <IconSend size={18} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </div>
    </div>
  )
}
