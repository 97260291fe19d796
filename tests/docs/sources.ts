/** Loaded before a program of the docs: the package's names are its sources, as `exports` would have them built. */
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { SOURCES } from './folder.ts'

registerHooks({
  resolve: (name, context, next) => {
    const source = SOURCES[name]
    return source === undefined ? next(name, context) : next(pathToFileURL(source).href, context)
  },
})
