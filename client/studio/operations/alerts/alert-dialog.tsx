import { Autocomplete, NativeSelect, NumberInput, SimpleGrid, TagsInput, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { Alert, AlertRule, Metrics } from '../../../sdk/index.ts'
import type { TokenSource } from '../../api.ts'
import { ActForm, type ActFormProps, Dialog } from '../../shell/act-dialog.tsx'
import { ask, roomRoute } from '../api.ts'
import { LEVEL_WORDS, LEVELS, labelTexts, lasting, OF } from './alert.ts'

interface AlertDialogProps {
  readonly token: TokenSource
  readonly org: string
  readonly opened: boolean
  /** What it is now; left out where it is a new one. */
  readonly before?: Alert | undefined
  /** Names of rules that there are. */
  readonly names: readonly string[]
  readonly onSave: (name: string, rule: AlertRule) => Promise<void>
  /** Called where it failed, and may have been saved all the same: reads again what is shown. */
  readonly onUnsure: () => void
  readonly onClose: () => void
}

/** As it is filled in. */
interface Fields extends Required<Omit<AlertRule, 'labels' | 'threshold'>> {
  readonly name: string
  readonly labels: readonly string[]
  readonly threshold: number | string
}

const NEW: Fields = {
  name: '',
  metric: '',
  labels: [],
  of: 'p95',
  over: 300,
  is: 'above',
  threshold: '',
  for: 0,
  level: 'warning',
  tell: [],
}

const fieldsOf = ({ name, rule }: Alert): Fields => ({
  ...NEW,
  ...rule,
  name,
  labels: labelTexts(rule),
})

const OVER = [60, 300, 600, 1_800, 3_600, 21_600]
const FOR = [0, 30, 60, 300, 600, 3_600]
const LABEL = /^([^=]+)=(.*)$/s

/** The usual ones, and what it is. */
const times = (usual: readonly number[], now: number) =>
  [...new Set([...usual, now])]
    .sort((one, other) => one - other)
    .map((seconds) => ({ value: String(seconds), label: seconds === 0 ? 'any time' : lasting(seconds) }))

/** What is measured, and when that is not as it should be. */
export const AlertDialog = ({ opened, onUnsure, onClose, ...form }: AlertDialogProps) => (
  <Dialog
    opened={opened}
    title={form.before === undefined ? 'New alert' : `Change “${form.before.name}”`}
    onUnsure={onUnsure}
    onClose={onClose}
  >
    {(asked) => <AlertForm asked={asked} opened={opened} {...form} />}
  </Dialog>
)

type AlertFormProps = Omit<AlertDialogProps, 'onUnsure' | 'onClose'> & Pick<ActFormProps, 'asked'>

function AlertForm({ asked, token, org, opened, before, names, onSave }: AlertFormProps) {
  const [fields, setFields] = useState(() => (before === undefined ? NEW : fieldsOf(before)))
  const measured = useMeasured(token, org)
  const change = (part: Partial<Fields>) => setFields((now) => ({ ...now, ...part }))
  const { name, metric, labels, of, over, is, threshold, level, tell } = fields
  const pairs = labels.flatMap((label) => {
    const [, key = '', text = ''] = LABEL.exec(label) ?? []
    return key === '' ? [] : [[key, text] as const]
  })
  const wrongLabels = pairs.length < labels.length
  // Once it is saved it is one of them itself, while the dialog goes.
  const taken = opened && before === undefined && names.includes(name)
  const save = () =>
    onSave(name, {
      metric,
      labels: Object.fromEntries(pairs),
      of,
      over,
      is,
      threshold: Number(threshold),
      for: fields.for,
      level,
      tell,
    })
  return (
    <ActForm
      asked={asked}
      button={before === undefined ? 'Create' : 'Save'}
      disabled={name === '' || metric === '' || threshold === '' || wrongLabels || taken}
      onAct={save}
    >
      {before === undefined ? (
        <TextInput
          label="Name"
          placeholder="Slow builds"
          autoComplete="off"
          required
          data-autofocus
          maxLength={100}
          value={name}
          error={taken ? 'There is one of this name' : undefined}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
      ) : null}
      <Autocomplete
        label="Metric"
        description="As it is tracked; those of the last minutes are offered"
        required
        maxLength={100}
        limit={50}
        data={[...measured]}
        value={metric}
        onChange={(chosen) => change({ metric: chosen })}
      />
      <TagsInput
        label="Labels"
        description="Such as region=eu; Enter adds one. Series that have these, and maybe others, count together"
        value={[...labels]}
        error={wrongLabels ? 'Write each as name=text' : undefined}
        onChange={(chosen) => change({ labels: chosen })}
      />
      <SimpleGrid cols={2} spacing="md">
        <NativeSelect
          label="Looks at"
          value={of}
          onChange={(event) => change({ of: event.currentTarget.value as Fields['of'] })}
          data={Object.entries(OF).map(([value, label]) => ({ value, label }))}
        />
        <NativeSelect
          label="Over the last"
          value={String(over)}
          onChange={(event) => change({ over: Number(event.currentTarget.value) })}
          data={times(OVER, over)}
        />
        <NativeSelect
          label="Is raised when it is"
          value={is}
          onChange={(event) => change({ is: event.currentTarget.value as Fields['is'] })}
          data={[
            { value: 'above', label: 'above' },
            { value: 'below', label: 'below' },
          ]}
        />
        <NumberInput
          label="Threshold"
          required
          hideControls
          value={threshold}
          onChange={(chosen) => change({ threshold: chosen })}
        />
        <NativeSelect
          label="And stays so for"
          value={String(fields.for)}
          onChange={(event) => change({ for: Number(event.currentTarget.value) })}
          data={times(FOR, fields.for)}
        />
        <NativeSelect
          label="Level"
          value={level}
          onChange={(event) => change({ level: event.currentTarget.value as Fields['level'] })}
          data={LEVELS.map((value) => ({ value, label: LEVEL_WORDS[value] }))}
        />
      </SimpleGrid>
      <TagsInput
        label="Whom it notifies"
        description="Ids of people, as their tokens have them; Enter adds one"
        value={[...tell]}
        onChange={(chosen) => change({ tell: chosen })}
      />
    </ActForm>
  )
}

/** Of the last minutes, in ms. */
const LATELY = 300_000

/** What was measured lately, by name, to choose from; nothing where that cannot be read, and one writes it oneself. */
function useMeasured(token: TokenSource, org: string): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([])
  useEffect(() => {
    const controller = new AbortController()
    const query = { from: new Date(Date.now() - LATELY).toISOString(), width: '60' }
    ask<Metrics>(token, `${roomRoute(`analytics:${org}`)}/metrics`, query, controller.signal).then(
      ({ series }) => setNames([...new Set(series.map(({ name }) => name))]),
      () => setNames([]),
    )
    return () => controller.abort()
  }, [token, org])
  return names
}
