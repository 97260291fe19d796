import { Button, EmptyState } from '@mantine/core'
import type { ReactNode } from 'react'
import { linkTo } from '../router.ts'

interface EmptyPageProps {
  readonly icon: ReactNode
  readonly title: string
  readonly description: string
  /** Where one goes from here, and what that is called; to the documents where nothing is said. */
  readonly path?: string
  readonly action?: string
}

/** An address with nothing to show for whoever came. */
export function EmptyPage({ path = '/', action = 'Go to documents', ...said }: EmptyPageProps) {
  return (
    <EmptyState py={80} px="md" {...said}>
      <EmptyState.Actions>
        <Button component="a" {...linkTo(path)}>
          {action}
        </Button>
      </EmptyState.Actions>
    </EmptyState>
  )
}
