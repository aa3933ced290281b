import { type ChildProcess, spawn } from 'node:child_process'
import { QueryError } from '../connection.ts'
import { type ChildAnswer, type ChildRequest, createLineReader } from './protocol.ts'

/** A process that runs one query at a time. */
export interface Child {
  /** Rejects with `unavailable` when the process ends before it answers. */
  ask(request: ChildRequest): Promise<ChildAnswer>
  /** Ends the process, and so a query that runs. */
  kill(): void
}

/** Starts one. `onEnd` is called when it has ended, whatever ended it. */
export function startChild(self: readonly string[], onEnd: (child: Child) => void): Child {
  const [command = '', ...options] = self
  const verb = ['sqlite-query', String(process.pid)]
  const child: ChildProcess = spawn(command, [...options, ...verb], { stdio: ['pipe', 'pipe', 'ignore'] })
  const { stdin, stdout } = child
  let waiting: PromiseWithResolvers<ChildAnswer> | undefined

  function end(reason: string) {
    waiting?.reject(new QueryError('unavailable', reason))
    waiting = undefined
    onEnd(running)
  }
  child.on('error', (error) => end(`The process that reads SQLite files cannot be started: ${error.message}`))
  child.on('exit', (code, signal) => end(`The process that reads SQLite files ended (${signal ?? `code ${code}`}).`))
  stdin?.on('error', () => {})
  stdout?.on(
    'data',
    createLineReader((line) => {
      waiting?.resolve(JSON.parse(line) as ChildAnswer)
      waiting = undefined
    }),
  )

  const running: Child = {
    ask(request) {
      waiting = Promise.withResolvers()
      stdin?.write(`${JSON.stringify(request)}\n`)
      return waiting.promise
    },
    kill: () => void child.kill('SIGKILL'),
  }
  return running
}
