import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

// Asked with SIGUSR2, the server says what it holds in memory after a full garbage collection, in bytes.
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
process.on('SIGUSR2', () => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  process.stdout.write(`memory ${heapUsed + external}\n`)
})

await import('../../server/main.ts')
