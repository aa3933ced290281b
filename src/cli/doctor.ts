import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { messageOf } from '../errors.ts'
import { type Holder, holderOf } from '../store/lock.ts'
import { databaseFile, openUnchanged } from '../store/open.ts'
import { openApi } from './api.ts'
import { lookAtBackup, lookAtKey, lookAtSchema } from './doctor/database.ts'
import { type Finding, fail, look, ok, warn } from './doctor/finding.ts'
import { lookAtDirectory, lookAtDisk } from './doctor/place.ts'
import { lookAtChannels, lookAtConnections } from './doctor/reach.ts'
import { lookAtClock, lookAtTimeZones } from './doctor/time.ts'
import { type Flags, settle } from './settings.ts'
import type { Terminal } from './terminal.ts'

export interface DoctorOptions {
  json: boolean
  /** Of the running daemon, so that connections are looked at by it. */
  token?: string | undefined
}

/**
 * Looks for whatever keeps, or may keep, the daemon from its work, and changes nothing. Exit code 1 when something fails.
 */
export async function doctor(terminal: Terminal, flags: Flags, options: DoctorOptions): Promise<number> {
  const findings = await examine(terminal, flags, options.token ?? terminal.env['TOCSIN_TOKEN'])
  if (options.json) terminal.out(JSON.stringify(findings))
  else for (const finding of findings) terminal.out(told(finding))
  return findings.some(({ level }) => level === 'fail') ? 1 : 0
}

function told({ about, level, text, remedy }: Finding): string {
  return `${level.padEnd(4)}  ${about}: ${text}${remedy === undefined ? '' : `\n      ${remedy}`}`
}

async function examine(terminal: Terminal, flags: Flags, token: string | undefined): Promise<Finding[]> {
  let config: Config
  try {
    config = settle(terminal, flags)
  } catch (thrown) {
    return [fail('settings', messageOf(thrown), 'mend the file, the variable or the flag that is named')]
  }
  const directory = resolve(config.dataDir)
  const file = databaseFile(directory)
  const isThere = existsSync(file)
  const bytes = isThere ? statSync(file).size : 0
  const findings = [
    ok('settings', 'usable'),
    ...(await look('data directory', 'run this as the account of the daemon, or as root', () =>
      lookAtDirectory(directory),
    )),
    ...(await look('disk', 'see that the disk is mounted', () =>
      lookAtDisk(existsSync(directory) ? directory : existing(directory), bytes),
    )),
  ]
  if (isThere) return [...findings, ...(await examineData(terminal, config, directory, token))]
  return [...findings, ...lookAtClock(systemClock.now(), null), ...lookAtTimeZones([])]
}

async function examineData(terminal: Terminal, config: Config, directory: string, token: string | undefined) {
  const holder = holderOf(directory)
  const findings = await lookAtDaemon(holder)
  const schema = await look('schema', 'restore a backup', () => lookAtSchema(directory))
  findings.push(...schema)
  if (schema.some(({ level }) => level !== 'ok')) return [...findings, ...lookAtClock(systemClock.now(), null)]
  const { store } = openUnchanged(directory, systemClock)
  try {
    const now = systemClock.now()
    const { lastBackupAt } = await store.census.count()
    const { findings: ofKey, secrets } = await lookAtKey(config, store, holder !== null)
    findings.push(...ofKey, ...lookAtClock(now, await store.census.latestWork()))
    findings.push(...lookAtTimeZones(await store.census.timeZones()), ...lookAtBackup(lastBackupAt, now))
    const url = holder === null || holder === 'unknown' ? null : holder.url
    const api =
      url === null || token === undefined ? null : (project: string) => openApi(terminal, { url, token, project })
    const remedy = 'see the message'
    findings.push(
      ...(await look('connections', remedy, () => lookAtConnections(store, config, { api, secrets }))),
      ...(await look('channels', remedy, () => lookAtChannels(store, config))),
    )
    return findings
  } finally {
    store.close()
  }
}

async function lookAtDaemon(holder: Holder | 'unknown' | null): Promise<Finding[]> {
  const about = 'daemon'
  if (holder === null)
    return [warn(about, 'none runs on this data directory', 'tocsin serve, or systemctl start tocsin')]
  if (holder === 'unknown' || holder.url === null)
    return [warn(about, 'the data directory is in use, by something that has no address yet', 'try again in a moment')]
  const { pid, since, url } = holder
  const text = `process ${pid} since ${since}, listening on ${url}`
  try {
    const answer = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(5000) })
    if (answer.ok) return [ok(about, text)]
    const { message } = (await answer.json()) as { message: string }
    return [fail(about, `${text}, is not ready: ${message}`, 'look into its log')]
  } catch (thrown) {
    return [fail(about, `${text}, does not answer (${messageOf(thrown)})`, 'restart it: systemctl restart tocsin')]
  }
}

function existing(path: string): string {
  return existsSync(path) ? path : existing(dirname(path))
}
