import { Anchor } from '@mantine/core'
import { Fragment, type ReactNode } from 'react'
import { mentionsIn } from '../mentions.ts'

const LINK = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'])/u

interface SaidProps {
  readonly text: string
  /** What the people are called who are mentioned. */
  readonly mentioned: readonly string[]
}

/** What was said, with its links and mentions. It is text and nothing else, and each line has its own direction. */
export function Said({ text, mentioned }: SaidProps) {
  return (
    <>
      {text.split('\n').map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of one text have no other name
        <span key={index} dir="auto" className="message-line">
          {piecesOf(line, mentioned)}
        </span>
      ))}
    </>
  )
}

function piecesOf(line: string, mentioned: readonly string[]): ReactNode {
  if (line === '') return '\u200b'
  return line.split(LINK).map((piece, index) => {
    const key = `${index} ${piece}`
    if (LINK.test(piece) && index % 2 === 1)
      return (
        <Anchor key={key} href={piece} target="_blank" rel="noopener noreferrer nofollow" inherit>
          {piece}
        </Anchor>
      )
    return <Fragment key={key}>{withMentions(piece, mentioned)}</Fragment>
  })
}

function withMentions(text: string, mentioned: readonly string[]): ReactNode {
  let end = 0
  const parts = mentionsIn(text, mentioned).map(({ from, to }) => {
    const before = text.slice(end, from)
    end = to
    return (
      <Fragment key={from}>
        {before}
        <mark className="mention">{text.slice(from, to)}</mark>
      </Fragment>
    )
  })
  return [...parts, text.slice(end)]
}
