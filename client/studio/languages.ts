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

const DEFAULT_LANGUAGE = 'markdown'

const ENDINGS: Readonly<Record<string, string>> = {
  txt: 'plaintext',
  ts: 'typescript',
  tsx: 'typescript',
  js: 'javascript',
  jsx: 'javascript',
  html: 'html',
  css: 'css',
  py: 'python',
  go: 'go',
  rs: 'rust',
  java: 'java',
  cs: 'csharp',
  cpp: 'cpp',
  cc: 'cpp',
  h: 'cpp',
  sql: 'sql',
  sh: 'shell',
  yaml: 'yaml',
  yml: 'yaml',
}

/** The language that a title's ending names, if it is a file's name at all. */
export function languageOfTitle(title: string): string {
  const ending = /\.([a-z]+)$/.exec(title.trim().toLowerCase())?.[1] ?? ''
  return (Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined) ?? DEFAULT_LANGUAGE
}

/** Written by others, so anything may stand there: what is not offered is shown as plain text. */
export const languageOf = (value: unknown): string =>
  LANGUAGES.find(({ id }) => id === value)?.id ?? 'plaintext'
