import { Alert, Button, Stack, Text } from '@mantine/core'
import { IconAlertCircle } from '@tabler/icons-react'
import type { WhyUneditable } from '../../editors/monaco.ts'

interface UneditableProps {
  readonly why: WhyUneditable
  readonly onMend: () => void
}

const SAID: Readonly<Record<WhyUneditable, string>> = {
  'line-ends':
    'Its lines end in a way that this editor cannot keep: what you type could land in the wrong place.',
  'byte-order-mark':
    'It begins with a byte order mark, which this editor hides: what you type could land in the wrong place.',
  embed: 'Another application keeps something in it that is not text.',
}

const MENDED: Readonly<Record<Exclude<WhyUneditable, 'embed'>, string>> = {
  'line-ends': 'Change its line ends for everybody',
  'byte-order-mark': 'Take the mark out for everybody',
}

/** Why code that one may write in cannot be written in here, and what to do about it. */
export function UneditableNotice({ why, onMend }: UneditableProps) {
  return (
    <Alert
      m="sm"
      color="yellow"
      role="status"
      icon={<IconAlertCircle />}
      title="This document can only be read for now"
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{SAID[why]}</Text>
        {why === 'embed' ? null : (
          <Button size="xs" variant="default" onClick={onMend}>
            {MENDED[why]}
          </Button>
        )}
      </Stack>
    </Alert>
  )
}
