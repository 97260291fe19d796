import { ActionIcon, Indicator, Tooltip } from '@mantine/core'
import { IconMessage, IconMessagePlus } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { keyLabel } from '../shell/commands.ts'
import type { Commenting } from './use-commenting.ts'

interface ButtonProps {
  readonly commenting: Commenting
}

/** Opens the comments, and says how many there are. */
export function CommentsToggle({ commenting: { view, shown, setShown } }: ButtonProps) {
  const open = view.threads.filter(({ resolved }) => resolved === undefined).length
  const label = open === 0 ? 'Comments' : open === 1 ? '1 comment' : `${open} comments`
  return (
    <Tooltip label={`${label} (M)`}>
      <Indicator label={open > 99 ? '99+' : open} size={16} disabled={open === 0} offset={5}>
        <ActionIcon
          variant={shown ? 'light' : 'subtle'}
          color="gray"
          size="lg"
          aria-label={label}
          aria-pressed={shown}
          onClick={() => setShown(!shown)}
        >
          <IconMessage size={20} stroke={1.7} />
        </ActionIcon>
      </Indicator>
    </Tooltip>
  )
}

/** Beside what is selected. */
export function CommentOnSelection({ commenting: { editor, begin, draft, shown } }: ButtonProps) {
  const [top, setTop] = useState<number>()
  const [host, setHost] = useState<HTMLElement | null>(null)
  useEffect(() => {
    if (editor === undefined || host === null) return
    let frame: number | undefined
    const look = () => {
      frame = undefined
      const selected = editor.selectedTop()
      const { top: above, height } = host.getBoundingClientRect()
      const at = selected === undefined ? undefined : selected + editor.contentTop() - above
      setTop(at === undefined || at < 0 || at > height ? undefined : Math.round(at))
    }
    const stop = editor.onMove(() => {
      frame ??= requestAnimationFrame(look)
    })
    return () => {
      if (frame !== undefined) cancelAnimationFrame(frame)
      stop()
      setTop(undefined)
    }
  }, [editor, host])
  return (
    <div className="comment-beside" ref={setHost}>
      {top === undefined || (draft !== undefined && shown) ? null : (
        <Tooltip label={`Comment (${keyLabel('mod')} Alt M)`} position="left">
          <ActionIcon
            variant="default"
            radius="xl"
            size={36}
            aria-label="Comment on the selection"
            style={{ top }}
            // What is selected stays so.
            onMouseDown={(event) => event.preventDefault()}
            onClick={begin}
          >
            <IconMessagePlus size={18} />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  )
}
