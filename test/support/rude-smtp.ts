import { createServer, type Socket } from 'node:net'
import { listening } from './servers.ts'

/** A mail server that takes every message and hangs up instead of saying so: nobody knows whether it arrived. */
export async function startRudeSmtp(): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.write('220 rude\r\n')
    let isData = false
    socket.on('data', (bytes) => {
      for (const line of bytes.toString().split('\r\n').slice(0, -1)) {
        if (isData) {
          if (line === '.') socket.destroy()
          continue
        }
        isData = /^data/i.test(line)
        socket.write(isData ? '354 go on\r\n' : '250 rude\r\n')
      }
    })
  })
  const port = await listening(server)
  return {
    port,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
