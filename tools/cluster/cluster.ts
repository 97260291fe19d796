import { LoadBalancer } from './load-balancer.ts'
import { NodeProcess } from './node-process.ts'

export interface ClusterOptions {
  readonly databaseUrl: string
  readonly redisUrl: string
  /** What the nodes verify tokens with. */
  readonly secret: string
  /** Of the load balancer; 0 takes any that is free. */
  readonly port: number
  readonly nodes?: number
  readonly env?: Readonly<Record<string, string>>
  readonly log?: (line: string) => void
}

/** The topology of docker/compose.yaml as processes on loopback: several nodes and a load balancer before them. */
export class Cluster {
  readonly nodes: readonly NodeProcess[]
  readonly balancer: LoadBalancer

  private constructor(nodes: readonly NodeProcess[], balancer: LoadBalancer) {
    this.nodes = nodes
    this.balancer = balancer
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const { databaseUrl, redisUrl, secret, port, nodes: count = 2, env, log = () => undefined } = options
    const nodes: NodeProcess[] = []
    try {
      // One after the other: the first builds the studio, where it has to be built.
      for (let number = 1; number <= count; number += 1) {
        const node = await NodeProcess.start({
          env: {
            NODE_ENV: undefined,
            DATABASE_URL: databaseUrl,
            REDIS_URL: redisUrl,
            JWT_SECRET: secret,
            TRUSTED_PROXIES: '127.0.0.1',
            ...env,
          },
          log: (line) => log(`node ${number}  ${line}`),
        })
        nodes.push(node)
      }
      const balancer = await LoadBalancer.start({ servers: nodes.map(({ url }) => url), port })
      return new Cluster(nodes, balancer)
    } catch (error) {
      await Promise.all(nodes.map((node) => node.kill9()))
      throw error
    }
  }

  get url(): string {
    return this.balancer.url
  }

  /** Whether every node could save everything. */
  async stop(): Promise<boolean> {
    const codes = await Promise.all(this.nodes.map((node) => node.stop()))
    await this.balancer.close()
    return codes.every((code) => code === 0)
  }
}
