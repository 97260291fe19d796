import { createServer } from 'node:http'
import { Server } from 'socket.io'

/** Socket.IO as its documentation sets it up: what is published goes to the room, and is stored nowhere. */
const http = createServer((_, response) => response.end())
const io = new Server(http, { serveClient: false })
let seq = 0

io.on('connection', (socket) => {
  socket.on('join', async (room: string, joined: () => void) => {
    await socket.join(room)
    joined()
  })
  socket.on('publish', (room: string, drafts: readonly object[], published: (count: number) => void) => {
    const at = Date.now()
    const events = drafts.map((draft) => {
      seq += 1
      return { seq, ...draft, actor: socket.id, at }
    })
    io.to(room).emit('event', events)
    published(events.length)
  })
})
http.listen(Number(process.env.PORT), '127.0.0.1')
