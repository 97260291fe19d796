import './player.css'
import { ActionIcon, Button, Group, NativeSelect, Slider, Text, Tooltip } from '@mantine/core'
import {
  IconList,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconPlayerTrackNext,
  IconPlayerTrackPrev,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { ActivityStrip } from './activity-strip.tsx'
import type { Bucket, Session } from './api.ts'
import { useHistory } from './context.ts'
import { SPEEDS, type Speed } from './use-playback.ts'

interface PlayerProps {
  /** Where the handle is: a picture of a playback, or what is on its way. */
  readonly at: number
  readonly buckets: readonly Bucket[]
  readonly sessions: readonly Session[]
  readonly playing: boolean
  readonly speed: Speed
  readonly onSpeed: (speed: Speed) => void
  readonly onPlay: () => void
  readonly onPause: () => void
  readonly onSeek: (seq: number, done: boolean) => void
  /** To the end of a session. */
  readonly onGoTo: (seq: number) => void
  /** Where the timeline has no place beside the content. */
  readonly onTimeline: (() => void) | undefined
}

const WORDS: Readonly<Record<Speed, string>> = {
  '1': '1 ×',
  '4': '4 ×',
  '16': '16 ×',
  '64': '64 ×',
  whole: 'All in a minute',
}

const whole = new Intl.NumberFormat('en')

/** A handle over all positions, and a playback of them. */
export function Player(props: PlayerProps) {
  const { at, buckets, sessions, playing, speed, onSpeed, onPlay, onPause, onSeek, onGoTo, onTimeline } =
    props
  const { head } = useHistory()
  const earlier = sessions.find(({ after }) => after < at)
  const later = sessions.findLast(({ after }) => after > at)
  const named = sessions.flatMap(({ versions }) => versions.filter(({ kind }) => kind === 'named'))
  return (
    <section className="player" aria-label="Playback">
      <div className="player-track">
        <ActivityStrip buckets={buckets} head={head} />
        <Slider
          className="player-slider"
          size={6}
          min={0}
          max={Math.max(1, head)}
          value={at}
          onChange={(seq) => onSeek(seq, false)}
          onChangeEnd={(seq) => onSeek(seq, true)}
          label={(seq) => `Entry ${whole.format(seq)}`}
          marks={named.map(({ seq }) => ({ value: seq }))}
          thumbLabel="Position"
          thumbProps={{ 'aria-valuetext': `Entry ${whole.format(at)} of ${whole.format(head)}` }}
          styles={{ thumb: { width: 22, height: 22 }, mark: { width: 8, height: 8 } }}
        />
      </div>
      <Group gap="xs" wrap="nowrap" className="player-buttons">
        {onTimeline === undefined ? null : (
          <Button
            variant="default"
            size="sm"
            px="xs"
            className="player-list"
            leftSection={<IconList size={18} />}
            onClick={onTimeline}
          >
            Timeline
          </Button>
        )}
        <IconButton
          label="Previous session"
          disabled={earlier === undefined}
          onClick={() => onGoTo(earlier?.after ?? 0)}
        >
          <IconPlayerTrackPrev size={20} stroke={1.7} />
        </IconButton>
        <Tooltip label={`${playing ? 'Pause' : 'Play'} (P)`}>
          <ActionIcon
            size={44}
            radius="xl"
            aria-label={playing ? 'Pause' : 'Play'}
            disabled={head === 0}
            onClick={playing ? onPause : onPlay}
          >
            {playing ? <IconPlayerPauseFilled size={20} /> : <IconPlayerPlayFilled size={20} />}
          </ActionIcon>
        </Tooltip>
        <IconButton
          label="Next session"
          disabled={later === undefined}
          onClick={() => onGoTo(later?.after ?? head)}
        >
          <IconPlayerTrackNext size={20} stroke={1.7} />
        </IconButton>
        <NativeSelect
          size="sm"
          className="player-speed"
          aria-label="Speed"
          value={speed}
          onChange={({ currentTarget: { value } }) => onSpeed(SPEEDS.find((one) => one === value) ?? '4')}
          data={SPEEDS.map((value) => ({ value, label: WORDS[value] }))}
        />
        <Text component="span" size="sm" c="dimmed" className="player-count">
          {whole.format(at)} of {whole.format(head)}
        </Text>
      </Group>
    </section>
  )
}

interface IconButtonProps {
  readonly label: string
  readonly disabled: boolean
  readonly onClick: () => void
  readonly children: ReactNode
}

function IconButton({ label, disabled, onClick, children }: IconButtonProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={44}
        aria-label={label}
        disabled={disabled}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  )
}
