import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { compressed } from './compressed.ts'

const server = process.env.SYNCLINE_URL ?? 'http://127.0.0.1:1234'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), compressed()],
  resolve: {
    alias: {
      // y-monaco 0.1.6 imports a path that monaco-editor 0.57 no longer exports.
      'monaco-editor/esm/vs/editor/editor.api.js': 'monaco-editor/editor/editor.api.js',
    },
    // Two copies of Yjs do not recognise each other's types.
    dedupe: ['yjs', 'y-protocols', 'lib0', 'react', 'react-dom'],
  },
  worker: { format: 'es' },
  build: {
    outDir: fileURLToPath(new URL('../../dist/studio', import.meta.url)),
    emptyOutDir: true,
    // The first browsers with light-dark(), whose replacement does not follow Mantine's switch.
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    // Inlined assets would be data: addresses, which a strict content policy refuses.
    assetsInlineLimit: 0,
    // Monaco alone is larger than the default; it is loaded only where code is edited.
    chunkSizeWarningLimit: 4096,
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    proxy: {
      '/api': server,
      '/health': server,
      '/sync': { target: server, ws: true },
    },
  },
})
