import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { isatty } from 'node:tty'
import type { Terminal } from '../terminal.ts'

/** How a command ended. */
export interface Ending {
  /** What a shell would give: the command's own code, or 128 and the number of the signal that ended it. */
  code: number
  signal: NodeJS.Signals | null
  /** Why it could not be started at all. */
  failure: string | null
  /** The last lines of what it wrote, where that went through here. */
  log: string
}

/** Bytes of output that are kept. */
const LONGEST_LOG = 16 * 1024
/** ms that the output is waited for after the command has ended. */
const HELD_OPEN = 3000
const FORWARDED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']
/** What a shell answers for commands that are not there, or cannot be run. */
const NOT_FOUND = 127
const NOT_RUNNABLE = 126

/**
 * Runs a command as if it were run directly: with the same input, output, signals and exit code. `umask` and `env` are
 * those it gets. Output to a terminal stays with the terminal; other output passes through here byte by byte, and its end is kept.
 */
export async function runCommand(
  command: readonly string[],
  { umask, env }: Pick<Terminal, 'umask' | 'env'>,
): Promise<Ending> {
  const { stdout, stderr } = outlets()
  const sizes = sizesOf()
  const [program = '', ...rest] = stdout === 'merged' ? ['/bin/sh', '-c', 'exec "$@" 2>&1', 'sh', ...command] : command
  const tail = createTail()
  const own = process.umask(umask)
  const child = spawn(program, rest, {
    env,
    stdio: ['inherit', stdout === 'inherit' ? 'inherit' : 'pipe', stderr === 'pipe' ? 'pipe' : 'inherit'],
  })
  process.umask(own)
  const release = forwardSignals(child)
  const passed = Promise.all([pass(child.stdout, process.stdout, tail), pass(child.stderr, process.stderr, tail)])
  try {
    const ending = await ended(child, command[0] ?? '')
    // Something that it left running may hold its output open.
    await Promise.race([passed, new Promise((resolve) => setTimeout(resolve, HELD_OPEN).unref())])
    const log = tail.text() || fileTail(2, sizes[2]) || fileTail(1, sizes[1])
    return { ...ending, log }
  } finally {
    release()
  }
}

type Outlet = 'inherit' | 'pipe' | 'merged'

/**
 * Where the command writes to. Terminals and files it gets itself. Two streams that lead to one pipe stay one, so that
 * they keep their order: a shell puts them together and then becomes the command.
 */
function outlets(): { stdout: Outlet; stderr: Outlet } {
  const [one, other] = [fstatSync(1), fstatSync(2)]
  const outlet = (descriptor: 1 | 2, isFile: boolean): Outlet => (isatty(descriptor) || isFile ? 'inherit' : 'pipe')
  const [stdout, stderr] = [outlet(1, one.isFile()), outlet(2, other.isFile())]
  const isOne = stdout === 'pipe' && stderr === 'pipe' && one.ino === other.ino && one.dev === other.dev
  return isOne ? { stdout: 'merged', stderr: 'merged' } : { stdout, stderr }
}

/** Sizes of the files that the command is given itself. */
function sizesOf(): { 1: number; 2: number } {
  return { 1: fstatSync(1).size, 2: fstatSync(2).size }
}

/** Passes on what comes, as fast as it is taken, until it ends. */
function pass(from: Readable | null, to: NodeJS.WritableStream, tail: Tail): Promise<void> {
  if (from === null) return Promise.resolve()
  from.on('data', (chunk: Uint8Array) => {
    tail.add(chunk)
    if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => from.resume())
  // The reader has gone away: the command is to meet its broken pipe as it would without us.
  to.on('error', () => from.destroy())
  return new Promise((resolve) => from.once('close', () => resolve()))
}

interface Tail {
  add(bytes: Uint8Array): void
  text(): string
}

/** Keeps the end of what is added. */
function createTail(): Tail {
  let kept = Buffer.alloc(0)
  return {
    add(bytes: Uint8Array) {
      kept = Buffer.concat([kept, bytes]).subarray(-LONGEST_LOG)
    },
    text: () => wholeText(kept),
  }
}

/** The end of a file that the command wrote to itself, from where it stood before. Empty where that cannot be read. */
function fileTail(descriptor: 1 | 2, from: number): string {
  try {
    const file = openSync(`/proc/self/fd/${descriptor}`, 'r')
    const { size } = fstatSync(file)
    const start = Math.max(from, size - LONGEST_LOG, 0)
    const bytes = Buffer.alloc(Math.max(0, size - start))
    readSync(file, bytes, 0, bytes.length, start)
    closeSync(file)
    return wholeText(bytes)
  } catch {
    return ''
  }
}

/** Without the rest of a character whose beginning was cut off. */
function wholeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/^\ufffd+/, '')
}

/** A terminal sends its signals to the command as well; those of other senders reach this process alone. */
function forwardSignals(child: ChildProcess): () => void {
  const handlers = FORWARDED.map((signal) => {
    const isFromTerminal = isatty(0) && (signal === 'SIGINT' || signal === 'SIGQUIT')
    const handler = () => void (isFromTerminal || child.kill(signal))
    process.removeAllListeners(signal)
    process.on(signal, handler)
    return [signal, handler] as const
  })
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}

function ended(child: ChildProcess, name: string): Promise<Omit<Ending, 'log'>> {
  return new Promise((resolve) => {
    child.once('error', (thrown: NodeJS.ErrnoException) => {
      const isMissing = thrown.code === 'ENOENT'
      const failure = `${name}: ${isMissing ? 'command not found' : thrown.message}`
      resolve({ code: isMissing ? NOT_FOUND : NOT_RUNNABLE, signal: null, failure })
    })
    child.once('exit', (code, signal) => {
      const number = signal === null ? 0 : constants.signals[signal]
      resolve({ code: code ?? 128 + number, signal, failure: null })
    })
  })
}
