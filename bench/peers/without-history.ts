import { History } from '../../server/history/history.ts'

// The same server, but that nothing of what is typed is indexed: what history costs is the difference.
History.prototype.watch = () => undefined
await import('../../server/main.ts')
