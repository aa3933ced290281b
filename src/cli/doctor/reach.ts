import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { systemClock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import { messageOf } from '../../errors.ts'
import { createSources } from '../../flow/sources.ts'
import { createHttp, type Http } from '../../net.ts'
import { redact, secretForms } from '../../redact.ts'
import { selfCommand } from '../../runtime.ts'
import { masterKeyPath, type Secrets } from '../../secrets.ts'
import type { ConnectionRow } from '../../store/connections.ts'
import type { Store } from '../../store/index.ts'
import { type Api, part } from '../api.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** ms that reaching one place may take. */
const LONGEST = 10_000
/** Places looked at in each project. */
const MOST = 1000

/** How connections are checked: by the daemon, with its own means, or from here. */
export interface Means {
  /** Opens the API of a project; null when no daemon can be asked. */
  api: ((project: string) => Api) | null
  /** null when the key is not to be had here. */
  secrets: Secrets | null
}

/** Whether every connection answers, asked through the daemon where that can be. */
export async function lookAtConnections(store: Store, config: Config, { api, secrets }: Means): Promise<Finding[]> {
  const rows = await everywhere(store, (filter) => store.connections.list(filter))
  if (rows.length === 0) return [ok('connections', 'there are none')]
  if (api !== null) return Promise.all(rows.map((row) => askDaemon(api(row.project), row)))
  if (secrets === null)
    return [
      warn(
        'connections',
        `${rows.length} not looked at, since their secrets cannot be opened here`,
        'give a token of the running daemon with --token, or the key with --master-key-file',
      ),
    ]
  const sources = createSources({ store, secrets, clock: systemClock, context: contextOf(config), onTrouble: () => {} })
  try {
    return await Promise.all(rows.map((row) => askDirectly(row, secrets, (signal) => sources.open(row).check(signal))))
  } finally {
    await sources.close()
  }
}

function contextOf(config: Config) {
  return {
    poolSize: 1,
    sqlitePaths: config.connections.sqlite.paths.map((path) => resolve(path)),
    deniedPaths: [resolve(config.dataDir), masterKeyPath(config)],
    self: selfCommand(),
    authorities: authoritiesOf(config),
  }
}

async function askDaemon(api: Api, row: ConnectionRow): Promise<Finding> {
  try {
    const answer = await api.post<{ ok: boolean; server?: string; warnings?: string[]; error?: string }>(
      `/connections/${part(row.id)}/check`,
    )
    return answer.ok ? reached(row, answer.server ?? '', answer.warnings ?? []) : unreached(row, answer.error ?? '')
  } catch (thrown) {
    return unreached(row, messageOf(thrown))
  }
}

async function askDirectly(
  row: ConnectionRow,
  secrets: Secrets,
  check: (signal: AbortSignal) => Promise<{ server: string; warnings: string[] }>,
): Promise<Finding> {
  try {
    const { server, warnings } = await check(AbortSignal.timeout(LONGEST))
    return reached(row, server, warnings)
  } catch (thrown) {
    const hidden = row.sealed === null ? {} : JSON.parse(secrets.open(row.sealed, `connections|${row.id}`))
    return unreached(row, redact(messageOf(thrown), secretForms(hidden)))
  }
}

const nameOf = (what: string, { project, name }: { project: string; name: string }) =>
  `${what} ${project === 'default' ? '' : `${project}/`}${name}`

function reached(row: ConnectionRow, server: string, warnings: readonly string[]): Finding {
  const about = nameOf('connection', row)
  return warnings.length === 0 ? ok(about, server) : warn(about, server, warnings.join(' '))
}

function unreached(row: ConnectionRow, error: string): Finding {
  return fail(
    nameOf('connection', row),
    error,
    'mend the server, the network or the settings; rules that use it are held meanwhile',
  )
}

/** Whether the hosts of channels take connections from here, under the egress policy. Nothing is sent. */
export async function lookAtChannels(store: Store, config: Config): Promise<Finding[]> {
  const rows = await everywhere(store, (filter) => store.channels.list(filter))
  if (rows.length === 0) return [ok('channels', 'there are none')]
  const http = createHttp({ ...config.egress, own: [], authorities: authoritiesOf(config) })
  try {
    return await Promise.all(
      rows.map(async (row) => {
        const about = nameOf('channel', row)
        if (row.disabledReason !== null)
          return warn(about, `disabled: ${row.disabledReason}`, 'mend it, then enable it again')
        const place = placeOf(row.destination)
        if (place === null) return ok(about, `${row.kind}: nothing to reach`)
        if (config.egress.proxy !== null) return ok(about, `${place.host}, through the proxy; not looked at`)
        return dialled(about, http, place)
      }),
    )
  } finally {
    http.close()
  }
}

async function dialled(about: string, http: Http, { host, port }: { host: string; port: number }): Promise<Finding> {
  try {
    const socket = await http.connect(host, port, AbortSignal.timeout(LONGEST))
    socket.destroy()
    return ok(about, `${host}:${port} takes connections`)
  } catch (thrown) {
    return fail(
      about,
      messageOf(thrown),
      'mend the network, the settings or the egress policy; messages wait meanwhile',
    )
  }
}

/** Host and port of a destination, where it is an address. */
function placeOf(destination: string): { host: string; port: number } | null {
  const [, scheme = '', host = '', port] =
    /^(https?|smtps?):\/\/(?:[^@/\s]*@)?(\[[^\]]+\]|[^/:#?\s]+)(?::(\d+))?/.exec(destination) ?? []
  if (host === '') return null
  const usual = { http: 80, https: 443, smtp: 587, smtps: 465 }[scheme] ?? 443
  return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? usual : Number(port) }
}

async function everywhere<Row>(
  store: Store,
  list: (filter: { project: string; limit: number }) => Promise<Row[]>,
): Promise<Row[]> {
  const projects = await store.census.projects()
  return (await Promise.all(projects.map((project) => list({ project, limit: MOST })))).flat()
}

function authoritiesOf({ tls }: Config): string[] {
  return tls.caFile === null ? [] : [readFileSync(tls.caFile, 'utf8')]
}
