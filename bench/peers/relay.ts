import { createServer } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'

/** Sends each message to all connections of its room, and knows nothing of what it says. */
const rooms = new Map<string, Set<WebSocket>>()
const sockets = new WebSocketServer({ noServer: true })
const server = createServer((_, response) => response.end())

server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (connection) => {
    const name = request.url ?? '/'
    const room = rooms.get(name) ?? new Set()
    rooms.set(name, room.add(connection))
    connection.on('message', (data) => {
      for (const other of room) other.send(data)
    })
    connection.on('close', () => room.delete(connection))
  })
})
server.listen(Number(process.env.PORT), '127.0.0.1')
