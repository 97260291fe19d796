import type { TypeRuns, Types } from '../api.ts'
import { plainText } from '../compare/changes.ts'

/** A block of rich text that is not any more what it was at a position. */
export interface ChangedBlock {
  readonly id: string
  readonly status: 'deleted' | 'changed'
  /** What it said at the position. */
  readonly text: string
}

/** The blocks at the top that a diff, from a position to the newest, changes or takes away. */
export function changedBlocks(types: Types): readonly ChangedBlock[] {
  return Object.values(types)
    .filter(({ kind }) => kind === 'fragment')
    .flatMap(({ runs = [] }) =>
      runs.flatMap(({ id, node, status }) =>
        id === undefined || node === undefined || (status !== 'deleted' && status !== 'changed')
          ? []
          : [{ id, status, text: plainText(asItWas(node)) }],
      ),
    )
}

const asItWas = (type: TypeRuns): TypeRuns => ({
  ...type,
  runs: (type.runs ?? [])
    .filter(({ status }) => status !== 'inserted')
    .map((run) => (run.node === undefined ? run : { ...run, node: asItWas(run.node) })),
})
