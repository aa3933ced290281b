import { randomUUID } from 'node:crypto'
import { homedir, hostname } from 'node:os'
import { basename, join } from 'node:path'
import { parseDuration } from '../model/duration.ts'
import { runCommand } from './exec/command.ts'
import type { Notices, Told } from './exec/notify.ts'
import { createReporter, type Reporter, type RunNews } from './exec/report.ts'
import { openSpool } from './exec/spool.ts'
import { type Terminal, UsageError } from './terminal.ts'

export interface ExecOptions {
  url: string
  token?: string | undefined
  project: string
  /** The program's own name when absent. */
  name?: string | undefined
  kind: string
  uid?: string | undefined
  /** `name=value` each. */
  label: readonly string[]
  heartbeat: string
  /** File of notifications that are sent from here. */
  notify?: string | undefined
  /** File of settings for these: whither may be sent, and the mail server. */
  config?: string | undefined
  spool?: string | undefined
  flush: boolean
}

/** ms that the last events may take before they are left on disk. */
const PATIENCE = 10_000

/**
 * Runs a command and tells the daemon of its start, its life and its end. Whatever becomes of that, the command's output
 * and exit code are its own: nothing is written beside them, but for what became of notifications that are sent from here,
 * on standard error once it has ended.
 */
export async function exec(terminal: Terminal, options: ExecOptions, command: readonly string[]): Promise<number> {
  const labels = labelsOf(options.label)
  const beat = parseDuration(options.heartbeat)
  if (beat === undefined || (beat !== 0 && beat < 1000))
    throw new UsageError('--heartbeat must be a duration such as "30s", from 1s, or 0s for none.')
  const token = options.token ?? terminal.env['TOCSIN_TOKEN']
  const spool = openSpool(options.spool ?? spoolFolder(terminal))
  const reporter = createReporter({ url: options.url, token, project: options.project, spool })
  if (options.flush) return flush(terminal, await reporter.flush(PATIENCE))
  const [program] = command
  if (program === undefined)
    throw new UsageError('Give the command after "--", such as: tocsin exec --name backup -- ./backup.sh')

  const uid = options.uid ?? randomUUID()
  const notices = await noticesOf(terminal, options, uid, reporter)
  const event = (more: object) => ({ id: randomUUID(), uid, time: Date.now(), ...more })
  const name = options.name ?? basename(program)
  const about = { name, kind: options.kind, labels, host: hostname(), trigger: { name: 'exec' } }
  const startedAt = Date.now()
  const tell = (news: RunNews) => {
    reporter.tell(news)
    return notices?.tell(news)
  }
  const begun = tell(event({ ...about, state: 'running', startedAt, parameters: { program: basename(program) } }))
  const heart = beat === 0 ? undefined : setInterval(() => reporter.mention(event({})), beat)
  const { code, signal, failure, log } = await runCommand(command, {
    umask: terminal.umask,
    // So that the command can tell more of its run, and send messages about it.
    env: { ...terminal.env, TOCSIN_PROJECT: options.project, TOCSIN_RUN: uid },
  })
  clearInterval(heart)
  if (failure !== null) terminal.err(`tocsin: ${failure}`)
  const results = { exitCode: code, ...(signal === null ? {} : { signal }) }
  const error = failure ?? (signal === null ? `exit code ${code}` : `ended by ${signal}`)
  const end = { ...about, startedAt, endedAt: Date.now(), results, ...(log === '' ? {} : { log }) }
  await Promise.all([
    begun,
    tell(event(code === 0 ? { ...end, state: 'completed' } : { ...end, state: 'error', error })),
  ])
  for (const line of notices?.lines() ?? []) terminal.err(line)
  await Promise.race([reporter.flush(PATIENCE), new Promise((resolve) => setTimeout(resolve, PATIENCE).unref())])
  return code
}

/** What is sent from here; the code for it is loaded where it is wanted alone. */
async function noticesOf(
  terminal: Terminal,
  { notify: file, config, project }: ExecOptions,
  uid: string,
  reporter: Reporter,
): Promise<Notices | null> {
  if (file === undefined) return null
  const { openNotices } = await import('./exec/notify.ts')
  const onTried = (told: Told) => reporter.record(told, told.attempt.finishedAt)
  return openNotices(terminal, { file, config, project, uid, onTried })
}

function flush(terminal: Terminal, isDone: boolean): number {
  if (isDone) return 0
  terminal.err('tocsin: The daemon cannot be reached, or did not take the events. They stay on disk.')
  return 1
}

function labelsOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((label) => {
      const at = label.indexOf('=')
      if (at < 1) throw new UsageError(`--label "${label}" must be name=value.`)
      return [label.slice(0, at), label.slice(at + 1)]
    }),
  )
}

function spoolFolder({ env }: Terminal): string {
  const state = env['XDG_STATE_HOME']
  return (
    env['TOCSIN_SPOOL'] ??
    join(state === undefined || state === '' ? join(homedir(), '.local/state') : state, 'tocsin/spool')
  )
}
