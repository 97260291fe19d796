import { Alert, Button, Stack, Text } from '@mantine/core'
import { IconAlertCircle } from '@tabler/icons-react'
import type { WhyUneditable } from '../../editors/monaco.ts'

interface UneditableProps {
  readonly why: WhyUneditable
  readonly onMend: () => void
}

const SAID: Readonly<Record<WhyUneditable, string>> = {
  'line-ends': 'Its lines do not all end alike, and what you type could land in the wrong place.',
  'byte-order-mark': 'It begins with a byte order mark, and what you type could land in the wrong place.',
  embed: 'Another application keeps something in it that is no text.',
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
            Make it editable for everybody
          </Button>
        )}
      </Stack>
    </Alert>
  )
}
