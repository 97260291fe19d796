import { TextInput } from '@mantine/core'
import type * as Y from 'yjs'
import { setMeta } from './use-meta.ts'

interface TitleFieldProps {
  readonly doc: Y.Doc
  readonly title: string
  readonly readOnly: boolean
}

const LONGEST_TITLE = 200

export function TitleField({ doc, title, readOnly }: TitleFieldProps) {
  return (
    <TextInput
      className="title-field"
      variant="unstyled"
      attributes={{ input: { dir: 'auto' } }}
      aria-label="Title"
      placeholder="Untitled"
      autoComplete="off"
      maxLength={LONGEST_TITLE}
      readOnly={readOnly}
      value={title}
      onChange={(event) => setMeta(doc, 'title', event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && !event.nativeEvent.isComposing) event.currentTarget.blur()
      }}
    />
  )
}
