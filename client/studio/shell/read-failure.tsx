import { Alert, Button, Stack } from '@mantine/core'
import { IconCloudOff } from '@tabler/icons-react'
import type { ReactNode } from 'react'

interface ReadFailureProps {
  readonly title: string
  /** What failed, and what is safe all the same. */
  readonly says: string
  readonly retry: () => void
  /** A cloud where nothing is given. */
  readonly icon?: ReactNode
}

/** Something could not be read from the server; it can be tried again. */
export const ReadFailure = ({ title, says, retry, icon = <IconCloudOff /> }: ReadFailureProps) => (
  <Alert role="status" color="orange" icon={icon} title={title}>
    <Stack gap="sm" align="flex-start">
      <span>{says}</span>
      <Button size="xs" variant="default" onClick={retry}>
        Try again
      </Button>
    </Stack>
  </Alert>
)
