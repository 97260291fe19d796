import { createHash } from 'node:crypto'

/** Bytes of a name without its ending: file systems take 255 in all. */
const MAX_STEM = 120
/** Names that Windows keeps for devices, with any ending. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)$/i
const ENDING = /(?<=[^.])\.[a-z0-9]{1,8}$/i

/**
 * The name of a document's file: its title as far as every file system takes it, never a path, never hidden. Where
 * another file has that name already, whatever its case, a part of the room's hash tells them apart.
 */
export function fileName(
  title: string | null,
  ending: string,
  room: string,
  taken: (name: string) => boolean,
): string {
  const wanted = title ?? room.slice(room.indexOf(':') + 1)
  const own = ENDING.exec(wanted)?.[0]
  const stem = stemOf(own === undefined ? wanted : wanted.slice(0, -own.length))
  const end = own ?? ending
  if (!taken(`${stem}${end}`)) return `${stem}${end}`
  const key = createHash('sha256').update(room).digest('hex').slice(0, 8)
  return `${stem} (${key})${end}`
}

/** A name without its ending, as far as every file system takes it. */
export function stemOf(text: string): string {
  const clean = text
    .normalize('NFC')
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/[/\\:*?"<>|]/g, '-')
    .replace(/\s+/g, ' ')
  let stem = ''
  for (const character of clean) {
    if (Buffer.byteLength(stem + character) > MAX_STEM) break
    stem += character
  }
  stem = stem.replace(/^[\s.]+|[\s.]+$/g, '')
  if (stem === '') return 'untitled'
  return DEVICES.test(stem) ? `${stem}-` : stem
}

/** Whether a name from a manifest is a plain name in its folder: the manifest is a file that anybody may edit. */
export const isPlainName = (name: string): boolean =>
  name !== '' && !name.startsWith('.') && !/[/\\\p{Cc}]/u.test(name) && Buffer.byteLength(name) <= 255
