import { formatDuration } from '../model/duration.ts'
import type { InstanceStatus } from '../model/instance.ts'
import { type Door, openApi } from './api.ts'
import type { Terminal } from './terminal.ts'

/** Lines of one kind that are shown; the rest are counted. */
const SHOWN = 20
const DAY = 86_400_000

/** Tells how the running daemon stands. Exit code 1 when it does not do its work. */
export async function status(terminal: Terminal, options: Door & { json: boolean }): Promise<number> {
  const found = await openApi(terminal, options).instance<InstanceStatus>('/status')
  if (options.json) terminal.out(JSON.stringify(found))
  else for (const line of tellStatus(found)) terminal.out(line)
  return found.notReady === null ? 0 : 1
}

/** A status in words. */
export function tellStatus(status: InstanceStatus): string[] {
  const { version, runtime, pid, url, dataDir, startedAt, now, notReady, rules, connections, channels, scheduler } =
    status
  return [
    `tocsin ${version} (${runtime}), process ${pid}, ${url ?? 'not listening'}, data in ${dataDir}`,
    `${notReady ?? 'working'} since ${new Date(startedAt).toISOString()} (${age(now - startedAt)})`,
    `rules:       ${rules.active} active, ${rules.paused} paused, ${rules.blocked} blocked; ${scheduler.running} evaluated now, ${scheduler.waiting} waiting`,
    `connections: ${connections}, ${status.broken.connections} failing`,
    `channels:    ${channels}, ${status.broken.channels} disabled`,
    `outbox:      ${tellOutbox(status)}`,
    `alerts:      ${tellCounts(status.alerts, 'none')}`,
    `backup:      ${tellBackup(status)}`,
    ...tellTrouble(status),
  ]
}

function tellOutbox({ deliveries, oldestOpen, now }: InstanceStatus): string {
  const { pending = 0, sending = 0, ...ended } = deliveries
  const oldest = oldestOpen === null ? '' : `, the oldest for ${age(now - oldestOpen)}`
  return `${pending} waiting, ${sending} being sent${oldest}; not delivered: ${tellCounts(ended, 'none')}`
}

function tellBackup({ lastBackupAt, now }: InstanceStatus): string {
  if (lastBackupAt === null) return 'none yet; make one with "tocsin backup"'
  const text = `${age(now - lastBackupAt)} ago`
  return now - lastBackupAt > 7 * DAY ? `${text}, which is long` : text
}

function tellTrouble({ trouble: { firing, connections, channels }, alerts, now }: InstanceStatus): string[] {
  const named = (project: string, name: string) => (project === 'default' ? name : `${project}/${name}`)
  const count = Object.entries(alerts).reduce((sum, [state, n]) => (state === 'pending' ? sum : sum + n), 0)
  return [
    ...section(
      firing.map(({ project, rule, labels, state, since, value }) => {
        const which = Object.entries(labels).map(([name, text]) => `${name}=${text}`)
        const of = which.length === 0 ? '' : ` {${which.join(', ')}}`
        return `${state.padEnd(10)} ${named(project, rule)}${of}, value ${value}, for ${age(now - since)}`
      }),
      count,
    ),
    ...section(
      connections.map(
        ({ project, name, since, error }) =>
          `failing    connection ${named(project, name)} for ${age(now - since)}: ${error}`,
      ),
    ),
    ...section(channels.map(({ project, name, reason }) => `disabled   channel ${named(project, name)}: ${reason}`)),
  ].map(oneLine)
}

function section(lines: string[], count = lines.length): string[] {
  const shown = lines.slice(0, SHOWN)
  const more = count - shown.length
  return more > 0 && shown.length > 0 ? [...shown, `           and ${more} more`] : shown
}

/** What people wrote may hold line ends, and characters that steer a terminal. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ')
}

function tellCounts(counts: Partial<Record<string, number>>, nothing: string): string {
  const parts = Object.entries(counts).flatMap(([state, count]) =>
    count === undefined || count === 0 ? [] : [`${count} ${state}`],
  )
  return parts.length === 0 ? nothing : parts.join(', ')
}

function age(ms: number): string {
  return formatDuration(Math.max(0, Math.floor(ms / 1000) * 1000))
}
