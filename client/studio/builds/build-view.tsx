import './builds.css'
import { Button, EmptyState, Skeleton, Stack } from '@mantine/core'
import { IconCloudOff, IconFileOff, IconHammer } from '@tabler/icons-react'
import { type RefObject, useDeferredValue, useEffect, useMemo, useState } from 'react'
import { useBuild, useBuildLog, useRoom, useRoomState } from '../../react/index.ts'
import { type BuildState, hasEnded, type LogLines, type Room, type RoomState } from '../../sdk/index.ts'
import type { TokenSource } from '../api.ts'
import { whatToDo } from '../document/notices.tsx'
import { LogReader } from '../log/lines.ts'
import { LogView } from '../log/log-view.tsx'
import { ERRORS } from '../log/selection.ts'
import { bytes } from '../rooms/figures.ts'
import { BUILDS, linkTo } from '../router.ts'
import { EmptyPage } from '../shell/empty-page.tsx'
import { BuildBar, type BuildPart } from './build-bar.tsx'
import { buildTitle } from './build-row.tsx'
import { Deployments } from './deployments.tsx'
import { Progress } from './progress.tsx'
import { Steps } from './steps.tsx'
import { useDeployments } from './use-deployments.ts'
import { useNow } from './use-now.ts'

interface BuildViewProps {
  readonly name: string
  readonly token: TokenSource
  readonly searchRef: RefObject<HTMLInputElement | null>
}

/** One build: how far it is, its steps and deployments at the left, its log at the right. */
export function BuildView({ name, token, searchRef }: BuildViewProps) {
  // What is read here is never written: no copy of it is kept on this device.
  const room = useRoom(name, OPTIONS)
  const state = useRoomState(room)
  const build = useBuild(room)
  // Here, so that both are read from one stream.
  const lines = useBuildLog(room)
  const title = buildTitle(build, name)
  useEffect(() => {
    document.title = `${title} · Syncline`
  }, [title])

  if (build.status === 'unknown' && build.lines === 0)
    return <Unopened room={room} state={state} caughtUp={build.caughtUp} />
  return (
    <Opened
      room={room}
      state={state}
      build={build}
      lines={lines}
      title={title}
      token={token}
      searchRef={searchRef}
    />
  )
}

const OPTIONS = { offline: false } as const

interface OpenedProps extends Omit<BuildViewProps, 'name'> {
  readonly room: Room
  readonly state: RoomState
  readonly build: BuildState
  readonly lines: LogLines
  readonly title: string
}

function Opened({ room, state, build, lines, title, token, searchRef }: OpenedProps) {
  const [step, setStep] = useState<string>()
  const [part, setPart] = useState<BuildPart>('log')
  // A build may write faster than a screen is drawn.
  const drawn = useDeferredValue(lines)
  const reader = useMemo(() => new LogReader(), [])
  const log = useMemo(() => reader.read(drawn), [reader, drawn])
  const deployments = useDeployments(
    token,
    room.name.slice('build:'.length),
    build.createdAt ?? build.startedAt,
  )
  const now = useNow(!hasEnded(build) || deployments.some((one) => one.state.status === 'running'))
  const choose = (id: string) => {
    setStep(id === step ? undefined : id)
    setPart('log')
  }
  return (
    <div className="build">
      <BuildBar
        room={room}
        state={state}
        build={build}
        title={title}
        token={token}
        part={part}
        onPart={setPart}
      />
      {state.status === 'offline' ? (
        <div className="banner" role="status">
          <IconCloudOff size={18} stroke={1.7} style={{ flex: 'none' }} aria-hidden="true" />
          <span>You are offline. What happens meanwhile is shown when you are back.</span>
        </div>
      ) : null}
      <Progress build={build} now={now} />
      <div className="build-body" data-part={part}>
        <aside className="build-side" aria-label="Steps and deployments">
          <Steps steps={build.steps} now={now} chosen={step} onChoose={choose} />
          <Deployments deployments={deployments} now={now} />
          <Artifacts build={build} />
        </aside>
        <LogView
          log={log}
          steps={build.steps}
          step={step}
          onStep={setStep}
          searchRef={searchRef}
          empty={<NoLines build={build} step={log.count > 0 ? step : undefined} />}
        />
      </div>
    </div>
  )
}

const NOTHING: Readonly<Record<string, string>> = {
  '': 'The log is empty',
  [ERRORS]: 'No errors were written',
}

function NoLines({ build, step }: { readonly build: BuildState; readonly step: string | undefined }) {
  return (
    <EmptyState
      py={48}
      px="md"
      title={NOTHING[step ?? ''] ?? 'This step has written nothing'}
      description={
        hasEnded(build)
          ? 'The build has ended.'
          : 'What the build writes is shown here as soon as it is written.'
      }
    />
  )
}

function Artifacts({ build: { artifacts } }: { readonly build: BuildState }) {
  if (artifacts.length === 0) return null
  return (
    <section className="build-section" aria-labelledby="build-artifacts">
      <h2 id="build-artifacts" className="build-heading">
        Artifacts
      </h2>
      <ul className="plain-list build-artifacts">
        {artifacts.map(({ name, url, bytes: size }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list is never changed, and names need not differ
          <li key={at}>
            {url === undefined ? (
              <span className="build-artifact">{name}</span>
            ) : (
              <a className="build-artifact" href={url} target="_blank" rel="noopener noreferrer nofollow">
                {name}
              </a>
            )}
            {size === undefined ? null : <span className="build-dim">{bytes(size)}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}

interface UnopenedProps {
  readonly room: Room
  readonly state: RoomState
  /** All that there is was told. */
  readonly caughtUp: boolean
}

/** Nothing to show yet: it is on its way, it has not begun, or it cannot come. */
function Unopened({ room, state, caughtUp }: UnopenedProps) {
  const { status, refusal, synced } = state
  if (status === 'refused' && refusal !== undefined) {
    return (
      <EmptyState
        py={80}
        px="md"
        icon={<IconFileOff />}
        title={refusal.message}
        description={whatToDo(refusal)}
      >
        <EmptyState.Actions>
          <Button component="a" {...linkTo(BUILDS)}>
            Go to the builds
          </Button>
          <Button variant="default" onClick={() => room.retry()}>
            Try again
          </Button>
        </EmptyState.Actions>
      </EmptyState>
    )
  }
  if (status === 'offline') {
    return (
      <EmptyState
        py={80}
        px="md"
        icon={<IconCloudOff />}
        title="The server cannot be reached"
        description="The build is kept on the server. It is shown as soon as that answers."
      />
    )
  }
  if (synced && caughtUp) {
    return (
      <EmptyPage
        icon={<IconHammer />}
        title="This build has not begun"
        description={`Nothing was published in ${room.name} yet. This page shows it as soon as something is.`}
        path={BUILDS}
        action="Go to the builds"
      />
    )
  }
  return (
    <Stack p="lg" gap="md" role="status" aria-label="Opening the build">
      <Skeleton height={28} width="30%" />
      <Skeleton height={8} />
      {[0, 1, 2, 3, 4].map((row) => (
        <Skeleton key={row} height={20} maw={320} />
      ))}
    </Stack>
  )
}
