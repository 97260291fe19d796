import { Badge } from '@mantine/core'
import type { ReactNode } from 'react'

interface SignProps {
  readonly icon: ReactNode
  readonly children: ReactNode
}

/** How something stands: in words, and a picture beside them. */
export const Sign = ({ icon, children }: SignProps) => (
  <Badge variant="default" tt="none" fw={500} size="lg" leftSection={icon}>
    {children}
  </Badge>
)

export const signColor = (name: string): string => `var(--mantine-color-${name}-7)`
