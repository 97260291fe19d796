import { Text, VisuallyHidden } from '@mantine/core'

interface ChangeCountProps {
  readonly inserted: number
  readonly deleted: number
}

const short = new Intl.NumberFormat('en', { notation: 'compact' })
const long = new Intl.NumberFormat('en')

/** How many characters came and went: with a sign, and for those who hear it in words. */
export function ChangeCount({ inserted, deleted }: ChangeCountProps) {
  if (inserted === 0 && deleted === 0) {
    return (
      <Text component="span" size="sm" c="dimmed">
        no text changed
      </Text>
    )
  }
  return (
    <Text component="span" size="sm" className="change-count">
      <span aria-hidden="true" title={words({ inserted, deleted })}>
        {inserted === 0 ? null : <span className="change-added">+{short.format(inserted)} </span>}
        {deleted === 0 ? null : <span className="change-removed">−{short.format(deleted)}</span>}
      </span>
      <VisuallyHidden>{words({ inserted, deleted })}</VisuallyHidden>
    </Text>
  )
}

const words = ({ inserted, deleted }: ChangeCountProps): string =>
  `${long.format(inserted)} characters added, ${long.format(deleted)} removed`
