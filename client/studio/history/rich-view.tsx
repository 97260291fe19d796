import { Typography } from '@mantine/core'
import {
  type CSSProperties,
  createElement,
  type HTMLAttributes,
  type ReactNode,
  useEffect,
  useRef,
} from 'react'
import { commentClass } from './comments/commented.ts'
import { useHistory } from './context.ts'
import type { ShownNode, ShownPiece, ShownText } from './shown.ts'

interface RichViewProps {
  readonly pieces: readonly ShownPiece[]
  /** Keeps in view what was just done. */
  readonly following: boolean
}

/** Rich text that is read only. Whatever a document holds, only what stands here becomes an element. */
export function RichView({ pieces, following }: RichViewProps) {
  const host = useRef<HTMLDivElement>(null)
  const { active } = useHistory().comments
  useEffect(() => {
    if (!following || pieces.length === 0) return
    const traces = [...(host.current?.querySelectorAll<HTMLElement>('.trace') ?? [])]
    const seqOf = ({ dataset }: HTMLElement) => Number(dataset.seq ?? 0)
    const newest = Math.max(...traces.map(seqOf))
    traces.findLast((trace) => seqOf(trace) === newest)?.scrollIntoView({ block: 'nearest' })
  }, [following, pieces])
  useEffect(() => {
    if (active !== undefined)
      host.current?.querySelector('.syncline-comment-active')?.scrollIntoView({ block: 'nearest' })
  }, [active])
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className="rich-scroll history-rich" aria-label="Text of the document" tabIndex={0}>
      <Typography className="rich-text" ref={host}>
        {pieces.map(pieceOf)}
      </Typography>
    </section>
  )
}

const pieceOf = (piece: ShownPiece, key: number): ReactNode =>
  piece.kind === 'text' ? <Text key={key} run={piece} /> : <Node key={key} node={piece} />

const BLOCKS: Readonly<Record<string, string>> = {
  paragraph: 'p',
  blockquote: 'blockquote',
  bulletList: 'ul',
  orderedList: 'ol',
  listItem: 'li',
  taskList: 'ul',
  taskItem: 'li',
}

const MARKS: Readonly<Record<string, string>> = {
  bold: 'strong',
  italic: 'em',
  underline: 'u',
  strike: 's',
  code: 'code',
}

function Node({ node }: { readonly node: ShownNode }): ReactNode {
  const trace = useTrace(node, 'block')
  const { name, attributes, children } = node
  const inner = children.map(pieceOf)
  switch (name) {
    case 'hardBreak':
      return <br />
    case 'horizontalRule':
      return <hr />
    case 'heading': {
      const level = Math.min(6, Math.max(1, Math.trunc(Number(attributes.level)) || 1))
      return createElement(`h${level}`, trace, ...inner)
    }
    case 'codeBlock':
      return (
        <pre {...trace}>
          <code>{inner}</code>
        </pre>
      )
    default: {
      const tag = Object.hasOwn(BLOCKS, name) ? (BLOCKS[name] ?? 'div') : 'div'
      // An empty paragraph is a line.
      return createElement(tag, trace, ...(inner.length === 0 && tag === 'p' ? [<br key={0} />] : inner))
    }
  }
}

function Text({ run }: { readonly run: ShownText }): ReactNode {
  const trace = useTrace(run, 'text')
  const { text, marks, status, thread } = run
  const inner = Object.keys(marks).reduce<ReactNode>((within, name) => {
    if (name === 'link') return <span className="history-link">{within}</span>
    const tag = Object.hasOwn(MARKS, name) ? MARKS[name] : undefined
    return tag === undefined ? within : createElement(tag, null, within)
  }, text)
  if (thread !== undefined) {
    return (
      <span className={commentClass(thread.active)} data-thread={thread.id}>
        {inner}
      </span>
    )
  }
  if (status === 'equal' || status === 'changed') return inner
  return createElement(status === 'inserted' ? 'ins' : 'del', trace, inner)
}

type Trace = HTMLAttributes<HTMLElement> & { readonly 'data-seq'?: number | undefined }

/** What was done shows in the colour of who did it, and underlined or struck through. */
function useTrace({ status, by }: ShownPiece, what: 'text' | 'block'): Trace {
  const { colorOf } = useHistory()
  if (status !== 'inserted' && status !== 'deleted') return {}
  const style = { '--person': by === undefined ? undefined : colorOf(by.actor) } as CSSProperties
  return { className: `trace trace-${status} trace-${what}`, style, 'data-seq': by?.seq }
}
