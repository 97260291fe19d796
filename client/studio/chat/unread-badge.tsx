import { Badge } from '@mantine/core'
import { countShown } from './titles.ts'

export function UnreadBadge({ count }: { readonly count: number }) {
  if (count === 0) return null
  return (
    <Badge size="sm" circle={count < 10} className="unread-badge" aria-label={`${count} unread`} role="img">
      {countShown(count)}
    </Badge>
  )
}
