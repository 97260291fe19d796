import './history.css'
import { Button, CloseButton, Drawer, Skeleton, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useKeys } from '../shell/use-keys.ts'
import type { Session, Writer } from './api.ts'
import { commented } from './comments/commented.ts'
import { ContentView } from './content-view.tsx'
import { useHistory } from './context.ts'
import { HistoryBar } from './history-bar.tsx'
import { Player } from './player.tsx'
import { SLOTS } from './slots.tsx'
import { Timeline } from './timeline.tsx'
import { EVERYTHING, type FilterChoice, TimelineFilterBar } from './timeline-filter.tsx'
import { useActivity } from './use-activity.ts'
import type { Past } from './use-past.ts'
import type { Timeline as TimelineState } from './use-timeline.ts'
import { useWide } from './use-wide.ts'
import { VersionDialog } from './version-dialog.tsx'

interface HistoryLayoutProps {
  readonly title: string
  readonly past: Past
  readonly timeline: TimelineState
  readonly writers: readonly Writer[]
  readonly choice: FilterChoice
  readonly onChoice: (choice: FilterChoice) => void
}

export function HistoryLayout(props: HistoryLayoutProps) {
  const { title, past, timeline, writers, choice, onChoice } = props
  const { api, head, position, panel: panelName, openPanel, show, comments } = useHistory()
  const wide = useWide()
  const [listing, setListing] = useState(false)
  const [naming, setNaming] = useState(false)
  const buckets = useActivity(api, head)
  const comparing = position.kind === 'compare'
  const { sessions = [] } = timeline
  const { Blame, Compare } = SLOTS
  const panel = SLOTS.panels.find(({ name }) => name === panelName)

  useKeys({
    ...(panel === undefined ? {} : { Escape: () => openPanel(undefined) }),
    ...(comparing ? {} : { p: past.playing ? past.pause : past.play, n: () => setNaming(true) }),
  })

  const list = (
    <>
      <TimelineFilterBar choice={choice} writers={writers} onChange={onChoice} />
      {timeline.sessions === undefined && timeline.error === undefined ? (
        <Loading />
      ) : timeline.error !== undefined && timeline.sessions === undefined ? (
        <Stack p="md" gap="sm" align="flex-start" role="alert">
          <Text>{timeline.error.message}. Nothing of the past is lost.</Text>
          <Button size="xs" variant="default" onClick={timeline.reload}>
            Try again
          </Button>
        </Stack>
      ) : (
        <Timeline
          timeline={timeline}
          filtered={choice !== EVERYTHING}
          onClearFilter={() => onChoice(EVERYTHING)}
          onChosen={() => setListing(false)}
        />
      )}
    </>
  )
  return (
    <div className="history">
      <HistoryBar
        title={title}
        asOf={past.asOf}
        failed={past.error !== undefined}
        onName={() => setNaming(true)}
        since={sinceOf(sessions, past.seq)}
      />
      {timeline.error !== undefined && timeline.sessions !== undefined ? (
        <div className="banner" role="status">
          {timeline.error.message}. What is shown may be out of date; nothing is lost.
        </div>
      ) : null}
      <div className="history-body">
        {wide ? (
          <aside className="history-timeline" aria-label="Timeline">
            {list}
          </aside>
        ) : null}
        <div className="history-main">
          <section className="history-content" aria-label="Content">
            {comparing ? (
              <Compare from={position.from} to={position.to} />
            ) : panelName === 'blame' ? (
              <Blame at={position.kind === 'at' ? position.at : undefined} />
            ) : (
              <ContentView
                shown={commented(past.shown, past.stale ? undefined : past.seq, comments)}
                error={past.error}
                onRetry={past.retry}
                onNewest={() => show({ kind: 'newest' })}
                newest={position.kind === 'newest'}
                stale={past.stale}
                playing={past.playing}
              />
            )}
          </section>
          {comparing ? null : (
            <Player
              at={past.handle}
              buckets={buckets}
              sessions={sessions}
              playing={past.playing}
              speed={past.speed}
              onSpeed={past.setSpeed}
              onPlay={past.play}
              onPause={past.pause}
              onSeek={past.seek}
              onGoTo={past.goTo}
              onTimeline={wide ? undefined : () => setListing(true)}
            />
          )}
        </div>
        {panel !== undefined && wide ? (
          <aside className="history-panel" aria-label={panel.label}>
            <CloseButton
              className="history-panel-close"
              aria-label={`Close: ${panel.label}`}
              onClick={() => openPanel(undefined)}
            />
            <panel.Panel />
          </aside>
        ) : null}
      </div>
      {wide ? null : (
        <>
          <Sheet title="Timeline" opened={listing} onClose={() => setListing(false)}>
            {list}
          </Sheet>
          {/* Who wrote what is asked of the text itself, which a sheet would cover. */}
          <Sheet
            title={panel?.label ?? ''}
            opened={panel !== undefined && (comparing || panelName !== 'blame')}
            onClose={() => openPanel(undefined)}
          >
            {panel === undefined ? null : <panel.Panel />}
          </Sheet>
        </>
      )}
      <VersionDialog opened={naming} onClose={() => setNaming(false)} at={past.asOf?.at} />
    </div>
  )
}

/** What there was before the session of a position. */
function sinceOf(sessions: readonly Session[], seq: number | undefined): number | undefined {
  if (seq === undefined || seq === 0) return undefined
  const session = sessions.find(({ firstSeq, lastSeq }) => seq >= firstSeq && seq <= lastSeq)
  // One that was not read yet: what came just before.
  return session?.before ?? seq - 1
}

interface SheetProps {
  readonly title: string
  readonly opened: boolean
  readonly onClose: () => void
  readonly children: ReactNode
}

function Sheet({ title, opened, onClose, children }: SheetProps) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      title={title}
      position="bottom"
      size="82%"
      classNames={{ body: 'history-sheet', content: 'history-sheet-content' }}
    >
      {children}
    </Drawer>
  )
}

function Loading() {
  return (
    <Stack p="md" gap="sm" role="status" aria-label="Loading the timeline">
      {[0, 1, 2, 3, 4].map((row) => (
        <Skeleton key={row} height={56} />
      ))}
    </Stack>
  )
}
