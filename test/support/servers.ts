import { spawn } from 'node:child_process'
import { createServer, type Server, type Socket } from 'node:net'

export interface ServerProgram {
  /** A shell command line that becomes the server: one process. Its standard input stays open. */
  command: string
  /** The account that runs it, for root alone. */
  account?: string | null
  /** Signals that end it in order, and as a crash would. */
  end: string
  crash: string
  /** A folder to remove when it has ended in order. */
  folder: string
}

/** A server that was started for tests. It ends with this process, whatever ends that. */
export interface RunningServer {
  /** Ends it as a crash would, keeping its data; resolves when it is gone. */
  kill(): Promise<void>
  /** Ends it in order, and removes its folder. */
  stop(): Promise<void>
}

/**
 * Starts a program under a shell that ends it, and removes its folder, when the pipe to this process closes; so nothing
 * is left even when the test run is killed.
 */
export function startServer({ command, account = null, end, crash, folder }: ServerProgram): RunningServer {
  const script = `rm -f input && mkfifo input
    ${command} <input & server=$!
    exec 3>input
    read -r how
    if [ "$how" = crash ]; then kill -${crash} $server; else kill -${end} $server; fi
    wait $server
    if [ "$how" != crash ]; then cd / && rm -rf '${folder}'; fi`
  const shell = ['sh', '-c', script]
  const [file = '', ...options] = account === null ? shell : ['runuser', '-u', account, '--', ...shell]
  const child = spawn(file, options, { stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: folder })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.unref()
  const pipe = child.stdin as unknown as Socket
  pipe.on('error', () => {})
  pipe.unref?.()
  const finish = (how: string) => {
    child.ref()
    pipe.end(`${how}\n`)
    return ended
  }
  return { kill: () => finish('crash'), stop: () => finish('end') }
}

/** A port of the loopback address that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Makes a server listen on a free loopback port, and gives the port. */
export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  return address.port
}

/** Repeats `attempt` until it does not throw; its last error after `limit` ms. */
export async function eventually<T>(attempt: () => T | Promise<T>, limit = 10_000): Promise<T> {
  const end = Date.now() + limit
  for (;;) {
    try {
      return await attempt()
    } catch (thrown) {
      if (Date.now() > end) throw thrown
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
