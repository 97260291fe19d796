import { ActionIcon, Button, CopyButton, Menu, Text, Title, Tooltip } from '@mantine/core'
import { IconArrowLeft, IconArrowsDiff, IconCheck, IconDots, IconFlag, IconLink } from '@tabler/icons-react'
import type { ComponentType } from 'react'
import { documentPath, linkTo } from '../router.ts'
import { exactly } from '../times.ts'
import { useAnswer } from './compare/use-answer.ts'
import { useHistory } from './context.ts'
import { type Place, placePath } from './position.ts'
import { SLOTS } from './slots.tsx'
import { useWide } from './use-wide.ts'

/** What the position that is shown is. */
export interface AsOf {
  readonly at: string | null
  readonly actor: string | null
}

interface HistoryBarProps {
  readonly title: string
  readonly asOf: AsOf | undefined
  /** Whether the position could not be read. */
  readonly failed: boolean
  readonly onName: () => void
  /** What a comparison begins with. */
  readonly since: number | undefined
}

export function HistoryBar({ title, asOf, failed, onName, since }: HistoryBarProps) {
  const { room, api, seq, head, position, show, panel, openPanel } = useHistory()
  const wide = useWide()
  const permalink: Place | undefined =
    position.kind === 'compare'
      ? { position, panel: undefined }
      : seq === undefined
        ? undefined
        : { position: { kind: 'at', at: String(seq) }, panel: undefined }
  const comparing = position.kind === 'compare'
  const compareSince = async () => {
    if (since === undefined) return
    const from = await api.nearest(since, 'before')
    show({ kind: 'compare', from: String(from), to: String(seq ?? head) })
  }
  const actions: readonly Action[] = [
    { label: 'Name this version', Icon: IconFlag, disabled: seq === undefined || comparing, run: onName },
    {
      label: 'Compare with what was before',
      Icon: IconArrowsDiff,
      disabled: since === undefined || comparing,
      run: () => void compareSince(),
    },
    ...SLOTS.panels.map(({ name, label, Icon }) => ({
      label,
      Icon,
      pressed: panel === name,
      run: () => openPanel(panel === name ? undefined : name),
    })),
  ]
  return (
    <div className="history-bar">
      <Tooltip label="Back to the document (H)">
        <ActionIcon
          component="a"
          variant="subtle"
          color="gray"
          size={40}
          aria-label="Back to the document"
          {...linkTo(documentPath(room))}
        >
          <IconArrowLeft size={20} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      <div className="history-title">
        <Title order={1} size="h4" lineClamp={1} dir="auto">
          {title}
        </Title>
        {position.kind === 'compare' ? (
          <ComparedLine from={position.from} to={position.to} />
        ) : (
          <AsOfLine asOf={asOf} failed={failed} />
        )}
      </div>
      {position.kind === 'newest' || (comparing && !wide) ? null : (
        <Button
          variant="default"
          size="sm"
          className="history-newest"
          onClick={() => show({ kind: 'newest' })}
        >
          Newest
        </Button>
      )}
      {permalink === undefined ? null : (
        <CopyButton value={location.origin + placePath(room, permalink)}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? 'Copied' : 'Copy a link to this position'}>
              <ActionIcon
                variant="subtle"
                color="gray"
                size={40}
                aria-label={copied ? 'Link copied' : 'Copy a link to this position'}
                onClick={copy}
              >
                {copied ? <IconCheck size={20} stroke={1.7} /> : <IconLink size={20} stroke={1.7} />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
      )}
      {wide ? (
        actions.map((one) => <ActionButton key={one.label} {...one} />)
      ) : (
        <ActionMenu actions={actions} />
      )}
    </div>
  )
}

interface Action {
  readonly label: string
  readonly Icon: ComponentType<{ readonly size?: number; readonly stroke?: number }>
  readonly disabled?: boolean
  /** Of one that opens and closes something. */
  readonly pressed?: boolean
  readonly run: () => void
}

function ActionButton({ label, Icon, disabled = false, pressed, run }: Action) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant={pressed === true ? 'light' : 'subtle'}
        color={pressed === true ? undefined : 'gray'}
        size={40}
        aria-label={label}
        aria-pressed={pressed}
        disabled={disabled}
        onClick={run}
      >
        <Icon size={20} stroke={1.7} />
      </ActionIcon>
    </Tooltip>
  )
}

/** The same where a row of buttons would leave the title no room. */
function ActionMenu({ actions }: { readonly actions: readonly Action[] }) {
  return (
    <Menu position="bottom-end" width={300}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={40} aria-label="More">
          <IconDots size={20} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {actions.map(({ label, Icon, disabled = false, run }) => (
          <Menu.Item
            key={label}
            leftSection={<Icon size={18} stroke={1.7} />}
            disabled={disabled}
            onClick={run}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function AsOfLine({ asOf, failed }: Pick<HistoryBarProps, 'asOf' | 'failed'>) {
  const { position, nameOf } = useHistory()
  const { at, actor } = asOf ?? { at: null, actor: null }
  return (
    <Text component="p" size="sm" c="dimmed" truncate aria-live="polite" className="as-of">
      {failed ? (
        'Nothing is shown'
      ) : asOf === undefined ? (
        '…'
      ) : at === null ? (
        'Before anything was written'
      ) : (
        <>
          {position.kind === 'newest' ? 'Newest: ' : 'As of '}
          <time dateTime={at}>{exactly(at)}</time>
          {actor === null ? null : ` · ${nameOf(actor)}`}
        </>
      )}
    </Text>
  )
}

/** “From 18 Nov 2026, 12:00 to 19 Nov 2026, 12:00” */
function ComparedLine({ from, to }: { readonly from: string; readonly to: string }) {
  const { api } = useHistory()
  const { value } = useAnswer(
    (signal) => Promise.all([api.position(from, {}, signal), api.position(to, {}, signal)]),
    [api, from, to],
  )
  const [older, newer] = value ?? []
  return (
    <Text component="p" size="sm" c="dimmed" lineClamp={2} aria-live="polite">
      {older === undefined || newer === undefined ? (
        '…'
      ) : (
        <>
          From <Moment at={older.at} /> to <Moment at={newer.at} />
        </>
      )}
    </Text>
  )
}

const Moment = ({ at }: { readonly at: string | null }) =>
  at === null ? 'the beginning' : <time dateTime={at}>{exactly(at)}</time>
