const ESC = String.fromCharCode(0x1b)
const BEL = String.fromCharCode(0x07)

/** Everything that a terminal takes for an order: colours, movements of the cursor, titles, links. */
const SEQUENCE = new RegExp(
  `${ESC}(?:\\[[0-?]*[ -/]*[@-~]?|\\][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\)?|[ -/]*[0-~])?`,
  'g',
)
/** Of those the one that is kept: how what follows looks. */
const STYLE = new RegExp(`^${ESC}\\[([\\d;]*)m$`)

/** Control characters, and those that turn the direction of what stands around them. */
const UNSEEN = /(?!\t)[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

const cleaned = (text: string): string => text.replace(UNSEEN, '\ufffd')

/** What a terminal would leave standing of a line that is written over and over, such as a progress bar. */
function overwritten(line: string): string {
  let end = line.length
  while (line[end - 1] === '\r') end -= 1
  return line.slice(line.lastIndexOf('\r', end - 1) + 1, end)
}

/** A line without orders to a terminal; what else cannot be seen is shown as `�`. */
export const plainText = (line: string): string => cleaned(overwritten(line).replace(SEQUENCE, ''))

/** A stretch of a line that looks the same; `look` is a class name, and empty where nothing was said. */
export interface Run {
  readonly text: string
  readonly look: string
}

/** A line in its colours; the texts of its runs together are its `plainText`. */
export function runsOf(line: string): readonly Run[] {
  const runs: Run[] = []
  let look = PLAIN
  let from = 0
  const shown = overwritten(line)
  const add = (text: string) => {
    if (text !== '') runs.push({ text: cleaned(text), look: classOf(look) })
  }
  for (const match of shown.matchAll(SEQUENCE)) {
    add(shown.slice(from, match.index))
    from = match.index + match[0].length
    const codes = STYLE.exec(match[0])?.[1]
    if (codes !== undefined) look = changed(look, codes.split(';').map(Number))
  }
  add(shown.slice(from))
  return runs
}

interface Look {
  readonly bold: boolean
  /** 0 to 7 of the eight colours that every terminal has. */
  readonly color: number | undefined
}

const PLAIN: Look = { bold: false, color: undefined }

/** Of the rest, such as backgrounds and colours of one's own, a log can be read without. */
function changed(before: Look, codes: readonly number[]): Look {
  let look = before
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0
    if (code === 0) look = PLAIN
    else if (code === 1) look = { ...look, bold: true }
    else if (code === 22) look = { ...look, bold: false }
    else if (code === 39) look = { ...look, color: undefined }
    else if (code >= 30 && code <= 37) look = { ...look, color: code - 30 }
    else if (code >= 90 && code <= 97) look = { ...look, color: code - 90 }
    // 38;5;n and 38;2;r;g;b
    else if (code === 38 || code === 48) at += codes[at + 1] === 5 ? 2 : 4
  }
  return look
}

const classOf = ({ bold, color }: Look): string =>
  [bold ? 'ansi-bold' : '', color === undefined ? '' : `ansi-${color}`]
    .filter((name) => name !== '')
    .join(' ')
