/**
 * What blocks of TypeScript may take for granted when they show a few lines of a program: compiled together with them,
 * and with nothing else. A block that declares a name itself means its own.
 */
import type { RequestListener } from 'node:http'
import type { Editor } from '@tiptap/core'
import type { editor as Monaco } from 'monaco-editor'
import type { ReactNode } from 'react'
import type { Client, Room } from 'syncline/client'

declare global {
  const client: Client
  const room: Room
  /** A Monaco editor with a model. */
  const editor: Monaco.IStandaloneCodeEditor
  const tiptap: Editor
  const yourListener: RequestListener
  const children: ReactNode
}
