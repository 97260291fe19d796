import { Lane } from '../../server/log/lane.ts'

// A negative control: a server that commits what it has committed once more.
const { commit } = Lane.prototype
Lane.prototype.commit = async function (batch) {
  await commit.call(this, batch)
  return commit.call(this, batch)
}

await import('../../server/main.ts')
