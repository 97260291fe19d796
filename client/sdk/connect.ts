import { Client, type ConnectOptions } from './client.ts'

/** One connection to a Syncline server. The socket opens with the first room and serves them all. */
export const connect = (options: ConnectOptions): Client => new Client(options)
