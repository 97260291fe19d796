/** A file that is written: its path in the application's folder, and its text. */
export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

/** Source code as it is written, without the indentation that it has here; one line break at the end. */
export function source(parts: TemplateStringsArray, ...values: readonly string[]): string {
  const indent = /^\n( *)/.exec(parts[0] ?? '')?.[1] ?? ''
  const plain = parts.map((part) => part.replaceAll(`\n${indent}`, '\n'))
  const text = plain.reduce((before, part, index) => `${before}${values[index - 1]}${part}`)
  return `${text.trim()}\n`
}
