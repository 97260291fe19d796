import { describe, expect, it } from 'vitest'
import type { Run } from '../../client/studio/history/api.ts'
import { paddingsOf } from '../../client/studio/history/compare/code-side.ts'

const equal = (text: string): Run => ({ status: 'equal', text })
const inserted = (text: string): Run => ({ status: 'inserted', text })
const deleted = (text: string): Run => ({ status: 'deleted', text })

describe('code side by side', () => {
  it('[UI30] has empty lines where the other side has lines of its own', () => {
    expect(
      paddingsOf([equal('one\n'), deleted('two\n'), inserted('zwei\ndrei\n'), equal('three\n')]),
    ).toEqual({
      before: [{ afterLine: 2, lines: 1 }],
      after: [],
    })
  })

  it('[UI30] keeps lines beside each other that begin alike, and has the rest below', () => {
    expect(paddingsOf([equal('return server'), inserted('\n}\n')])).toEqual({
      before: [{ afterLine: 1, lines: 2 }],
      after: [],
    })
    expect(paddingsOf([equal('a'), deleted('\nb'), equal('\nc\n')])).toEqual({
      before: [],
      after: [{ afterLine: 1, lines: 1 }],
    })
  })
})
