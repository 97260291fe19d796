import { Text, UnstyledButton } from '@mantine/core'
import type { BuildStep } from '../../sdk/index.ts'
import { duration } from './durations.ts'
import { StepSign } from './signs.tsx'

interface StepsProps {
  readonly steps: readonly BuildStep[]
  readonly now: number
  /** The one whose lines alone are shown. */
  readonly chosen: string | undefined
  readonly onChoose: (id: string) => void
}

/** What the build does, one after the other; each shows its lines of the log. */
export function Steps({ steps, now, chosen, onChoose }: StepsProps) {
  return (
    <section className="build-section" aria-labelledby="build-steps">
      <h2 id="build-steps" className="build-heading">
        Steps
      </h2>
      {steps.length === 0 ? (
        <Text size="sm" c="dimmed" px={16}>
          This build tells of no steps.
        </Text>
      ) : (
        <ol className="plain-list">
          {steps.map((step) => (
            <li key={step.id}>
              <UnstyledButton
                className="build-step"
                aria-pressed={step.id === chosen}
                title="Show only the lines of this step"
                onClick={() => onChoose(step.id)}
              >
                <StepSign state={step.state} />
                <span className="build-step-text">
                  <Text component="span" size="sm" fw={500} truncate display="block">
                    {step.title}
                  </Text>
                  {step.state === 'running' && step.message !== undefined ? (
                    <Text component="span" size="sm" c="dimmed" truncate display="block">
                      {step.message}
                    </Text>
                  ) : null}
                </span>
                <span className="build-dim">{tookOf(step, now)}</span>
              </UnstyledButton>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

function tookOf({ startedAt, endedAt, state }: BuildStep, now: number): string {
  if (startedAt === undefined) return ''
  if (endedAt !== undefined) return duration(endedAt - startedAt)
  return state === 'running' ? duration(now - startedAt) : ''
}
