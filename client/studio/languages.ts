/** What the language select offers; `id` is both Monaco's language and what `meta.language` holds. */
export const LANGUAGES = [
  { id: 'plaintext', label: 'Plain text' },
  { id: 'markdown', label: 'Markdown' },
  { id: 'typescript', label: 'TypeScript' },
  { id: 'javascript', label: 'JavaScript' },
  { id: 'html', label: 'HTML' },
  { id: 'css', label: 'CSS' },
  { id: 'python', label: 'Python' },
  { id: 'go', label: 'Go' },
  { id: 'rust', label: 'Rust' },
  { id: 'java', label: 'Java' },
  { id: 'csharp', label: 'C#' },
  { id: 'cpp', label: 'C++' },
  { id: 'sql', label: 'SQL' },
  { id: 'shell', label: 'Shell' },
  { id: 'yaml', label: 'YAML' },
] as const

export const DEFAULT_LANGUAGE = 'markdown'

/** Written by others, so anything may stand there: what is not offered is shown as plain text. */
export const languageOf = (value: unknown): string =>
  LANGUAGES.find(({ id }) => id === value)?.id ?? 'plaintext'
