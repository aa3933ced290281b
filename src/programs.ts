import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, isAbsolute, resolve } from 'node:path'

/** A program to start, and what it gets. */
export interface Command {
  /** The program's whole path and its arguments. Nothing of it is read by a shell. */
  argv: readonly string[]
  /** Its whole environment, but for a search path and a locale. */
  environment: Readonly<Record<string, string>>
  /** For its standard input. */
  input: string
  /** ms after which it is ended with all it started. */
  timeout: number
  /** Bytes of its standard output that are kept as its answer; without them there is none. */
  answerBytes?: number
  signal: AbortSignal
}

/** How a program ended. */
export interface Ended {
  /** Its exit code; null when a signal ended it. */
  code: number | null
  signal: string | null
  /** The end of what it wrote to standard output and standard error, 8 kB at most. */
  output: string
  /** All it wrote to standard output, when that was asked for; null when it was not, or was more than that. */
  answer: string | null
  /** Why it was ended before it ended by itself. */
  stopped: 'timeout' | 'aborted' | null
}

/** A program that could not be started, so that certainly nothing of it ran. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError'
  /** `denied`: not allowed by the operator; `missing`, `not-executable`; `busy`: the machine has no room for it now. */
  readonly reason: 'denied' | 'missing' | 'not-executable' | 'busy' | 'aborted' | 'failed'

  constructor(reason: ProgramError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** The only door through which channels and variables start programs. */
export interface Programs {
  /** Why a program may not be started, and what to do about it; null when it may. */
  refusal(program: string): string | null
  /** Throws `ProgramError`. */
  run(command: Command): Promise<Ended>
}

/** Opens the door to the programs named by their whole path, and to those directly inside the folders named. */
export function createPrograms(allowed: readonly string[]): Programs {
  const known = new Set(allowed.map((path) => resolve(path)))
  const refusal = (program: string) => {
    if (!isAbsolute(program) || resolve(program) !== program) return 'must be a whole path such as /usr/local/bin/page'
    if (known.has(program) || known.has(dirname(program))) return null
    return `is not allowed to be started. The operator allows it in the configuration file, by "shell: {allow: [${program}]}", or by TOCSIN_SHELL_ALLOW`
  }
  return {
    refusal,
    async run(command) {
      const [program = ''] = command.argv
      const problem = refusal(program)
      if (problem !== null) throw new ProgramError('denied', `The program ${program} ${problem}.`)
      if (command.signal.aborted) throw new ProgramError('aborted', 'The send was stopped.')
      return execute(command)
    },
  }
}

/** What programs find without being told; of the environment of Tocsin itself they see nothing. */
const BASE = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' }
/** ms between asking a program to end and ending it. */
const GRACE = 1000
/** ms that are waited for output which something outside the program's group may still hold open. */
const LAST_OUTPUT = 250
const MOST_OUTPUT = 8192

function execute(command: Command): Promise<Ended> {
  const { argv, environment, input, timeout, signal, answerBytes = -1 } = command
  const [program = '', ...options] = argv
  return new Promise((done, fail) => {
    const child = start(program, options, environment, fail)
    if (child === null) return
    const output = collect(child)
    const answer = collectAnswer(child, answerBytes)
    const timers: ReturnType<typeof setTimeout>[] = []
    let stopped: Ended['stopped'] = null
    const stop = (why: 'timeout' | 'aborted') => {
      stopped ??= why
      killGroup(child, 'SIGTERM')
      timers.push(setTimeout(() => killGroup(child, 'SIGKILL'), GRACE))
    }
    const abort = () => stop('aborted')
    const settle = () => {
      for (const timer of timers) clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
    timers.push(setTimeout(() => stop('timeout'), timeout))
    signal.addEventListener('abort', abort)
    child.once('error', (error) => {
      settle()
      fail(startFailure(program, error))
    })
    child.once('exit', (code, by) => {
      settle()
      killGroup(child, 'SIGKILL')
      const finish = () => {
        clearTimeout(late)
        child.stdout?.destroy()
        child.stderr?.destroy()
        done({ code, signal: by, output: output(), answer: answer(), stopped })
      }
      const late = setTimeout(finish, LAST_OUTPUT)
      child.once('close', finish)
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

/** A group of its own, so that all it starts can be ended with it. */
function start(
  program: string,
  options: readonly string[],
  environment: Command['environment'],
  fail: (error: ProgramError) => void,
): ChildProcess | null {
  try {
    return spawn(program, options, { cwd: '/', env: { ...BASE, ...environment }, detached: true, stdio: 'pipe' })
  } catch (thrown) {
    fail(startFailure(program, thrown))
    return null
  }
}

/** Keeps the end of what is written, and reads on however much it is, so that the program is not held up. */
function collect(child: ChildProcess): () => string {
  let kept = Buffer.alloc(0)
  let isCut = false
  const take = (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk])
    if (kept.length <= MOST_OUTPUT) return
    kept = kept.subarray(-MOST_OUTPUT)
    isCut = true
  }
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
  return () => `${isCut ? '…' : ''}${kept.toString()}`.trim()
}

/** Keeps the whole of standard output up to so many bytes, and nothing of one that is longer. */
function collectAnswer(child: ChildProcess, most: number): () => string | null {
  const chunks: Buffer[] = []
  let size = 0
  child.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= most) chunks.push(chunk)
    else chunks.length = 0
  })
  return () => (size <= most ? Buffer.concat(chunks).toString() : null)
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody is left in it.
  }
}

function startFailure(program: string, thrown: unknown): ProgramError {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  const [reason, text] = failures[code] ?? ['failed', `cannot be started (${code || String(thrown)})`]
  return new ProgramError(reason, `The program ${program} ${text}.`)
}

const failures: Record<string, [ProgramError['reason'], string]> = {
  ENOENT: ['missing', 'is not there, or what its first line names is not'],
  ENOTDIR: ['missing', 'is not there'],
  EACCES: ['not-executable', 'may not be executed by the user Tocsin runs as; chmod +x may help'],
  EPERM: ['not-executable', 'may not be executed by the user Tocsin runs as; chmod +x may help'],
  ENOEXEC: ['not-executable', 'is no program; a script names its interpreter in the first line, such as #!/bin/sh'],
  E2BIG: ['failed', 'got more in its environment than the system takes'],
  EAGAIN: ['busy', 'cannot be started now, because there are too many processes'],
  ENOMEM: ['busy', 'cannot be started now, because memory is short'],
  EMFILE: ['busy', 'cannot be started now, because too many files are open'],
}
