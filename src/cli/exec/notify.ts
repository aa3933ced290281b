import { readFileSync } from 'node:fs'
import { createLocalNotifier, type LocalNotifier, type LocalOutcome } from '../../app/local-notifier.ts'
import { cleanLine, cut } from '../../channels/content/clean.ts'
import { oneLine } from '../../compose/words.ts'
import { messageOf } from '../../errors.ts'
import { notificationsInFile } from '../../importers/mlrun/file.ts'
import { createInstanceMail } from '../../manage/instance-mail.ts'
import type { LocalReport } from '../../manage/local-deliveries.ts'
import type { JsonObject } from '../../model/json.ts'
import { createHttp } from '../../net.ts'
import { createPrograms } from '../../programs.ts'
import { readObjects } from '../import.ts'
import { settle } from '../settings.ts'
import type { Terminal } from '../terminal.ts'

/** A delivery as the daemon is told of it. */
export type Told = LocalReport['deliveries'][number]

/** The notifications of a run that are sent from here. */
export interface Notices {
  /** Sends what an event makes due. Never fails. */
  tell(event: { time: number }): Promise<void>
  /** What there is to say of it, a line each, since the last time. */
  lines(): string[]
}

export interface NoticesOptions {
  /** File of the notifications. */
  file: string
  /** File of settings. */
  config?: string | undefined
  project: string
  uid: string
  /** Told of each delivery once it was tried. */
  onTried: (told: Told) => void
}

const LONGEST_LINE = 500
const LONGEST_TEXT = 50_000

/** Reads the notifications. What is wrong with them is told as a line: the command matters more. Never throws. */
export function openNotices(terminal: Terminal, options: NoticesOptions): Notices {
  const { file, onTried } = options
  const lines: string[] = []
  const say = (text: string) => void lines.push(`tocsin: ${cut(cleanLine(text), LONGEST_LINE)}`)
  const print = (text: string) => void lines.push(text)
  const notifier = open()

  function open(): LocalNotifier | null {
    try {
      const opened = createNotifier(terminal, options, print)
      for (const fault of opened.faults) say(`${file}: ${fault}`)
      return opened
    } catch (thrown) {
      say(`No notification is sent. ${messageOf(thrown)}`)
      return null
    }
  }

  return {
    async tell(event) {
      try {
        for (const outcome of (await notifier?.onEvent(event)) ?? []) {
          say(`notification "${outcome.notification}" (${outcome.kind}): ${outcome.words}`)
          const told = toldOf(outcome)
          if (told !== null) onTried(told)
        }
      } catch (thrown) {
        say(`No notification is sent. ${messageOf(thrown)}`)
      }
    },
    lines: () => lines.splice(0),
  }
}

function createNotifier(
  terminal: Terminal,
  { file, config: path, project, uid }: NoticesOptions,
  print: (line: string) => void,
): LocalNotifier {
  const { env } = terminal
  const { notifications } = notificationsInFile(readObjects(file))
  const config = settle(terminal, path === undefined ? {} : { config: path })
  const authorities = config.tls.caFile === null ? [] : [readFileSync(config.tls.caFile, 'utf8')]
  let mail: JsonObject | undefined
  return createLocalNotifier({
    notifications,
    project,
    uid,
    around: { environment: env, ...eventOf(env['GITHUB_EVENT_PATH']) },
    defaultsOf(kind) {
      if (kind !== 'mail') return undefined
      mail ??= createInstanceMail(
        () => config.smtp,
        (secret) => readFileSync(secret, 'utf8'),
      ).defaults()
      return mail
    },
    secretOf: (name) => env[name],
    http: createHttp({ ...config.egress, own: [], authorities }),
    programs: createPrograms([]),
    print,
    now: Date.now,
    timeout: config.delivery.timeout,
  })
}

/** GitHub's event of the job, for notifications that comment on its pull request. */
function eventOf(path: string | undefined): { event?: JsonObject } {
  if (path === undefined || path === '') return {}
  try {
    return { event: JSON.parse(readFileSync(path, 'utf8')) as JsonObject }
  } catch {
    return {}
  }
}

function toldOf({ notification, sent }: LocalOutcome): Told | null {
  if (sent === null) return null
  const { delivery, state, reason, attempt } = sent.delivery
  const { title, summary, severity, links, table, code } = delivery.message
  return {
    id: delivery.id,
    run: { uid: sent.run.uid, name: sent.run.name },
    notification: oneLine(notification, LONGEST_LINE),
    kind: delivery.target.kind,
    destination: delivery.target.destination,
    recipient: delivery.recipient ?? '',
    message: {
      title,
      summary: summary.slice(0, LONGEST_TEXT),
      severity,
      links,
      ...(table === undefined ? {} : { table: { columns: table.columns, rows: table.rows } }),
      ...(code === undefined ? {} : { code }),
    },
    state,
    detail: reason.detail ?? '',
    attempt: {
      startedAt: attempt.startedAt,
      finishedAt: attempt.finishedAt ?? attempt.startedAt,
      outcome: attempt.outcome ?? 'unknown',
      reason: attempt.reason ?? '',
      response: attempt.response ?? '',
    },
  }
}
