import './notifications.css'
import { Stack, Text, Title } from '@mantine/core'
import { useEffect } from 'react'
import { InboxPanel } from './inbox-panel.tsx'

/** The inbox with an address of its own. */
export function InboxView() {
  useEffect(() => {
    document.title = 'Notifications · Syncline'
  }, [])
  return (
    <Stack className="page" gap="lg">
      <Stack gap={4}>
        <Title order={1} size="h2">
          Notifications
        </Title>
        <Text c="dimmed">What concerns you, the same on all your devices.</Text>
      </Stack>
      <InboxPanel />
    </Stack>
  )
}
